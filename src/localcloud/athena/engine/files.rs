//! The plain files behind an S3 location.

use std::path::{Path, PathBuf};

use datafusion::datasource::listing::ListingTableUrl;
use datafusion::error::Result;

/// A file with data in it.
#[derive(Debug, Clone)]
pub(super) struct DataFile {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

/// Returns the files under `s3://bucket/prefix`, without hidden, empty and marking ones.
pub(super) fn under(buckets: &Path, location: &str) -> std::io::Result<Vec<DataFile>> {
    let Some(place) = location.strip_prefix("s3://").or_else(|| location.strip_prefix("s3a://")) else {
        return Ok(vec![]);
    };
    let mut files = vec![];
    // A location never leads out of the buckets.
    if !place.split('/').any(|word| word == "..") {
        collect(&buckets.join(place.trim_end_matches('/')), &mut files)?;
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn collect(path: &Path, files: &mut Vec<DataFile>) -> std::io::Result<()> {
    let about = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        about => about?,
    };
    if about.is_file() && about.len() > 0 {
        files.push(DataFile { path: path.to_owned(), bytes: about.len() });
    }
    if about.is_dir() {
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name();
            if !name.to_string_lossy().starts_with(['_', '.']) {
                collect(&entry.path(), files)?;
            }
        }
    }
    Ok(())
}

/// Returns the files as DataFusion names them.
pub(super) fn urls(files: &[DataFile]) -> Result<Vec<ListingTableUrl>> {
    files.iter().map(|file| ListingTableUrl::parse(file_url(&file.path))).collect()
}

/// Writes a path as a URL, so that no letter of it is taken for a pattern.
fn file_url(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    let text = path.to_string_lossy();
    let encoded: String = text
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("file://{encoded}")
}
