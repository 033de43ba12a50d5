//! Uploads the local file in parts, unzipped on the way.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt, TryStreamExt, iter};
use serde::Deserialize;

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Permission, Reference};
use crate::pipeline::facts::UploadedObject;
use crate::pipeline::profile::{Format, open};
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, Happening, PipelineError, RightsCx, StepCx, StepEvents, Tally};

/// The size of a part; S3 takes at most 10,000 of them, so this reaches 160 GB.
const PART_BYTES: usize = 16 << 20;

/// How many parts of one file are under way at once; bounds memory to as many parts.
const AT_ONCE: usize = 4;

/// How many files are sent side by side.
const FILES_AT_ONCE: usize = 4;

/// `upload = { bucket }` or `upload = { bucket, key }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadStep {
    /// The table `[bucket.NAME]`.
    pub bucket: String,
    /// The key of the object. Left out, or if there are several files, a file keeps its own name: another file adds its
    /// rows, and the same name with other content takes the place of what it was.
    pub key: Option<String>,
}

#[async_trait]
impl Step for UploadStep {
    fn reads(&self) -> Vec<Dataset> {
        vec![Dataset::FILE]
    }

    fn writes(&self) -> Vec<Dataset> {
        vec![Dataset::OBJECT]
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::new("bucket", "bucket", &self.bucket)]
    }

    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission> {
        let bucket = format!("arn:aws:s3:::{}", cx.name("bucket", &self.bucket));
        vec![
            Permission::new(format!("{bucket}/*"), &["s3:PutObject", "s3:AbortMultipartUpload"]),
            Permission::new(bucket, &["s3:ListBucketMultipartUploads"]),
        ]
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        let bucket = cx.output("bucket", &self.bucket, "name")?;
        if cx.data.is_empty() {
            let why = "no file was named; add `--data FILE`".to_owned();
            return Err(PipelineError::Data { path: "--data".into(), why });
        }
        // What can be seen of all of them is seen before the first is sent.
        let mut evidence = BTreeSet::new();
        for path in cx.data {
            evidence.extend(Format::of(cx.pipeline, path)?.evidence);
        }
        for text in evidence {
            cx.events.tell(Happening::Told { text });
        }
        self.abort_left_over(cx, &bucket).await?;
        let total = cx.data.iter().map(|path| plain_bytes(path)).sum::<Option<u64>>().unwrap_or_default();
        let progress = Progress { events: &cx.events, sent: AtomicU64::new(0), total };
        let sends = cx.data.iter().map(|path| self.send(cx, &bucket, path, &progress));
        let objects: Vec<_> = iter(sends.collect::<Vec<_>>()).buffered(FILES_AT_ONCE).try_collect().await?;
        cx.facts.lock().await.objects = objects;
        Ok(Tally { bytes: Some(progress.sent.into_inner()), ..Tally::default() })
    }
}

impl UploadStep {
    /// Sends one file.
    async fn send(
        &self,
        cx: &StepCx<'_>,
        bucket: &str,
        path: &Path,
        progress: &Progress<'_>,
    ) -> Result<UploadedObject, PipelineError> {
        let key = self.key_of(path, cx.data.len());
        let parts = Parts::open(path)?;
        let started = cx.cx.aws.s3.create_multipart_upload().bucket(bucket).key(&key).content_type("text/csv");
        let id = started.send().await.named("s3:PutObject")?.upload_id;
        let id = id.ok_or_else(|| AwsError::incomplete("s3:PutObject", "upload id"))?;
        let upload = Upload { cx, bucket, key: &key, id: &id, progress };
        match upload.send(parts).await {
            Ok(object) => Ok(object),
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }

    /// Returns the key of a file.
    fn key_of(&self, path: &Path, files: usize) -> String {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match &self.key {
            None => name.to_owned(),
            Some(key) if files == 1 => key.clone(),
            Some(key) => key.rsplit_once('/').map_or_else(|| name.to_owned(), |(folder, _)| format!("{folder}/{name}")),
        }
    }

    /// Ends the uploads that a killed run left unfinished: their parts are billed until somebody does.
    async fn abort_left_over(&self, cx: &StepCx<'_>, bucket: &str) -> Result<(), PipelineError> {
        let keys: BTreeSet<String> = cx.data.iter().map(|path| self.key_of(path, cx.data.len())).collect();
        let answer = cx.cx.aws.s3.list_multipart_uploads().bucket(bucket).send().await;
        let uploads = answer.named("s3:ListBucketMultipartUploads")?.uploads.unwrap_or_default();
        for upload in uploads {
            let (Some(key), Some(id)) = (upload.key, upload.upload_id) else { continue };
            if keys.contains(&key) {
                let call = cx.cx.aws.s3.abort_multipart_upload().bucket(bucket).key(key).upload_id(id);
                call.send().await.named("s3:AbortMultipartUpload")?;
            }
        }
        Ok(())
    }
}

/// How far the upload of all files is.
struct Progress<'a> {
    events: &'a StepEvents,
    sent: AtomicU64,
    /// Bytes of all files; 0 if one is zipped and so not known.
    total: u64,
}

/// Returns the size of a file that is sent as it is.
fn plain_bytes(path: &Path) -> Option<u64> {
    let is_gzip = path.extension().is_some_and(|extension| extension == "gz");
    if is_gzip { None } else { std::fs::metadata(path).ok().map(|metadata| metadata.len()) }
}

/// The file, cut into parts.
struct Parts {
    reader: Box<dyn Read + Send>,
    path: PathBuf,
    is_first: bool,
}

impl Parts {
    fn open(path: &Path) -> Result<Self, PipelineError> {
        let failed = |source| PipelineError::File { path: path.to_path_buf(), source };
        let length = std::fs::metadata(path).map_err(failed)?.len();
        if length == 0 {
            return Err(PipelineError::Data { path: path.to_path_buf(), why: "the file is empty".into() });
        }
        Ok(Self { reader: open(path)?, path: path.to_path_buf(), is_first: true })
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
    progress: &'a Progress<'a>,
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
        let done = self.progress.sent.fetch_add(length, Ordering::Relaxed) + length;
        let text = format!("{}/{}", self.bucket, self.key);
        self.progress.events.tell(Happening::Progress { done, total: self.progress.total, text });
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
