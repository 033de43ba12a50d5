//! Files of a run that lie in S3.

use std::path::{Path, PathBuf};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;

use super::attempt::RunError;

/// Splits `s3://bucket/key`.
pub(super) fn split(uri: &str) -> Option<(&str, &str)> {
    uri.strip_prefix("s3://").or_else(|| uri.strip_prefix("s3a://"))?.split_once('/')
}

/// Copies an object into a folder under its own name.
pub(super) async fn fetch(client: &Client, uri: &str, folder: &Path) -> Result<PathBuf, RunError> {
    let failed = |why: String| RunError::File { uri: uri.to_owned(), why };
    let (bucket, key) = split(uri).ok_or_else(|| failed("it is no S3 path".to_owned()))?;
    let object = client.get_object().bucket(bucket).key(key).send().await.map_err(|error| {
        failed(error.code().map_or_else(|| "S3 did not answer".to_owned(), |code| format!("{code} from S3")))
    })?;
    let content = object.body.collect().await.map_err(|error| failed(error.to_string()))?;
    let path = folder.join(key.rsplit('/').next().unwrap_or(key));
    tokio::fs::write(&path, content.into_bytes()).await.map_err(|error| failed(error.to_string()))?;
    Ok(path)
}
