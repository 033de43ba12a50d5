//! `DescribeDBLogFiles` and `DownloadDBLogFilePortion`: what the real server writes, under the names that RDS uses.

use std::fs::{File, Metadata};
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use super::service::{Inner, Request};
use crate::localcloud::query::{Refusal, Xml, page};

/// What RDS calls a log, and where the server writes it below the folder of its instance.
const FILES: [(&str, &str); 3] = [
    ("error/mysql-error.log", "server.log"),
    ("general/mysql-general.log", "data/general.log"),
    ("slowquery/mysql-slowquery.log", "data/slow.log"),
];

/// Most bytes of one answer.
const MOST_BYTES: u64 = 1024 * 1024;

/// Most lines of one answer.
const MOST_LINES: usize = 10_000;

/// A stretch of a log: whole lines, and where the next stretch begins.
#[derive(Debug, PartialEq, Eq)]
struct Portion {
    text: String,
    next: u64,
    more: bool,
}

impl Inner {
    pub(super) fn describe_log_files(&self, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let identifier = self.known_instance(request)?;
        let contains = form.text("FilenameContains").unwrap_or_default();
        let (since, least) = (form.number::<u64>("FileLastWritten")?, form.number::<u64>("FileSize")?);
        let files = FILES.iter().filter(|(name, _)| name.contains(contains));
        let found = files.filter_map(|(name, place)| {
            let metadata = std::fs::metadata(self.folder(&request.region, &identifier).join(place)).ok()?;
            let (written, size) = (last_written(&metadata), metadata.len());
            let is_wanted = size > 0 && since.is_none_or(|since| written >= since);
            (is_wanted && least.is_none_or(|least| size >= least)).then(|| ((*name).to_owned(), (*name, written, size)))
        });
        let (found, marker) = page(form, found.collect())?;
        let write = |xml: &mut Xml, (name, written, size): (&str, u64, u64)| {
            xml.text("LastWritten", written).text("LogFileName", name).text("Size", size);
        };
        let mut xml = Xml::default();
        xml.list("DescribeDBLogFiles", "DescribeDBLogFilesDetails", found, write).maybe("Marker", marker);
        Ok(xml.finish())
    }

    pub(super) fn download_log_file(&self, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let identifier = self.known_instance(request)?;
        let name = form.required("LogFileName")?;
        let missing = || Refusal::not_found("DBLogFileNotFoundFault", format!("DBLog File: {name}, is not found"));
        let (_, place) = FILES.iter().find(|(known, _)| *known == name).ok_or_else(missing)?;
        let path: PathBuf = self.folder(&request.region, &identifier).join(place);
        let most = form.number::<usize>("NumberOfLines")?.unwrap_or(MOST_LINES).clamp(1, MOST_LINES);
        let read = match form.number::<u64>("Marker")? {
            Some(from) => portion(&path, from, most),
            None => newest(&path, most),
        };
        let Portion { text, next, more } = read.map_err(|_| missing())?;
        let mut xml = Xml::default();
        xml.text("LogFileData", text).text("Marker", next).text("AdditionalDataPending", more);
        Ok(xml.finish())
    }

    fn known_instance(&self, request: &Request) -> Result<String, Refusal> {
        let identifier = request.form.required("DBInstanceIdentifier")?.to_lowercase();
        self.change(&request.region, |region| region.instance(&identifier).map(|found| found.identifier.clone()))
    }
}

/// Returns when a file was last written, in milliseconds since 1970.
fn last_written(metadata: &Metadata) -> u64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| u64::try_from(since.as_millis()).ok()).unwrap_or_default()
}

/// Returns the whole lines from an offset on. A line that is still being written is left for the next call.
fn portion(path: &PathBuf, from: u64, most: usize) -> std::io::Result<Portion> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    // A log that was emptied since begins again.
    let from = if from > length { 0 } else { from };
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = vec![];
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).take(most);
    let is_full = bytes.len() as u64 == MOST_BYTES;
    let end = ends.by_ref().last().unwrap_or(if is_full { bytes.len() } else { 0 });
    let next = from + end as u64;
    let more = bytes[end..].contains(&b'\n') || from + (bytes.len() as u64) < length;
    Ok(Portion { text: readable(&bytes[..end]), next, more })
}

/// Returns the last lines.
fn newest(path: &PathBuf, most: usize) -> std::io::Result<Portion> {
    let length = std::fs::metadata(path)?.len();
    let Portion { text, next, .. } = portion(path, length.saturating_sub(MOST_BYTES), usize::MAX)?;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let text = lines[lines.len().saturating_sub(most)..].concat();
    Ok(Portion { text, next, more: false })
}

/// Returns a log as XML can carry it.
fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(|letter| if letter.is_control() && !"\n\r\t".contains(letter) { '?' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_are_whole_lines_and_lose_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.log");
        std::fs::write(&path, "one\ntwo\u{1}\nthree\nhal").unwrap();
        let first = portion(&path, 0, 2).unwrap();
        assert_eq!(first, Portion { text: "one\ntwo?\n".into(), next: 9, more: true });
        let second = portion(&path, first.next, 10).unwrap();
        assert_eq!(second, Portion { text: "three\n".into(), next: 15, more: false });
        std::fs::write(&path, "one\ntwo\u{1}\nthree\nhalf\n").unwrap();
        assert_eq!(portion(&path, second.next, 10).unwrap().text, "half\n");
        assert_eq!(newest(&path, 2).unwrap().text, "three\nhalf\n");
        std::fs::write(&path, "anew\n").unwrap();
        assert_eq!(portion(&path, 20, 10).unwrap().text, "anew\n");
    }
}
