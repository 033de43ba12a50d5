//! Writes the rows of a query of Redshift as files to S3.

use async_trait::async_trait;
use serde::Deserialize;

use super::copy::Format;
use crate::kinds::base::{Permission, Reference, Template};
use crate::kinds::template_references;
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, RightsCx, StepCx, Tally, warehouse};
use crate::sql::literal;

/// `unload = { query, to, role, format }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unload {
    /// The query.
    pub query: String,
    /// The prefix of the files: `s3://…`. What has their names is overwritten.
    pub to: Template,
    /// The table `[role.NAME]` that the cluster writes with.
    pub role: String,
    /// How the files are written.
    #[serde(default)]
    pub format: Format,
}

impl Unload {
    pub(in crate::pipeline) fn statement(&self, to: &str, role: &str) -> String {
        let format = match self.format {
            Format::Csv => "FORMAT AS CSV HEADER",
            Format::Parquet => "FORMAT AS PARQUET",
        };
        let (query, to, role) = (literal(&self.query), literal(to), literal(role));
        format!("UNLOAD ({query}) TO {to} IAM_ROLE {role} {format} ALLOWOVERWRITE")
    }
}

#[async_trait]
impl Step for Unload {
    fn reads(&self) -> Vec<Dataset> {
        vec![Dataset::WAREHOUSE]
    }

    fn writes(&self) -> Vec<Dataset> {
        vec![]
    }

    fn references(&self) -> Vec<Reference> {
        let role = Reference::new("role", "role", &self.role);
        template_references("to", &self.to).into_iter().chain([role]).collect()
    }

    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission> {
        cx.warehouse()
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        let (to, role) = (cx.render(&self.to)?, cx.output("role", &self.role, "arn")?);
        warehouse(cx.cx, cx.pipeline)?.execute(&self.statement(&to, &role)).await?;
        Ok(Tally::default())
    }
}
