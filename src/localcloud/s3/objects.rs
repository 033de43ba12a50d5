//! Reading, writing and deleting single objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderMap;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::buckets::Bucket;
use super::delivery::Courier;
use super::precondition::Precondition;
use super::receive::{Promise, receive};
use super::record::{Description, NULL_VERSION, Record};
use super::refusal::disk;
use super::store::{Found, Store, Versioning};

/// How much is read at once for a download, in bytes.
const READ_SIZE: u64 = 256 * 1024;

/// The type of content of which nothing was said.
const UNKNOWN_CONTENT: &str = "binary/octet-stream";

/// The operations on objects, behind the protocol layer.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    pub(super) store: Arc<Store>,
    pub(super) courier: Arc<Courier>,
}

impl Objects {
    /// Runs what blocks on the disk where it holds up nobody.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> S3Result<T> + Send + 'static,
    ) -> S3Result<T> {
        let store = Arc::clone(&self.store);
        tokio::task::spawn_blocking(move || work(&store)).await.map_err(s3s::S3Error::internal_error)?
    }

    /// Returns a bucket.
    pub(super) async fn bucket(&self, name: &str) -> S3Result<Bucket> {
        let name = name.to_owned();
        self.blocking(move |store| store.describe(&name)).await
    }

    /// Writes an object.
    pub(super) async fn put(&self, request: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
        let promise = Promise::of(&request.headers, &request.extensions);
        let input = request.input;
        let bucket = self.bucket(&input.bucket).await?;
        let precondition = Precondition::of_write(input.if_match, input.if_none_match)?;
        let (name, key, early) = (bucket.name.clone(), input.key.clone(), precondition.clone());
        let folder = self
            .blocking(move |store| {
                early.check(store.current(&name, &key)?.as_ref())?;
                store.incoming(&name)
            })
            .await?;
        let received = receive(input.body, &folder, &promise).await?;
        let description = Description {
            content_type: input.content_type,
            content_encoding: input.content_encoding,
            content_disposition: input.content_disposition,
            content_language: input.content_language,
            cache_control: input.cache_control,
            redirect: input.website_redirect_location,
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
            tags: input.tagging,
        };
        let etag = hex::encode(received.md5);
        let record = Record { key: input.key, etag, description, sums: received.sums, ..Record::default() };
        let (name, versioning) = (bucket.name.clone(), bucket.versioning());
        let replace = move |store: &Store| store.replace(&name, record, &received.file, versioning, &precondition);
        let record = self.blocking(replace).await.map_err(Precondition::lost_race)?;
        self.courier.tell(&bucket, "ObjectCreated:Put", &record);
        Ok(PutObjectOutput {
            e_tag: Some(ETag::Strong(record.etag.clone())),
            version_id: told_version(&record, versioning),
            server_side_encryption: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
            checksum_type: record.sums.checksum_type(),
            checksum_crc32: record.sums.crc32,
            checksum_crc32c: record.sums.crc32c,
            checksum_crc64nvme: record.sums.crc64nvme,
            checksum_sha1: record.sums.sha1,
            checksum_sha256: record.sums.sha256,
            ..PutObjectOutput::default()
        })
    }

    /// Returns an object or one of its versions.
    pub(super) async fn find(&self, bucket: &Bucket, key: &str, version: Option<String>) -> S3Result<Found> {
        let (bucket, key) = (bucket.name.clone(), key.to_owned());
        self.blocking(move |store| match version {
            Some(version) => match store.version(&bucket, &key, &version)? {
                Some(found) if found.record.delete_marker => {
                    Err(s3_error!(MethodNotAllowed, "The specified method is not allowed against this resource."))
                }
                Some(found) => Ok(found),
                None => Err(s3_error!(NoSuchVersion, "The specified version does not exist.")),
            },
            None => match store.current(&bucket, &key)? {
                Some(found) => Ok(found),
                None => Err(no_such_key(store.archived(&bucket, &key)?.first())),
            },
        })
        .await
    }

    /// Describes an object; `GetObject` adds the bytes.
    pub(super) async fn head(&self, input: HeadObjectInput) -> S3Result<(Found, HeadObjectOutput)> {
        let bucket = self.bucket(&input.bucket).await?;
        let found = self.find(&bucket, &input.key, input.version_id).await?;
        let record = &found.record;
        let etag = ETag::Strong(record.etag.clone());
        let as_wanted = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(wanted) => wanted.weak_cmp(&etag),
        };
        // HTTP dates have no fractions.
        let seconds = i64::try_from(record.sequence / 1_000_000_000).unwrap_or_default();
        let newer = |since: &Timestamp| seconds > time_of(since);
        let unmodified = input.if_unmodified_since.as_ref().filter(|_| input.if_match.is_none());
        if input.if_match.as_ref().is_some_and(|condition| !as_wanted(condition)) || unmodified.is_some_and(newer) {
            return Err(s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold"));
        }
        let modified = input.if_modified_since.as_ref().filter(|_| input.if_none_match.is_none());
        if input.if_none_match.as_ref().is_some_and(as_wanted) || modified.is_some_and(|since| !newer(since)) {
            return Err(s3_error!(NotModified, "Not Modified"));
        }
        let sums = input.checksum_mode.map(|_| record.sums.clone()).unwrap_or_default();
        let said = record.description.clone();
        let output = HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            cache_control: said.cache_control,
            checksum_type: sums.checksum_type(),
            checksum_crc32: sums.crc32,
            checksum_crc32c: sums.crc32c,
            checksum_crc64nvme: sums.crc64nvme,
            checksum_sha1: sums.sha1,
            checksum_sha256: sums.sha256,
            content_disposition: said.content_disposition,
            content_encoding: said.content_encoding,
            content_language: said.content_language,
            content_length: i64::try_from(record.size).ok(),
            content_type: said.content_type.or_else(|| Some(UNKNOWN_CONTENT.to_owned())),
            e_tag: Some(etag),
            last_modified: Some(record.modified()),
            metadata: (!said.metadata.is_empty()).then(|| said.metadata.into_iter().collect()),
            server_side_encryption: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
            version_id: told_version(record, bucket.versioning()),
            website_redirect_location: said.redirect,
            ..HeadObjectOutput::default()
        };
        Ok((found, output))
    }

    /// Reads an object or a range of it.
    pub(super) async fn get(&self, input: GetObjectInput) -> S3Result<GetObjectOutput> {
        let range = input.range;
        let (found, head) = self.head(as_head(&input)).await?;
        let size = found.record.size;
        let wanted = match range {
            Some(range) => {
                range.check(size).map_err(|_| s3_error!(InvalidRange, "The requested range is not satisfiable"))?
            }
            None => 0..size,
        };
        let length = wanted.end - wanted.start;
        let whole = length == size;
        let mut file = tokio::fs::File::open(&found.path).await.map_err(|_| no_such_key(None))?;
        file.seek(std::io::SeekFrom::Start(wanted.start)).await.map_err(disk)?;
        let tags = found.record.description.tags.as_deref().map(|tags| form_urlencoded::parse(tags.as_bytes()).count());
        Ok(GetObjectOutput {
            accept_ranges: head.accept_ranges,
            body: Some(StreamingBlob::wrap(stream(file, length))),
            cache_control: input.response_cache_control.or(head.cache_control),
            checksum_type: head.checksum_type.filter(|_| whole),
            checksum_crc32: head.checksum_crc32.filter(|_| whole),
            checksum_crc32c: head.checksum_crc32c.filter(|_| whole),
            checksum_crc64nvme: head.checksum_crc64nvme.filter(|_| whole),
            checksum_sha1: head.checksum_sha1.filter(|_| whole),
            checksum_sha256: head.checksum_sha256.filter(|_| whole),
            content_disposition: input.response_content_disposition.or(head.content_disposition),
            content_encoding: input.response_content_encoding.or(head.content_encoding),
            content_language: input.response_content_language.or(head.content_language),
            content_length: i64::try_from(length).ok(),
            content_range: range.map(|_| format!("bytes {}-{}/{size}", wanted.start, wanted.end.saturating_sub(1))),
            content_type: input.response_content_type.or(head.content_type),
            e_tag: head.e_tag,
            last_modified: head.last_modified,
            metadata: head.metadata,
            server_side_encryption: head.server_side_encryption,
            tag_count: tags.and_then(|count| i32::try_from(count).ok()),
            version_id: head.version_id,
            website_redirect_location: head.website_redirect_location,
            ..GetObjectOutput::default()
        })
    }

    /// Deletes an object, or one version of it; what is not there is deleted already.
    pub(super) async fn delete(
        &self,
        bucket: &Bucket,
        key: String,
        version: Option<String>,
        if_match: Option<ETagCondition>,
    ) -> S3Result<super::versions::Deletion> {
        let (name, versioning, of) = (bucket.name.clone(), bucket.versioning(), key.clone());
        let for_good = version.is_some();
        let precondition = Precondition { if_match, if_none_match: None };
        let deletion = self
            .blocking(move |store| match version {
                Some(version) => store.delete_version(&name, &of, &version, &precondition),
                None => store.delete(&name, &of, versioning, &precondition),
            })
            .await?;
        if deletion.effective {
            let marked = deletion.marker && !for_good;
            let event = if marked { "ObjectRemoved:DeleteMarkerCreated" } else { "ObjectRemoved:Delete" };
            let sequence = super::store::next_sequence(&mut self.store.lock());
            let version = deletion.version.clone().unwrap_or_else(|| NULL_VERSION.to_owned());
            let record = Record { key, version, sequence, ..Record::default() };
            self.courier.tell(bucket, event, &record);
        }
        Ok(deletion)
    }
}

/// Returns the version id if the bucket has versions to speak of.
pub(super) fn told_version(record: &Record, versioning: Versioning) -> Option<String> {
    (versioning != Versioning::Off).then(|| record.version.clone())
}

/// Returns what was said of a new object in place of what was said of its source.
pub(super) fn metadata(metadata: Option<Metadata>) -> BTreeMap<String, String> {
    metadata.unwrap_or_default().into_iter().collect()
}

fn no_such_key(latest: Option<&Record>) -> s3s::S3Error {
    let mut error = s3_error!(NoSuchKey, "The specified key does not exist.");
    if let Some(marker) = latest.filter(|latest| latest.delete_marker) {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-delete-marker", http::HeaderValue::from_static("true"));
        headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/xml"));
        if let Ok(version) = marker.version.parse() {
            headers.insert("x-amz-version-id", version);
        }
        error.set_headers(headers);
    }
    error
}

fn time_of(timestamp: &Timestamp) -> i64 {
    let mut text = Vec::new();
    let _ = timestamp.format(TimestampFormat::EpochSeconds, &mut text);
    let text = String::from_utf8_lossy(&text);
    text.split('.').next().and_then(|seconds| seconds.parse().ok()).unwrap_or_default()
}

fn as_head(input: &GetObjectInput) -> HeadObjectInput {
    HeadObjectInput {
        bucket: input.bucket.clone(),
        checksum_mode: input.checksum_mode.clone(),
        if_match: input.if_match.clone(),
        if_modified_since: input.if_modified_since.clone(),
        if_none_match: input.if_none_match.clone(),
        if_unmodified_since: input.if_unmodified_since.clone(),
        key: input.key.clone(),
        version_id: input.version_id.clone(),
        ..HeadObjectInput::default()
    }
}

/// Reads `left` bytes of a file, a piece at a time.
fn stream(
    file: tokio::fs::File,
    left: u64,
) -> impl futures::Stream<Item = std::io::Result<bytes::Bytes>> + Send + Sync + 'static {
    let file = file.take(left);
    Box::pin(futures::stream::try_unfold((file, left), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let mut buffer = bytes::BytesMut::with_capacity(usize::try_from(left.min(READ_SIZE)).unwrap_or_default());
        let length = file.read_buf(&mut buffer).await? as u64;
        if length == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
        }
        Ok(Some((buffer.freeze(), (file, left - length))))
    }))
}
