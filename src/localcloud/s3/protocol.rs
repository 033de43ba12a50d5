//! The operations of S3 by the names that the protocol gives them.

use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result};

use super::objects::Objects;
use super::refusal::bad_request;
use super::store::write_record;

/// The most objects of one `DeleteObjects`.
const MOST_DELETED: usize = 1000;

type Answer<T> = S3Result<S3Response<T>>;

#[async_trait::async_trait]
impl S3 for Objects {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        self.put(request).await.map(S3Response::new)
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        self.get(request.input).await.map(S3Response::new)
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        self.head(request.input).await.map(|(_, output)| S3Response::new(output))
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> Answer<DeleteObjectOutput> {
        let bucket = self.bucket(&request.input.bucket).await?;
        let DeleteObjectInput { key, version_id, if_match, .. } = request.input;
        let deletion = self.delete(&bucket, key, version_id, if_match).await?;
        Ok(S3Response::new(DeleteObjectOutput {
            delete_marker: deletion.marker.then_some(true),
            version_id: deletion.version,
            ..DeleteObjectOutput::default()
        }))
    }

    async fn delete_objects(&self, request: S3Request<DeleteObjectsInput>) -> Answer<DeleteObjectsOutput> {
        let bucket = self.bucket(&request.input.bucket).await?;
        let delete = request.input.delete;
        if delete.objects.is_empty() || delete.objects.len() > MOST_DELETED {
            return Err(bad_request("MalformedXML", "The XML you provided was not well-formed"));
        }
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in delete.objects {
            let if_match = object.e_tag.clone().map(ETagCondition::ETag);
            match self.delete(&bucket, object.key.clone(), object.version_id.clone(), if_match).await {
                Ok(done) => deleted.push(DeletedObject {
                    delete_marker: done.marker.then_some(true),
                    delete_marker_version_id: done.version.filter(|_| done.marker),
                    key: Some(object.key),
                    version_id: object.version_id,
                }),
                Err(error) => errors.push(Error {
                    code: Some(error.code().as_str().to_owned()),
                    key: Some(object.key),
                    message: error.message().map(str::to_owned),
                    version_id: object.version_id,
                }),
            }
        }
        let quiet = delete.quiet == Some(true);
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: (!quiet).then_some(deleted),
            errors: (!errors.is_empty()).then_some(errors),
            ..DeleteObjectsOutput::default()
        }))
    }

    async fn copy_object(&self, request: S3Request<CopyObjectInput>) -> Answer<CopyObjectOutput> {
        self.copy(request.input).await.map(S3Response::new)
    }

    async fn list_objects(&self, request: S3Request<ListObjectsInput>) -> Answer<ListObjectsOutput> {
        self.list_v1(request.input).await.map(S3Response::new)
    }

    async fn list_objects_v2(&self, request: S3Request<ListObjectsV2Input>) -> Answer<ListObjectsV2Output> {
        self.list_v2(request.input).await.map(S3Response::new)
    }

    async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> Answer<ListObjectVersionsOutput> {
        self.list_versions(request.input).await.map(S3Response::new)
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        self.begin_upload(request.input).await.map(S3Response::new)
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        self.upload_part(request).await.map(S3Response::new)
    }

    async fn upload_part_copy(&self, request: S3Request<UploadPartCopyInput>) -> Answer<UploadPartCopyOutput> {
        self.copy_part(request.input).await.map(S3Response::new)
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        self.complete_upload(request.input).await.map(S3Response::new)
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        self.abort_upload(request.input).await.map(S3Response::new)
    }

    async fn list_parts(&self, request: S3Request<ListPartsInput>) -> Answer<ListPartsOutput> {
        self.list_parts(request.input).await.map(S3Response::new)
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        self.list_uploads(request.input).await.map(S3Response::new)
    }

    async fn get_object_tagging(&self, request: S3Request<GetObjectTaggingInput>) -> Answer<GetObjectTaggingOutput> {
        let bucket = self.bucket(&request.input.bucket).await?;
        let found = self.find(&bucket, &request.input.key, request.input.version_id).await?;
        let tags = found.record.description.tags.unwrap_or_default();
        let tag = |(key, value): (String, String)| Tag { key: Some(key), value: Some(value) };
        let tag_set = form_urlencoded::parse(tags.as_bytes()).into_owned().map(tag).collect();
        Ok(S3Response::new(GetObjectTaggingOutput { tag_set, ..GetObjectTaggingOutput::default() }))
    }

    async fn put_object_tagging(&self, request: S3Request<PutObjectTaggingInput>) -> Answer<PutObjectTaggingOutput> {
        let tags = request.input.tagging.tag_set.into_iter();
        let pairs = tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
        let tags = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.set_tags(&request.input.bucket, request.input.key, Some(tags)).await?;
        Ok(S3Response::new(PutObjectTaggingOutput::default()))
    }

    async fn delete_object_tagging(
        &self,
        request: S3Request<DeleteObjectTaggingInput>,
    ) -> Answer<DeleteObjectTaggingOutput> {
        self.set_tags(&request.input.bucket, request.input.key, None).await?;
        Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
    }
}

impl Objects {
    /// Changes the tags of an object as it is now; those of older versions never change.
    async fn set_tags(&self, bucket: &str, key: String, tags: Option<String>) -> S3Result<()> {
        let bucket = self.bucket(bucket).await?;
        let mut found = self.find(&bucket, &key, None).await?;
        found.record.description.tags = tags;
        self.blocking(move |store| {
            let _guard = store.lock();
            write_record(&store.record_path(&bucket.name, &key), &found.record)
        })
        .await
    }
}
