//! How a bucket is emptied, and whether it holds anything that would be missed.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Cx, KindError};
use crate::kinds::object;

/// Where the stack keeps its lock.
const OWN_FOLDER: &str = ".stack/";

/// Returns whether a bucket holds something that neither the stack put there nor can put there again. At most `LOOKED_AT`
/// versions are listed and asked for their mark; more than that are data.
///
/// # Errors
/// If S3 refuses to list.
pub(super) async fn holds_data(cx: &Cx, bucket: &str) -> Result<bool, KindError> {
    const LOOKED_AT: i32 = 50;
    let call = cx.aws.s3.list_object_versions().bucket(bucket).max_keys(LOOKED_AT);
    let page = match call.send().await.named("s3:ListBucketVersions") {
        Err(error) if error.is_not_found() => return Ok(false),
        page => page?,
    };
    for version in page.versions() {
        let key = version.key().unwrap_or_default();
        if !key.starts_with(OWN_FOLDER) && !object::is_marked(cx, bucket, key, version.version_id()).await? {
            return Ok(true);
        }
    }
    Ok(page.is_truncated == Some(true))
}

/// Deletes every version, delete marker and unfinished upload of a bucket.
///
/// # Errors
/// If S3 refuses to list or delete.
pub(super) async fn empty(cx: &Cx, bucket: &str) -> Result<(), KindError> {
    loop {
        let page = match cx.aws.s3.list_object_versions().bucket(bucket).send().await.named("s3:ListBucketVersions") {
            Err(error) if error.is_not_found() => return Ok(()),
            page => page?,
        };
        let versions = page.versions.unwrap_or_default().into_iter().map(|item| (item.key, item.version_id));
        let markers = page.delete_markers.unwrap_or_default().into_iter().map(|item| (item.key, item.version_id));
        let doomed: Vec<_> = versions.chain(markers).collect();
        if doomed.is_empty() {
            break;
        }
        delete_objects(cx, bucket, doomed).await?;
    }
    abort_uploads(cx, bucket).await
}

/// Unfinished uploads are billed although no listing of objects shows them.
async fn abort_uploads(cx: &Cx, bucket: &str) -> Result<(), KindError> {
    loop {
        let uploads = cx.aws.s3.list_multipart_uploads().bucket(bucket).send().await;
        let page = uploads.named("s3:ListBucketMultipartUploads")?;
        for upload in page.uploads.unwrap_or_default() {
            let call =
                cx.aws.s3.abort_multipart_upload().bucket(bucket).set_key(upload.key).set_upload_id(upload.upload_id);
            match call.send().await.named("s3:AbortMultipartUpload") {
                Err(error) if !error.is_not_found() => return Err(error.into()),
                _ => {}
            }
        }
        if page.is_truncated != Some(true) {
            return Ok(());
        }
    }
}

async fn delete_objects(cx: &Cx, bucket: &str, doomed: Vec<(Option<String>, Option<String>)>) -> Result<(), KindError> {
    const OPERATION: &str = "s3:DeleteObject";
    let mut batch = Delete::builder().quiet(true);
    for (key, version) in doomed {
        let item = ObjectIdentifier::builder().key(key.unwrap_or_default()).set_version_id(version).build();
        batch = batch.objects(item.map_err(|error| AwsError::incomplete(OPERATION, &error.to_string()))?);
    }
    let batch = batch.build().map_err(|error| AwsError::incomplete(OPERATION, &error.to_string()))?;
    let answer = cx.aws.s3.delete_objects().bucket(bucket).delete(batch).send().await.named(OPERATION)?;
    // Refusals come key by key inside a successful answer.
    match answer.errors.unwrap_or_default().into_iter().next() {
        Some(error) => {
            let (key, message) = (error.key.unwrap_or_default(), error.message.unwrap_or_default());
            Err(KindError::Broken(format!("S3 did not delete `{bucket}/{key}`: {message}")))
        }
        None => Ok(()),
    }
}
