//! A file of the stack kept in a bucket: the script of a Glue job. Also how a bucket is emptied.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use serde::Serialize;

use super::base::{Cx, Diff, Found, Kind, KindError, Known, Outputs, Scope};
use crate::aws::{AwsError, Sorted};
use crate::model::Address;
use crate::ownership::{Tags, fingerprint};

const HASH: &str = "stack-content";

/// An object with the content of a local file.
pub struct Object;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// The bucket it lies in.
    pub bucket: Address,
    /// The name of that bucket.
    pub bucket_name: String,
    /// Its key.
    pub key: String,
    /// The fingerprint of its content.
    pub content_hash: String,
    /// The local file.
    #[serde(skip)]
    pub file: PathBuf,
}

impl Spec {
    /// Reads `file` and declares an object with its content.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn of_file(bucket: Address, bucket_name: &str, key: String, file: PathBuf) -> Result<Self, KindError> {
        let content = std::fs::read(&file).map_err(|source| KindError::File { path: file.clone(), source })?;
        Ok(Self { bucket, bucket_name: bucket_name.to_owned(), key, content_hash: fingerprint(&content), file })
    }

    fn identity(&self) -> String {
        format!("{}/{}", self.bucket_name, self.key)
    }
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    bucket: String,
    key: String,
    content_hash: String,
}

#[async_trait]
impl Kind for Object {
    const NAME: &'static str = "object";
    const LIMIT: Duration = Duration::from_secs(300);
    const OUTPUTS: &'static [&'static str] = &["uri"];
    const TAGGED: bool = false;
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.identity())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        vec![want.bucket.clone()]
    }

    fn diff(&self, want: &Spec, seen: &Seen, _known: &Known) -> Diff {
        Diff::new().in_place("content", &want.content_hash, &seen.content_hash)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("uri", format!("s3://{}/{}", seen.bucket, seen.key))])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let looks = scope.names.iter().map(|name| look(cx, name));
        Ok(futures::future::try_join_all(looks).await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx, want: &Spec, _tags: &Tags) -> Result<(), KindError> {
        let content =
            std::fs::read(&want.file).map_err(|source| KindError::File { path: want.file.clone(), source })?;
        let call = cx.aws.s3.put_object().bucket(&want.bucket_name).key(&want.key).body(ByteStream::from(content));
        call.metadata(HASH, &want.content_hash).send().await.named("s3:PutObject")?;
        Ok(())
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        self.create(cx, want, &Tags::default()).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        match cx.aws.s3.delete_object().bucket(&seen.bucket).key(&seen.key).send().await.named("s3:DeleteObject") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

async fn look(cx: &Cx, name: &str) -> Result<Option<Found<Seen>>, KindError> {
    let (bucket, key) = name.split_once('/').unwrap_or((name, ""));
    match cx.aws.s3.head_object().bucket(bucket).key(key).send().await.named("s3:GetObject") {
        Ok(head) => {
            let content_hash = head.metadata().and_then(|metadata| metadata.get(HASH)).cloned().unwrap_or_default();
            let seen = Seen { bucket: bucket.to_owned(), key: key.to_owned(), content_hash };
            Ok(Some(Found { name: name.to_owned(), tags: Tags::default(), seen }))
        }
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Deletes every version, delete marker and unfinished upload of a bucket.
///
/// # Errors
/// If S3 refuses to list or delete.
pub async fn empty_bucket(cx: &Cx, bucket: &str) -> Result<(), KindError> {
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
    let uploads = cx.aws.s3.list_multipart_uploads().bucket(bucket).send().await;
    for upload in uploads.named("s3:ListBucketMultipartUploads")?.uploads.unwrap_or_default() {
        let call =
            cx.aws.s3.abort_multipart_upload().bucket(bucket).set_key(upload.key).set_upload_id(upload.upload_id);
        call.send().await.named("s3:AbortMultipartUpload")?;
    }
    Ok(())
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
