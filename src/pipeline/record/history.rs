//! Where runs are kept: one object each below `.stack/runs/` of the bucket that keeps the lease, too.

use aws_sdk_s3::primitives::ByteStream;
use futures::stream::{StreamExt, TryStreamExt, iter};

use super::RunRecord;
use crate::apply;
use crate::aws::{AwsError, Sorted};
use crate::kinds::base::Cx;
use crate::pipeline::PipelineError;
use crate::spec::Stack;

/// Where the runs lie. Everything below `.stack/` is the tool's own.
const FOLDER: &str = ".stack/runs/";

/// How many runs are read side by side.
const AT_ONCE: usize = 16;

/// The runs of a stack.
#[derive(Debug, Clone)]
pub struct History {
    s3: aws_sdk_s3::Client,
    bucket: String,
}

impl History {
    /// Returns where the runs of a stack are kept.
    ///
    /// # Errors
    /// If the stack has no bucket.
    pub fn of(stack: &Stack, cx: &Cx) -> Result<Self, PipelineError> {
        let bucket = apply::lease_bucket(stack).and_then(crate::kinds::base::Resource::identity);
        let bucket = bucket.ok_or_else(|| PipelineError::Absent { address: "a bucket that keeps the runs".into() })?;
        Ok(Self { s3: cx.aws.s3.clone(), bucket })
    }

    /// Writes the record of a run.
    ///
    /// # Errors
    /// If S3 refuses.
    pub async fn save(&self, run: &RunRecord) -> Result<(), AwsError> {
        let body = serde_json::to_vec(run).expect("a record has only texts, numbers and lists");
        let call =
            self.s3.put_object().bucket(&self.bucket).key(key(&run.id)).content_type("text/plain; charset=utf-8");
        call.body(ByteStream::from(body)).send().await.named("s3:PutObject").map(drop)
    }

    /// Reads one run; `None` if there is none with this id.
    ///
    /// # Errors
    /// If S3 refuses, or the record is not of this version's form.
    pub async fn load(&self, id: &str) -> Result<Option<RunRecord>, PipelineError> {
        let object = match self.s3.get_object().bucket(&self.bucket).key(key(id)).send().await.named("s3:GetObject") {
            Err(error) if error.is_not_found() => return Ok(None),
            object => object?,
        };
        let wrong = |why: String| PipelineError::Data { path: format!("s3://{}/{}", self.bucket, key(id)).into(), why };
        let bytes = object.body.collect().await.map_err(|error| wrong(error.to_string()))?.into_bytes();
        serde_json::from_slice(&bytes).map(Some).map_err(|error| wrong(error.to_string()))
    }

    /// Returns the ids of all runs, the newest first.
    ///
    /// # Errors
    /// If S3 refuses.
    pub async fn ids(&self) -> Result<Vec<String>, PipelineError> {
        let call = self.s3.list_objects_v2().bucket(&self.bucket).prefix(FOLDER);
        let mut pages = call.into_paginator().send();
        let mut ids = vec![];
        while let Some(page) = pages.next().await {
            let keys = page.named("s3:ListBucket")?.contents.unwrap_or_default().into_iter().filter_map(|one| one.key);
            let id = |key: String| Some(key.strip_prefix(FOLDER)?.strip_suffix(".json")?.to_owned());
            ids.extend(keys.filter_map(id));
        }
        ids.sort_unstable_by(|one, other| other.cmp(one));
        Ok(ids)
    }

    /// Returns the newest runs, the newest first.
    ///
    /// # Errors
    /// If S3 refuses, or a record is not of this version's form.
    pub async fn newest(&self, count: usize) -> Result<Vec<RunRecord>, PipelineError> {
        let ids = self.ids().await?;
        let loads: Vec<_> = ids.iter().take(count).map(|id| self.load(id)).collect();
        let found: Vec<_> = iter(loads).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }
}

fn key(id: &str) -> String {
    format!("{FOLDER}{id}.json")
}
