//! Copies of objects, whole or as a part of an upload.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, ETag, ETagCondition,
    MetadataDirective, ServerSideEncryption, TaggingDirective, UploadPartCopyInput, UploadPartCopyOutput,
};
use s3s::{S3Result, s3_error};

use super::objects::{Objects, metadata, told_version};
use super::precondition::Precondition;
use super::receive::{Received, hasher, new_file};
use super::record::{Description, Record, Sums};
use super::refusal::{bad_request, disk};
use super::store::{Found, Store};

impl Objects {
    /// Copies an object.
    pub(super) async fn copy(&self, input: CopyObjectInput) -> S3Result<CopyObjectOutput> {
        let bucket = self.bucket(&input.bucket).await?;
        let source = self.source(&input.copy_source).await?;
        let conditions = Precondition {
            if_match: input.copy_source_if_match.clone(),
            if_none_match: input.copy_source_if_none_match.clone(),
        };
        check_source(&conditions, &source)?;
        let replaced =
            input.metadata_directive.as_ref().map(MetadataDirective::as_str) == Some(MetadataDirective::REPLACE);
        let (same_bucket, same_key) = match &input.copy_source {
            CopySource::Bucket { bucket, key, version_id } => {
                (**bucket == *input.bucket, **key == *input.key && version_id.is_none())
            }
            _ => (false, false),
        };
        if same_bucket && same_key && !replaced {
            let message = "This copy request is illegal because it is trying to copy an object to itself without \
                           changing the object's metadata, storage class, website redirect location or encryption \
                           attributes.";
            return Err(bad_request("InvalidRequest", message));
        }
        let source_version = told_version(&source.record, source_versioning(self, &input.copy_source).await?);
        let description = describe(&input, &source.record.description, replaced);
        let (name, versioning) = (bucket.name.clone(), bucket.versioning());
        let key = input.key;
        let record = self
            .blocking(move |store| {
                let copied = take(store, &name, &source, 0..source.record.size)?;
                let etag = hex::encode(copied.md5);
                let record = Record { key, etag, description, sums: copied.sums, ..Record::default() };
                store.replace(&name, record, &copied.file, versioning, &Precondition::default())
            })
            .await?;
        self.courier.tell(&bucket, "ObjectCreated:Copy", &record);
        Ok(CopyObjectOutput {
            copy_source_version_id: source_version,
            version_id: told_version(&record, versioning),
            server_side_encryption: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
            copy_object_result: Some(CopyObjectResult {
                e_tag: Some(ETag::Strong(record.etag.clone())),
                last_modified: Some(record.modified()),
                checksum_type: record.sums.checksum_type(),
                checksum_crc64nvme: record.sums.crc64nvme,
                ..CopyObjectResult::default()
            }),
            ..CopyObjectOutput::default()
        })
    }

    /// Copies a range of an object into a part of an upload.
    pub(super) async fn copy_part(&self, input: UploadPartCopyInput) -> S3Result<UploadPartCopyOutput> {
        let source = self.source(&input.copy_source).await?;
        let size = source.record.size;
        let range = match input.copy_source_range.as_deref() {
            Some(text) => copy_range(text, size)?,
            None => 0..size,
        };
        let (bucket, key, id, number) = (input.bucket, input.key, input.upload_id, input.part_number);
        let part = self
            .blocking(move |store| {
                let upload = store.upload(&bucket, &key, &id)?;
                let mut copied = take(store, &bucket, &source, range)?;
                if let Some(algorithm) = upload.algorithm.filter(|algorithm| algorithm != "crc64nvme") {
                    copied.sums = sum_file(&copied, &algorithm)?;
                }
                store.add_part(&bucket, &id, number, copied)
            })
            .await?;
        Ok(UploadPartCopyOutput {
            copy_part_result: Some(CopyPartResult {
                e_tag: Some(ETag::Strong(part.etag)),
                last_modified: Some(s3s::dto::Timestamp::from(std::time::SystemTime::now())),
                checksum_crc32: part.sums.crc32,
                checksum_crc32c: part.sums.crc32c,
                checksum_crc64nvme: part.sums.crc64nvme,
                checksum_sha1: part.sums.sha1,
                checksum_sha256: part.sums.sha256,
            }),
            ..UploadPartCopyOutput::default()
        })
    }

    async fn source(&self, source: &CopySource) -> S3Result<Found> {
        let CopySource::Bucket { bucket, key, version_id } = source else {
            return Err(s3_error!(NotImplemented, "The local cloud has no access points"));
        };
        let bucket = self.bucket(bucket).await?;
        self.find(&bucket, key, version_id.as_deref().map(str::to_owned)).await
    }
}

async fn source_versioning(objects: &Objects, source: &CopySource) -> S3Result<super::store::Versioning> {
    match source {
        CopySource::Bucket { bucket, .. } => Ok(objects.bucket(bucket).await?.versioning()),
        _ => Ok(super::store::Versioning::Off),
    }
}

fn check_source(conditions: &Precondition, source: &Found) -> S3Result<()> {
    let etag = ETag::Strong(source.record.etag.clone());
    let holds = |condition: &ETagCondition| match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(wanted) => wanted.weak_cmp(&etag),
    };
    let matched = conditions.if_match.as_ref().is_none_or(holds);
    let different = !conditions.if_none_match.as_ref().is_some_and(holds);
    if matched && different {
        return Ok(());
    }
    Err(s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold"))
}

/// Returns what is said of the copy: what was said of the source, or what the request says.
fn describe(input: &CopyObjectInput, source: &Description, replaced: bool) -> Description {
    let tags_replaced =
        input.tagging_directive.as_ref().map(TaggingDirective::as_str) == Some(TaggingDirective::REPLACE);
    let tags = if tags_replaced { input.tagging.clone() } else { source.tags.clone() };
    if !replaced {
        return Description { tags, ..source.clone() };
    }
    Description {
        content_type: input.content_type.clone(),
        content_encoding: input.content_encoding.clone(),
        content_disposition: input.content_disposition.clone(),
        content_language: input.content_language.clone(),
        cache_control: input.cache_control.clone(),
        redirect: input.website_redirect_location.clone(),
        metadata: metadata(input.metadata.clone()),
        tags,
    }
}

/// Copies a range of an object to a new file of a bucket.
fn take(store: &Store, bucket: &str, source: &Found, range: Range<u64>) -> S3Result<Received> {
    let mut from = File::open(&source.path).map_err(disk)?;
    from.seek(SeekFrom::Start(range.start)).map_err(disk)?;
    let mut from = from.take(range.end - range.start);
    let (mut to, file) = new_file(&store.incoming(bucket)?)?;
    let (mut md5, mut sums) = (Md5::new(), hasher("crc64nvme")?);
    let mut size = 0;
    let mut buffer = vec![0; 1024 * 1024];
    loop {
        let length = from.read(&mut buffer).map_err(disk)?;
        if length == 0 {
            break;
        }
        md5.update(&buffer[..length]);
        sums.update(&buffer[..length]);
        size += length as u64;
        std::io::Write::write_all(&mut to, &buffer[..length]).map_err(disk)?;
    }
    Ok(Received { file, size, md5: md5.finalize(), sums: Sums::of(sums.finalize()) })
}

fn sum_file(received: &Received, algorithm: &str) -> S3Result<Sums> {
    let mut sums = hasher(algorithm)?;
    let mut file = File::open(&received.file).map_err(disk)?;
    let mut buffer = vec![0; 1024 * 1024];
    loop {
        let length = file.read(&mut buffer).map_err(disk)?;
        if length == 0 {
            return Ok(Sums::of(sums.finalize()));
        }
        sums.update(&buffer[..length]);
    }
}

fn copy_range(text: &str, size: u64) -> S3Result<Range<u64>> {
    let ends = text.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let ends = ends.and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
    match ends {
        Some((first, last)) if first <= last && last < size => Ok(first..last + 1),
        Some(_) => Err(bad_request("InvalidRange", "The requested range is not satisfiable")),
        None => Err(bad_request(
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last",
        )),
    }
}
