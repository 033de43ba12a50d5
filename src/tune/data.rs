//! How large a file is once it is read.

use std::fs::File;
use std::io::{Read, copy, sink};
use std::path::Path;

use flate2::read::MultiGzDecoder;

/// The first bytes of a file that was made with gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Returns the bytes of a file, unzipped where it is zipped.
///
/// # Errors
/// If it cannot be read.
pub fn data_bytes(path: &Path) -> std::io::Result<u64> {
    let mut begin = vec![];
    File::open(path)?.take(2).read_to_end(&mut begin)?;
    if begin == GZIP {
        copy(&mut MultiGzDecoder::new(File::open(path)?), &mut sink())
    } else {
        Ok(path.metadata()?.len())
    }
}
