//! Taking in a body: written to a file as it comes, counted and summed on the way.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::StreamExt;
use http::{Extensions, HeaderMap};
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3Result, s3_error};
use tempfile::TempPath;
use tokio::io::{AsyncWriteExt, BufWriter};

use super::chunked::Trailers;
use super::record::Sums;
use super::refusal::{bad_request, disk};

/// How much is gathered before it is handed to the disk, in bytes.
const WRITE_SIZE: usize = 1024 * 1024;

const HEADER: &str = "x-amz-checksum-";

/// A body that lies in a file, not yet an object.
pub(super) struct Received {
    pub(super) file: TempPath,
    pub(super) size: u64,
    pub(super) md5: [u8; 16],
    pub(super) sums: Sums,
}

/// What the sender says about a body, to be compared with what came.
#[derive(Default)]
pub(super) struct Promise {
    algorithm: Option<String>,
    stated: Option<String>,
    md5: Option<String>,
    trailers: Trailers,
}

impl Promise {
    /// Reads the checksum headers of a request.
    pub(super) fn of(headers: &HeaderMap, extensions: &Extensions) -> Self {
        let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let stated = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"]
            .into_iter()
            .find_map(|algorithm| Some((algorithm, value(&format!("{HEADER}{algorithm}"))?)));
        let trailer = value("x-amz-trailer").and_then(|name| name.trim().strip_prefix(HEADER).map(str::to_owned));
        let asked = value("x-amz-sdk-checksum-algorithm").or_else(|| value("x-amz-checksum-algorithm"));
        Self {
            algorithm: stated.as_ref().map(|(algorithm, _)| (*algorithm).to_owned()).or(trailer).or(asked),
            stated: stated.map(|(_, sum)| sum),
            md5: value("content-md5"),
            trailers: extensions.get::<Trailers>().cloned().unwrap_or_default(),
        }
    }

    /// Compares with what came.
    fn check(&self, received: &Received) -> S3Result<()> {
        if self.md5.as_ref().is_some_and(|md5| *md5 != BASE64_STANDARD.encode(received.md5)) {
            return Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."));
        }
        let Some(algorithm) = &self.algorithm else { return Ok(()) };
        let algorithm = algorithm.to_ascii_lowercase();
        let stated = self.stated.clone().or_else(|| self.trailers.value(&format!("{HEADER}{algorithm}")));
        if stated.is_some() && stated.as_ref() != sum_of(&received.sums, &algorithm) {
            let message =
                format!("The {} you specified did not match the calculated checksum.", algorithm.to_uppercase());
            return Err(s3_error!(BadDigest, "{message}"));
        }
        Ok(())
    }
}

/// Returns a hasher for an algorithm by its name in any case.
pub(super) fn hasher(algorithm: &str) -> S3Result<ChecksumHasher> {
    let mut hasher = ChecksumHasher::default();
    match algorithm.to_ascii_lowercase().as_str() {
        "crc32" => hasher.crc32 = Some(Default::default()),
        "crc32c" => hasher.crc32c = Some(Default::default()),
        "crc64nvme" => hasher.crc64nvme = Some(Default::default()),
        "sha1" => hasher.sha1 = Some(Default::default()),
        "sha256" => hasher.sha256 = Some(Default::default()),
        _ => {
            let message = "Checksum algorithm provided is unsupported. Please try again with any of the valid types: \
                           [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]";
            return Err(bad_request("InvalidRequest", message));
        }
    }
    Ok(hasher)
}

/// Returns the sum of one algorithm by its lower-case name.
pub(super) fn sum_of<'a>(sums: &'a Sums, algorithm: &str) -> Option<&'a String> {
    match algorithm {
        "crc32" => sums.crc32.as_ref(),
        "crc32c" => sums.crc32c.as_ref(),
        "crc64nvme" => sums.crc64nvme.as_ref(),
        "sha1" => sums.sha1.as_ref(),
        "sha256" => sums.sha256.as_ref(),
        _ => None,
    }
}

/// Makes an empty file in `folder` that vanishes unless it becomes an object.
pub(super) fn new_file(folder: &Path) -> S3Result<(std::fs::File, TempPath)> {
    // Readable by other users, as the engines may run as one.
    let permissions = Permissions::from_mode(0o644);
    let file = tempfile::Builder::new().permissions(permissions).tempfile_in(folder).map_err(disk)?;
    Ok(file.into_parts())
}

/// Writes a body to a new file in `folder` and checks it against what the sender promised.
pub(super) async fn receive(body: Option<StreamingBlob>, folder: &Path, promise: &Promise) -> S3Result<Received> {
    let (file, path) = new_file(folder)?;
    let mut writer = BufWriter::with_capacity(WRITE_SIZE, tokio::fs::File::from_std(file));
    let mut sums = hasher(promise.algorithm.as_deref().unwrap_or("crc64nvme"))?;
    let mut md5 = Md5::new();
    let mut size = 0;
    if let Some(mut body) = body {
        while let Some(bytes) = body.next().await {
            let bytes = bytes.map_err(|error| incomplete(&error))?;
            md5.update(&bytes);
            sums.update(&bytes);
            size += bytes.len() as u64;
            writer.write_all(&bytes).await.map_err(disk)?;
        }
    }
    writer.flush().await.map_err(disk)?;
    let received = Received { file: path, size, md5: md5.finalize(), sums: Sums::of(sums.finalize()) };
    promise.check(&received)?;
    Ok(received)
}

fn incomplete(error: &dyn std::fmt::Display) -> S3Error {
    s3_error!(IncompleteBody, "You did not provide the number of bytes specified by the HTTP headers: {error}")
}
