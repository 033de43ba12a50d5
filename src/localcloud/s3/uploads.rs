//! The operations on uploads in parts.

use s3s::dto::*;
use s3s::{S3Request, S3Result};

use super::objects::{Objects, metadata, told_version};
use super::parts::{Part as Kept, Upload};
use super::precondition::Precondition;
use super::receive::{Promise, receive, sum_of};
use super::record::Description;
use super::refusal::bad_request;

impl Objects {
    /// Begins an upload.
    pub(super) async fn begin_upload(
        &self,
        input: CreateMultipartUploadInput,
    ) -> S3Result<CreateMultipartUploadOutput> {
        let bucket = self.bucket(&input.bucket).await?;
        let algorithm = input.checksum_algorithm.as_ref().map(|algorithm| algorithm.as_str().to_ascii_lowercase());
        let usual = match algorithm.as_deref() {
            Some("crc64nvme") | None => ChecksumType::FULL_OBJECT,
            Some(_) => ChecksumType::COMPOSITE,
        };
        let kind = input.checksum_type.as_ref().map_or(usual, |kind| kind.as_str()).to_owned();
        let upload = Upload {
            id: String::new(),
            key: input.key,
            begun: 0,
            description: Description {
                content_type: input.content_type,
                content_encoding: input.content_encoding,
                content_disposition: input.content_disposition,
                content_language: input.content_language,
                cache_control: input.cache_control,
                redirect: input.website_redirect_location,
                metadata: metadata(input.metadata),
                tags: input.tagging,
            },
            algorithm,
            kind: Some(kind.clone()),
        };
        let upload = self.blocking(move |store| store.begin(&bucket.name, upload)).await?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(upload.key),
            upload_id: Some(upload.id),
            checksum_type: input.checksum_algorithm.is_some().then(|| ChecksumType::from(kind)),
            checksum_algorithm: input.checksum_algorithm,
            server_side_encryption: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
            ..CreateMultipartUploadOutput::default()
        })
    }

    /// Takes a part in.
    pub(super) async fn upload_part(&self, request: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
        let promise = Promise::of(&request.headers, &request.extensions);
        let input = request.input;
        if !(1..=10_000).contains(&input.part_number) {
            let message = "Part number must be an integer between 1 and 10000, inclusive";
            return Err(bad_request("InvalidArgument", message));
        }
        let (bucket, key, id, number) = (input.bucket, input.key, input.upload_id, input.part_number);
        let (of, upload_id) = (bucket.clone(), id.clone());
        let folder = self
            .blocking(move |store| {
                store.upload(&of, &key, &upload_id)?;
                Ok(store.upload_folder(&of, &upload_id))
            })
            .await?;
        let received = receive(input.body, &folder, &promise).await?;
        let part = self.blocking(move |store| store.add_part(&bucket, &id, number, received)).await?;
        Ok(UploadPartOutput {
            e_tag: Some(ETag::Strong(part.etag)),
            checksum_crc32: part.sums.crc32,
            checksum_crc32c: part.sums.crc32c,
            checksum_crc64nvme: part.sums.crc64nvme,
            checksum_sha1: part.sums.sha1,
            checksum_sha256: part.sums.sha256,
            server_side_encryption: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
            ..UploadPartOutput::default()
        })
    }

    /// Makes an object of the parts.
    pub(super) async fn complete_upload(
        &self,
        input: CompleteMultipartUploadInput,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let bucket = self.bucket(&input.bucket).await?;
        let wanted = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let precondition = Precondition::of_write(input.if_match, input.if_none_match)?;
        let (name, key, id) = (bucket.name.clone(), input.key.clone(), input.upload_id);
        let versioning = bucket.versioning();
        let stated = [
            ("crc32", input.checksum_crc32),
            ("crc32c", input.checksum_crc32c),
            ("crc64nvme", input.checksum_crc64nvme),
            ("sha1", input.checksum_sha1),
            ("sha256", input.checksum_sha256),
        ];
        let record = self
            .blocking(move |store| {
                let upload = store.upload(&name, &key, &id)?;
                let (record, file) = store.join(&name, &upload, &wanted)?;
                for (algorithm, sum) in stated.iter().filter_map(|(name, sum)| Some((name, sum.as_ref()?))) {
                    if sum_of(&record.sums, algorithm).is_some_and(|own| own != sum) {
                        let message = "The checksum you specified did not match the calculated checksum.";
                        return Err(bad_request("BadDigest", message));
                    }
                }
                let record = store.replace(&name, record, &file, versioning, &precondition)?;
                store.forget_upload(&name, &id)?;
                Ok(record)
            })
            .await?;
        self.courier.tell(&bucket, "ObjectCreated:CompleteMultipartUpload", &record);
        Ok(CompleteMultipartUploadOutput {
            location: Some(format!("{}/{}/{}", self.courier.endpoint(), bucket.name, input.key)),
            bucket: Some(bucket.name),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(record.etag.clone())),
            version_id: told_version(&record, versioning),
            checksum_type: record.sums.checksum_type(),
            checksum_crc32: record.sums.crc32,
            checksum_crc32c: record.sums.crc32c,
            checksum_crc64nvme: record.sums.crc64nvme,
            checksum_sha1: record.sums.sha1,
            checksum_sha256: record.sums.sha256,
            server_side_encryption: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
            ..CompleteMultipartUploadOutput::default()
        })
    }

    /// Forgets an upload.
    pub(super) async fn abort_upload(&self, input: AbortMultipartUploadInput) -> S3Result<AbortMultipartUploadOutput> {
        let bucket = self.bucket(&input.bucket).await?.name;
        self.blocking(move |store| {
            store.upload(&bucket, &input.key, &input.upload_id)?;
            store.forget_upload(&bucket, &input.upload_id)
        })
        .await?;
        Ok(AbortMultipartUploadOutput::default())
    }

    /// Lists the parts of an upload.
    pub(super) async fn list_parts(&self, input: ListPartsInput) -> S3Result<ListPartsOutput> {
        let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
        let mut parts = self
            .blocking(move |store| {
                store.upload(&bucket, &key, &id)?;
                store.parts(&bucket, &id)
            })
            .await?;
        let marker = input.part_number_marker.unwrap_or_default();
        parts.retain(|part| part.number > marker);
        let limit = usize::try_from(input.max_parts.unwrap_or(1000).clamp(1, 1000)).unwrap_or(1000);
        let truncated = parts.len() > limit;
        parts.truncate(limit);
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            is_truncated: Some(truncated),
            max_parts: i32::try_from(limit).ok(),
            next_part_number_marker: parts.last().map(|part| part.number),
            part_number_marker: Some(marker),
            parts: Some(parts.into_iter().map(told_part).collect()),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            ..ListPartsOutput::default()
        })
    }

    /// Lists the uploads that were begun and neither completed nor aborted.
    pub(super) async fn list_uploads(&self, input: ListMultipartUploadsInput) -> S3Result<ListMultipartUploadsOutput> {
        let bucket = self.bucket(&input.bucket).await?.name;
        let mut uploads = self.blocking(move |store| store.uploads(&bucket)).await?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let after = (input.key_marker.clone().unwrap_or_default(), input.upload_id_marker.clone().unwrap_or_default());
        uploads.retain(|upload| upload.key.starts_with(&prefix) && (upload.key.clone(), upload.id.clone()) > after);
        uploads.sort_by(|left, right| (&left.key, &left.id).cmp(&(&right.key, &right.id)));
        let limit = usize::try_from(input.max_uploads.unwrap_or(1000).clamp(1, 1000)).unwrap_or(1000);
        let truncated = uploads.len() > limit;
        uploads.truncate(limit);
        let last = uploads.last().filter(|_| truncated);
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            is_truncated: Some(truncated),
            key_marker: Some(input.key_marker.unwrap_or_default()),
            max_uploads: i32::try_from(limit).ok(),
            next_key_marker: last.map(|upload| upload.key.clone()),
            next_upload_id_marker: last.map(|upload| upload.id.clone()),
            prefix: input.prefix,
            uploads: Some(uploads.into_iter().map(told_upload).collect()),
            ..ListMultipartUploadsOutput::default()
        })
    }
}

fn moment(nanoseconds: u64) -> Timestamp {
    Timestamp::from(std::time::UNIX_EPOCH + std::time::Duration::from_nanos(nanoseconds))
}

fn told_part(part: Kept) -> Part {
    Part {
        e_tag: Some(ETag::Strong(part.etag)),
        last_modified: Some(moment(part.written)),
        part_number: Some(part.number),
        size: i64::try_from(part.size).ok(),
        checksum_crc32: part.sums.crc32,
        checksum_crc32c: part.sums.crc32c,
        checksum_crc64nvme: part.sums.crc64nvme,
        checksum_sha1: part.sums.sha1,
        checksum_sha256: part.sums.sha256,
    }
}

fn told_upload(upload: Upload) -> MultipartUpload {
    MultipartUpload {
        initiated: Some(moment(upload.begun)),
        key: Some(upload.key),
        upload_id: Some(upload.id),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        ..MultipartUpload::default()
    }
}
