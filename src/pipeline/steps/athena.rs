//! Runs a query over the staging files; Athena keeps its result in the workgroup's place.

use async_trait::async_trait;
use serde::Deserialize;

use super::statements::Source;
use crate::kinds::base::{Entry, Finding, Permission, Reference, Template};
use crate::pipeline::hop::Hop;
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, RightsCx, StepCx, Tally};

/// `athena = { statement }` or `athena = { file }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Athena {
    /// The query.
    statement: Option<Template>,
    /// A file with it.
    file: Option<String>,
}

impl Athena {
    pub(in crate::pipeline) fn source(&self) -> Source {
        Source { statement: self.statement.clone(), file: self.file.clone() }
    }
}

#[async_trait]
impl Step for Athena {
    fn reads(&self) -> Vec<Dataset> {
        Hop::Staging.reads()
    }

    fn writes(&self) -> Vec<Dataset> {
        vec![]
    }

    fn references(&self) -> Vec<Reference> {
        self.source().references()
    }

    fn check(&self, entry: Entry<'_>) -> Vec<Finding> {
        self.source().check(entry)
    }

    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission> {
        cx.staging()
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        let (mut bytes, mut rows) = (0, 0);
        for statement in self.source().statements(cx)? {
            let answer = Hop::Staging.query(cx, &statement).await?;
            bytes += answer.scanned_bytes.unwrap_or_default();
            rows = answer.rows.len() as u64;
        }
        let usd = cx.prices.athena_usd(bytes);
        Ok(Tally { rows_out: Some(rows), bytes: Some(bytes), usd, ..Tally::default() })
    }
}
