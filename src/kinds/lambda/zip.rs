//! Zip files that are the same for the same content: sorted names, one date, one mode.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::kinds::base::KindError;

/// Names that Python and editors leave behind and that no function needs.
const LEFT_OUT: [&str; 4] = ["__pycache__", ".pytest_cache", ".DS_Store", ".git"];

/// Zips everything below `folder`, each name with `prefix` before it.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn zip_folder(folder: &Path, prefix: &str) -> Result<Vec<u8>, KindError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| KindError::File { path, source }
    };
    let mut files = vec![];
    collect(folder, &mut files).map_err(failed(folder))?;
    files.sort();
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(vec![]));
    for file in files {
        let relative = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let content = std::fs::read(&file).map_err(failed(&file))?;
        let written = zip.start_file(format!("{prefix}{relative}"), options).map_err(std::io::Error::other);
        written.and_then(|()| zip.write_all(&content)).map_err(failed(&file))?;
    }
    Ok(zip.finish().map_err(std::io::Error::other).map_err(failed(folder))?.into_inner())
}

/// Returns the SHA-256 as Lambda reports it.
pub(super) fn code_sha256(zip: &[u8]) -> String {
    BASE64_STANDARD.encode(Sha256::digest(zip))
}

/// Returns the size of everything in a zip file once it is unpacked.
///
/// # Errors
/// If it is no zip file.
pub(super) fn unpacked_bytes(zip: &[u8]) -> Result<i64, KindError> {
    let broken = |error: ::zip::result::ZipError| KindError::Broken(format!("the zip file cannot be read: {error}"));
    let mut archive = ::zip::ZipArchive::new(Cursor::new(zip)).map_err(broken)?;
    let mut total = 0_u64;
    for position in 0..archive.len() {
        total += archive.by_index_raw(position).map_err(broken)?.size();
    }
    Ok(i64::try_from(total).unwrap_or(i64::MAX))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("b/__pycache__")).unwrap();
        std::fs::write(folder.path().join("b/two.py"), "2").unwrap();
        std::fs::write(folder.path().join("one.py"), "1").unwrap();
        let first = zip_folder(folder.path(), "python/").unwrap();
        std::fs::write(folder.path().join("b/__pycache__/two.pyc"), "x").unwrap();
        std::fs::write(folder.path().join("one.py"), "1").unwrap();
        assert_eq!(first, zip_folder(folder.path(), "python/").unwrap());
        let mut archive = zip::ZipArchive::new(Cursor::new(first)).unwrap();
        let names: Vec<String> =
            (0..archive.len()).map(|at| archive.by_index(at).unwrap().name().unwrap().into_owned()).collect();
        assert_eq!(names, ["python/b/two.py", "python/one.py"]);
        assert_eq!(unpacked_bytes(&zip_folder(folder.path(), "").unwrap()).unwrap(), 2);
    }
}
