//! Uploads in parts.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{ChecksumType, CompletedPart};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::receive::{Received, hasher, new_file, sum_of};
use super::record::{Description, Record, Sums};
use super::refusal::{bad_request, disk};
use super::store::{Store, next_sequence, version_id, write_record};

/// The smallest part that is not the last, in bytes.
const SMALLEST_PART: u64 = 5 * 1024 * 1024;

/// An upload that was begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) id: String,
    pub(super) key: String,
    /// In nanoseconds since 1970.
    pub(super) begun: u64,
    pub(super) description: Description,
    /// In lower case.
    pub(super) algorithm: Option<String>,
    pub(super) kind: Option<String>,
}

/// A part that came.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) number: i32,
    pub(super) size: u64,
    pub(super) etag: String,
    pub(super) sums: Sums,
    pub(super) written: u64,
}

impl Store {
    /// Begins an upload.
    pub(super) fn begin(&self, bucket: &str, mut upload: Upload) -> S3Result<Upload> {
        self.incoming(bucket)?;
        upload.begun = next_sequence(&mut self.lock());
        upload.id = version_id(&upload.key, upload.begun);
        write_record(&self.upload_folder(bucket, &upload.id).join("upload.json"), &upload)?;
        Ok(upload)
    }

    /// Returns an upload.
    ///
    /// # Errors
    /// `NoSuchUpload`, also if the upload is of another key.
    pub(super) fn upload(&self, bucket: &str, key: &str, id: &str) -> S3Result<Upload> {
        let unknown = || {
            let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have \
                           been aborted or completed.";
            s3_error!(NoSuchUpload, "{message}")
        };
        if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(unknown());
        }
        let text = fs::read(self.upload_folder(bucket, id).join("upload.json")).map_err(|_| unknown())?;
        let upload: Upload = serde_json::from_slice(&text).map_err(|error| disk(error.into()))?;
        if upload.key == key { Ok(upload) } else { Err(unknown()) }
    }

    /// Returns the uploads of a bucket by key and time.
    pub(super) fn uploads(&self, bucket: &str) -> S3Result<Vec<Upload>> {
        let mut uploads = Vec::new();
        let Ok(entries) = fs::read_dir(self.hidden(bucket, "uploads")) else { return Ok(uploads) };
        for entry in entries {
            let Ok(text) = fs::read(entry.map_err(disk)?.path().join("upload.json")) else { continue };
            uploads.push(serde_json::from_slice(&text).map_err(|error| disk(error.into()))?);
        }
        uploads.sort_by(|left: &Upload, right| (&left.key, left.begun).cmp(&(&right.key, right.begun)));
        Ok(uploads)
    }

    /// Keeps a part; one of the same number is replaced.
    pub(super) fn add_part(&self, bucket: &str, id: &str, number: i32, received: Received) -> S3Result<Part> {
        let folder = self.upload_folder(bucket, id);
        let written = next_sequence(&mut self.lock());
        let etag = hex::encode(received.md5);
        let part = Part { number, size: received.size, etag, sums: received.sums, written };
        fs::rename(&received.file, folder.join(format!("{number:05}.part"))).map_err(disk)?;
        write_record(&folder.join(format!("{number:05}.json")), &part)?;
        Ok(part)
    }

    /// Returns the parts of an upload in order.
    pub(super) fn parts(&self, bucket: &str, id: &str) -> S3Result<Vec<Part>> {
        let mut parts: Vec<Part> = Vec::new();
        for entry in fs::read_dir(self.upload_folder(bucket, id)).map_err(disk)? {
            let path = entry.map_err(disk)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.ends_with(".json") && name != "upload.json" {
                let text = fs::read(&path).map_err(disk)?;
                parts.push(serde_json::from_slice(&text).map_err(|error| disk(error.into()))?);
            }
        }
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }

    /// Joins the parts that were asked for into a new file and describes the object that it becomes.
    pub(super) fn join(
        &self,
        bucket: &str,
        upload: &Upload,
        wanted: &[CompletedPart],
    ) -> S3Result<(Record, tempfile::TempPath)> {
        let chosen = choose(&self.parts(bucket, &upload.id)?, wanted)?;
        let whole = upload.kind.as_deref() == Some(ChecksumType::FULL_OBJECT) || upload.algorithm.is_none();
        let algorithm = upload.algorithm.clone().unwrap_or_else(|| "crc64nvme".to_owned());
        let mut sum = if whole { Some(hasher(&algorithm)?) } else { None };
        let (mut file, path) = new_file(&self.incoming(bucket)?)?;
        let mut md5 = Md5::new();
        for part in &chosen {
            let source = self.upload_folder(bucket, &upload.id).join(format!("{:05}.part", part.number));
            append(&mut file, source, sum.as_mut()).map_err(disk)?;
            md5.update(&hex::decode(&part.etag).unwrap_or_default());
        }
        let sums = match sum {
            Some(sum) => Sums::of(sum.finalize()),
            None => composite(&algorithm, &chosen)?,
        };
        let etag = format!("{}-{}", hex::encode(md5.finalize()), chosen.len());
        let description = upload.description.clone();
        Ok((Record { key: upload.key.clone(), etag, description, sums, ..Record::default() }, path))
    }

    /// Forgets an upload and its parts.
    pub(super) fn forget_upload(&self, bucket: &str, id: &str) -> S3Result<()> {
        fs::remove_dir_all(self.upload_folder(bucket, id)).map_err(disk)
    }

    /// Returns where the parts of an upload lie.
    pub(super) fn upload_folder(&self, bucket: &str, id: &str) -> PathBuf {
        self.hidden(bucket, "uploads").join(id)
    }
}

/// Returns the parts that were asked for, after looking at what can be wrong with them.
fn choose(parts: &[Part], wanted: &[CompletedPart]) -> S3Result<Vec<Part>> {
    if wanted.is_empty() {
        return Err(bad_request("MalformedXML", "You must specify at least one part"));
    }
    let mut chosen: Vec<Part> = Vec::new();
    for want in wanted {
        let number = want.part_number.unwrap_or_default();
        if chosen.last().is_some_and(|last| last.number >= number) {
            let message = "The list of parts was not in ascending order. Parts must be ordered by part number.";
            return Err(s3_error!(InvalidPartOrder, "{message}"));
        }
        let part = parts.iter().find(|part| part.number == number);
        let same = |part: &&Part| want.e_tag.as_ref().is_some_and(|etag| etag.value() == part.etag);
        let Some(part) = part.filter(same) else {
            let message = "One or more of the specified parts could not be found. The part may not have been \
                           uploaded, or the specified entity tag may not match the part's entity tag.";
            return Err(s3_error!(InvalidPart, "{message}"));
        };
        chosen.push(part.clone());
    }
    if chosen.iter().rev().skip(1).any(|part| part.size < SMALLEST_PART) {
        let message = "Your proposed upload is smaller than the minimum allowed size";
        return Err(s3_error!(EntityTooSmall, "{message}"));
    }
    Ok(chosen)
}

fn append(file: &mut File, source: PathBuf, sum: Option<&mut ChecksumHasher>) -> std::io::Result<()> {
    let mut part = File::open(source)?;
    let Some(sum) = sum else {
        // The kernel copies it.
        return std::io::copy(&mut part, file).map(|_| ());
    };
    let mut buffer = vec![0; 1024 * 1024];
    loop {
        let length = part.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        sum.update(&buffer[..length]);
        file.write_all(&buffer[..length])?;
    }
}

/// Returns the checksum of the checksums of the parts.
fn composite(algorithm: &str, parts: &[Part]) -> S3Result<Sums> {
    let mut sum = hasher(algorithm)?;
    for part in parts {
        let Some(own) = sum_of(&part.sums, algorithm) else {
            let message = "The upload was created using a checksum algorithm that its parts do not have.";
            return Err(s3_error!(InvalidRequest, "{message}"));
        };
        sum.update(&BASE64_STANDARD.decode(own).unwrap_or_default());
    }
    let mut sums = Sums::of(sum.finalize());
    let count = parts.len();
    for sum in [&mut sums.crc32, &mut sums.crc32c, &mut sums.crc64nvme, &mut sums.sha1, &mut sums.sha256] {
        *sum = sum.take().map(|sum| format!("{sum}-{count}"));
    }
    sums.kind = Some(ChecksumType::COMPOSITE.to_owned());
    Ok(sums)
}
