//! Uploaded zips: kept under the name of their content, and unzipped once.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::refused::invalid;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::{Home, sdk};

/// Most bytes of a zip that comes with the call itself.
const MOST_DIRECT: usize = 50 * 1024 * 1024;

/// Most bytes of the unzipped content, layers included.
const MOST_UNZIPPED: u64 = 262_144_000;

/// A zip that lies in the store.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// SHA-256 of the zip in hexadecimal, which names it in the store.
    pub(super) name: String,
    /// SHA-256 of the zip in base64, as AWS shows it.
    pub(super) sha256: String,
    /// Bytes of the zip.
    pub(super) size: usize,
}

/// The zips of all functions and layers.
#[derive(Debug, Clone)]
pub(super) struct CodeStore {
    folder: PathBuf,
}

impl CodeStore {
    pub(super) fn new(home: &Home) -> Self {
        Self { folder: home.engine("lambda", "code") }
    }

    /// Takes a zip from the call (`ZipFile`) or from S3 (`S3Bucket`, `S3Key`) and keeps it.
    pub(super) async fn take(&self, source: &Value, endpoint: &str, region: &str) -> Result<Stored, Refusal> {
        let zip = match source["ZipFile"].as_str() {
            Some(text) => direct(text)?,
            None => fetch(source, endpoint, region).await?,
        };
        let store = self.clone();
        let kept = tokio::task::spawn_blocking(move || store.keep(&zip)).await;
        kept.map_err(|error| invalid(error.to_string()))?
    }

    fn keep(&self, zip: &Bytes) -> Result<Stored, Refusal> {
        let unreadable =
            |_| invalid("Could not unzip uploaded file. Please check your file, then try to upload again.");
        let mut archive = zip::ZipArchive::new(Cursor::new(zip.as_ref())).map_err(unreadable)?;
        let mut unzipped = 0;
        for index in 0..archive.len() {
            unzipped += archive.by_index_raw(index).map_err(unreadable)?.size();
        }
        if unzipped > MOST_UNZIPPED {
            return Err(invalid(format!("Unzipped size must be smaller than {MOST_UNZIPPED} bytes")));
        }
        let digest = Sha256::digest(zip);
        let name = hex::encode(digest);
        let path = self.zip(&name);
        let written = std::fs::create_dir_all(&self.folder).and_then(|()| {
            let beside = path.with_extension("zip.new");
            std::fs::write(&beside, zip).and_then(|()| std::fs::rename(&beside, &path))
        });
        written.map_err(|error| Refusal::new("ServiceException", error.to_string()).status(500))?;
        Ok(Stored { name, sha256: STANDARD.encode(digest), size: zip.len() })
    }

    /// Returns where a zip lies.
    pub(super) fn zip(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.zip"))
    }

    /// Returns a folder with the content of the zips, later ones over earlier ones; unzips what is not there yet.
    pub(super) async fn unzipped(&self, names: &[String]) -> std::io::Result<PathBuf> {
        let together = hex::encode(Sha256::digest(names.join("+")));
        let folder = self.folder.join(match names {
            [only] => only.clone(),
            _ => together,
        });
        let zips: Vec<PathBuf> = names.iter().map(|name| self.zip(name)).collect();
        let target = folder.clone();
        tokio::task::spawn_blocking(move || unzip_all(&zips, &target)).await.map_err(std::io::Error::other)??;
        Ok(folder)
    }

    /// Forgets a zip that nothing uses any more.
    pub(super) fn forget(&self, name: &str) {
        for gone in [std::fs::remove_file(self.zip(name)), std::fs::remove_dir_all(self.folder.join(name))] {
            if let Err(error) = gone.or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            }) {
                tracing::warn!(name, %error, "could not remove code");
            }
        }
    }
}

/// Unzips beside the place and moves it there, so that a folder is either whole or absent.
fn unzip_all(zips: &[PathBuf], folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent)?;
    let beside = tempfile::Builder::new().prefix("unzip-").tempdir_in(parent)?;
    let content = beside.path().join("content");
    std::fs::create_dir(&content)?;
    for path in zips {
        let mut archive = zip::ZipArchive::new(std::fs::File::open(path)?)?;
        archive.extract(&content)?;
    }
    match std::fs::rename(&content, folder) {
        // Another call unzipped the same content meanwhile.
        Err(_) if folder.is_dir() => Ok(()),
        moved => moved,
    }
}

fn direct(text: &str) -> Result<Bytes, Refusal> {
    let zip = STANDARD.decode(text).map_err(|_| invalid("Could not decode the zip file"))?;
    if zip.len() > MOST_DIRECT {
        let message = "Request must be smaller than 69905067 bytes for the CreateFunction operation";
        return Err(Refusal::new("RequestEntityTooLargeException", message).status(413));
    }
    Ok(Bytes::from(zip))
}

async fn fetch(source: &Value, endpoint: &str, region: &str) -> Result<Bytes, Refusal> {
    use aws_sdk_s3::error::ProvideErrorMetadata;
    let (Some(bucket), Some(key)) = (source["S3Bucket"].as_str(), source["S3Key"].as_str()) else {
        return Err(invalid("Please provide a source for function code."));
    };
    let call = sdk::s3(endpoint, region).await.get_object().bucket(bucket).key(key);
    let object = call.set_version_id(source["S3ObjectVersion"].as_str().map(str::to_owned)).send().await;
    let object = object.map_err(|error| {
        let code = error.code().unwrap_or("InternalError").to_owned();
        let message = error.message().unwrap_or_default().to_owned();
        invalid(format!("Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"))
    })?;
    object.body.collect().await.map(|body| body.into_bytes()).map_err(|error| invalid(error.to_string()))
}
