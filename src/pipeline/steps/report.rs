//! Answers the questions that the data were collected for, and keeps the answers in a bucket.

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use serde::Deserialize;

use crate::aws::Sorted;
use crate::kinds::base::{Permission, Reference};
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, RightsCx, StepCx, Tally, warehouse};
use crate::report::sales;

/// `report = { bucket, key }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    /// The table `[bucket.NAME]`.
    pub bucket: String,
    /// The key of the object, a JSON document.
    pub key: String,
}

#[async_trait]
impl Step for Report {
    fn reads(&self) -> Vec<Dataset> {
        vec![Dataset::WAREHOUSE]
    }

    fn writes(&self) -> Vec<Dataset> {
        vec![]
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::new("bucket", "bucket", &self.bucket)]
    }

    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission> {
        let object = format!("arn:aws:s3:::{}/{}", cx.name("bucket", &self.bucket), self.key);
        cx.warehouse().into_iter().chain([Permission::new(object, &["s3:PutObject"])]).collect()
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        let bucket = cx.output("bucket", &self.bucket, "name")?;
        let sales = sales(&warehouse(cx.cx, cx.pipeline)?, &cx.pipeline.warehouse.table).await?;
        let body = serde_json::to_vec_pretty(&sales).expect("a summary has only texts, numbers and lists");
        let bytes = body.len() as u64;
        let call = cx.cx.aws.s3.put_object().bucket(bucket).key(&self.key).content_type("application/json");
        call.body(ByteStream::from(body)).send().await.named("s3:PutObject")?;
        Ok(Tally { bytes: Some(bytes), ..Tally::default() })
    }
}
