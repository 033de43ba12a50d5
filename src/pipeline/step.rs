//! What a step must answer.

use std::path::PathBuf;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::record::Memory;
use super::{Dataset, Facts, PipelineError, PipelineTable, RightsCx, StepEvents};
use crate::billing::Prices;
use crate::kinds::base::{Cx, Entry, Finding, Permission, Reference, Template};
use crate::model::Address;
use crate::spec::Stack;

/// What a step counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Rows in, where the step counts rows.
    pub rows_in: Option<u64>,
    /// Rows out.
    pub rows_out: Option<u64>,
    /// Rows put aside with a reason.
    #[serde(default)]
    pub rejected: u64,
    /// Bytes moved or read, where the step knows.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// US dollars at list prices, where AWS tells what was used.
    #[serde(default)]
    pub usd: Option<f64>,
    /// Where its log is: a log group, with the stream behind `:` where there is one.
    #[serde(default)]
    pub log: Option<String>,
}

impl Tally {
    /// Returns the tally of a step that passes every row on.
    pub fn through(rows: u64) -> Self {
        Self { rows_in: Some(rows), rows_out: Some(rows), ..Self::default() }
    }
}

/// What a step works with.
pub struct StepCx<'a> {
    /// The way to AWS, and the outputs of what exists.
    pub cx: &'a Cx,
    /// The stack.
    pub stack: &'a Stack,
    /// What is billed by use costs so much.
    pub prices: &'a Prices,
    /// The pipeline's own table.
    pub pipeline: &'a PipelineTable,
    /// The local files.
    pub data: &'a [PathBuf],
    /// Where progress is told.
    pub events: StepEvents,
    /// What earlier steps found out.
    pub facts: &'a Mutex<Facts>,
    /// What this step noted down in an earlier attempt or run.
    pub memory: Memory<'a>,
}

impl StepCx<'_> {
    /// Returns an output of a resource.
    ///
    /// # Errors
    /// If the resource does not exist.
    pub fn output(&self, kind: &str, name: &str, output: &str) -> Result<String, PipelineError> {
        let address = Address::new(kind, name);
        let value = self.cx.known.get(&address, output);
        value.ok_or_else(|| PipelineError::Absent { address: address.to_string() })
    }

    /// Returns a text with its outputs filled in.
    ///
    /// # Errors
    /// If a resource that it names does not exist.
    pub fn render(&self, template: &Template) -> Result<String, PipelineError> {
        let text = template.render(&self.cx.known);
        text.ok_or_else(|| PipelineError::Absent { address: template.as_str().to_owned() })
    }
}

/// One step. Running it twice leaves what running it once leaves.
#[async_trait]
pub trait Step: Send + Sync {
    /// Returns what it reads.
    fn reads(&self) -> Vec<Dataset>;

    /// Returns what it writes.
    fn writes(&self) -> Vec<Dataset>;

    /// Returns the dataset that nobody may go on with if this step fails.
    fn gates(&self) -> Option<Dataset> {
        None
    }

    /// Returns the values that name other tables, relative to the step's own key.
    fn references(&self) -> Vec<Reference>;

    /// Checks values beyond their types.
    fn check(&self, _entry: Entry<'_>) -> Vec<Finding> {
        vec![]
    }

    /// Returns what a person must be allowed to do for it.
    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission>;

    /// Does it.
    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError>;
}
