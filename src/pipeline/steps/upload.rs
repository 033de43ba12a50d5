//! Uploads the local file in parts, unzipped on the way.

use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt};
use serde::Deserialize;

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::Permission;
use crate::pipeline::facts::UploadedObject;
use crate::pipeline::profile::{check_header, open};
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, RightsCx, StepCx, StepEvent, Tally};

/// The size of a part; S3 takes at most 10,000 of them, so this reaches 160 GB.
const PART_BYTES: usize = 16 << 20;

/// How many parts are under way at once; bounds memory to as many parts.
const AT_ONCE: usize = 4;

/// `upload = { bucket, key }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadStep {
    /// The table `[bucket.NAME]`.
    pub bucket: String,
    /// The key of the object.
    pub key: String,
}

#[async_trait]
impl Step for UploadStep {
    fn reads(&self) -> &[Dataset] {
        &[Dataset::File]
    }

    fn writes(&self) -> &[Dataset] {
        &[Dataset::Object]
    }

    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission> {
        let objects = format!("arn:aws:s3:::{}/*", cx.name("bucket", &self.bucket));
        vec![Permission::new(objects, &["s3:PutObject", "s3:AbortMultipartUpload"])]
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        let bucket = cx.output("bucket", &self.bucket, "name")?;
        let Some(path) = cx.data.clone() else {
            let why = "no file was named; add `--data FILE`".to_owned();
            return Err(PipelineError::Data { path: "--data".into(), why });
        };
        let parts = Parts::open(&path)?;
        check_header(cx.pipeline, &path)?;
        let started = cx.cx.aws.s3.create_multipart_upload().bucket(&bucket).key(&self.key).content_type("text/csv");
        let id = started.send().await.named("s3:PutObject")?.upload_id;
        let id = id.ok_or_else(|| AwsError::incomplete("s3:PutObject", "upload id"))?;
        let upload =
            Upload { cx, bucket: &bucket, key: &self.key, id: &id, sent: AtomicU64::new(0), total: parts.total };
        let object = match upload.send(parts).await {
            Ok(object) => object,
            Err(error) => {
                upload.abort().await;
                return Err(error);
            }
        };
        cx.facts.lock().await.object = Some(object);
        Ok(Tally::default())
    }
}

/// The file, cut into parts.
struct Parts {
    reader: Box<dyn Read + Send>,
    path: std::path::PathBuf,
    /// Bytes of the whole file; 0 if it is zipped and so not known.
    total: u64,
    is_first: bool,
}

impl Parts {
    fn open(path: &Path) -> Result<Self, PipelineError> {
        let failed = |source| PipelineError::File { path: path.to_path_buf(), source };
        let length = std::fs::metadata(path).map_err(failed)?.len();
        if length == 0 {
            return Err(PipelineError::Data { path: path.to_path_buf(), why: "the file is empty".into() });
        }
        let is_gzip = path.extension().is_some_and(|extension| extension == "gz");
        let total = if is_gzip { 0 } else { length };
        Ok(Self { reader: open(path)?, path: path.to_path_buf(), total, is_first: true })
    }

    fn next(&mut self) -> Result<Option<Bytes>, PipelineError> {
        let mut part = Vec::with_capacity(PART_BYTES);
        let failed = |source| PipelineError::File { path: self.path.clone(), source };
        self.reader.by_ref().take(PART_BYTES as u64).read_to_end(&mut part).map_err(failed)?;
        if part.is_empty() && self.is_first {
            return Err(PipelineError::Data { path: self.path.clone(), why: "the file is empty".into() });
        }
        self.is_first = false;
        Ok((!part.is_empty()).then(|| part.into()))
    }
}

struct Upload<'a> {
    cx: &'a StepCx<'a>,
    bucket: &'a str,
    key: &'a str,
    id: &'a str,
    sent: AtomicU64,
    total: u64,
}

impl Upload<'_> {
    async fn send(&self, mut parts: Parts) -> Result<UploadedObject, PipelineError> {
        let mut done: Vec<CompletedPart> = vec![];
        let mut flying = FuturesUnordered::new();
        let mut number = 1;
        loop {
            while flying.len() < AT_ONCE {
                let Some(bytes) = parts.next()? else { break };
                flying.push(self.part(number, bytes));
                number += 1;
            }
            match flying.next().await {
                Some(part) => done.push(part?),
                None => break,
            }
        }
        done.sort_by_key(CompletedPart::part_number);
        let parts = done;
        let all = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let call = self.cx.cx.aws.s3.complete_multipart_upload().bucket(self.bucket).key(self.key);
        let done = call.upload_id(self.id).multipart_upload(all).send().await.named("s3:PutObject")?;
        let etag = done.e_tag.unwrap_or_default().replace('"', "");
        let version = done.version_id.filter(|version| version != "null").unwrap_or_else(|| format!("etag:{etag}"));
        Ok(UploadedObject { bucket: self.bucket.to_owned(), key: self.key.to_owned(), version })
    }

    async fn part(&self, number: i32, bytes: Bytes) -> Result<CompletedPart, PipelineError> {
        let length = bytes.len() as u64;
        let call = self.cx.cx.aws.s3.upload_part().bucket(self.bucket).key(self.key).upload_id(self.id);
        let part = call.part_number(number).body(ByteStream::from(bytes)).send().await.named("s3:PutObject")?;
        let done = self.sent.fetch_add(length, Ordering::Relaxed) + length;
        let text = format!("{}/{}", self.bucket, self.key);
        self.cx.events.tell(StepEvent::Progress { done, total: self.total, text });
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(part.e_tag)
            .set_checksum_crc32(part.checksum_crc32)
            .set_checksum_crc64_nvme(part.checksum_crc64_nvme)
            .build())
    }

    /// Parts of an unfinished upload are billed until somebody deletes them.
    async fn abort(&self) {
        let call = self.cx.cx.aws.s3.abort_multipart_upload().bucket(self.bucket).key(self.key).upload_id(self.id);
        if let Err(error) = call.send().await.named("s3:AbortMultipartUpload") {
            tracing::warn!(%error, "an unfinished upload stays in `{}`", self.bucket);
        }
    }
}
