//! The file to load, as it is once it is unzipped.

use std::fs::File;
use std::io::{Read, copy, sink};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use tempfile::NamedTempFile;

/// The first bytes of a file that was made with gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Returns the bytes of a file, unzipped where it is zipped.
///
/// # Errors
/// If it cannot be read.
pub fn data_bytes(path: &Path) -> std::io::Result<u64> {
    if is_zipped(path)? {
        copy(&mut MultiGzDecoder::new(File::open(path)?), &mut sink())
    } else {
        Ok(path.metadata()?.len())
    }
}

/// Returns an unzipped copy of a file, which goes with what is returned; nothing if the file is not zipped.
///
/// # Errors
/// If it cannot be read, or if there is no room.
pub fn unzipped(path: &Path) -> std::io::Result<Option<NamedTempFile>> {
    if !is_zipped(path)? {
        return Ok(None);
    }
    let mut plain = NamedTempFile::new()?;
    copy(&mut MultiGzDecoder::new(File::open(path)?), &mut plain)?;
    Ok(Some(plain))
}

fn is_zipped(path: &Path) -> std::io::Result<bool> {
    let mut begin = vec![];
    File::open(path)?.take(2).read_to_end(&mut begin)?;
    Ok(begin == GZIP)
}
