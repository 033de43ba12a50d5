//! What a step must answer.

use std::fmt;
use std::path::PathBuf;

use async_trait::async_trait;
use serde::Serialize;
use tokio::sync::Mutex;

use super::{Facts, PipelineError, PipelineTable, RightsCx, StepEvents};
use crate::kinds::base::{Cx, Permission};
use crate::model::Address;
use crate::spec::Stack;

/// What steps read and write. Order follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dataset {
    /// The file on this machine.
    File,
    /// The object in the input bucket.
    Object,
    /// The MySQL table.
    Mysql,
    /// The staging files.
    Staging,
    /// The staging files as a table of the catalog.
    StagingTable,
    /// The Redshift table.
    Warehouse,
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "the file",
            Self::Object => "the object",
            Self::Mysql => "MySQL",
            Self::Staging | Self::StagingTable => "staging",
            Self::Warehouse => "Redshift",
        })
    }
}

/// Rows that went through a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Rows in, where the step counts rows.
    pub rows_in: Option<u64>,
    /// Rows out.
    pub rows_out: Option<u64>,
    /// Rows put aside with a reason.
    pub rejected: u64,
}

impl Tally {
    /// Returns the tally of a step that passes every row on.
    pub fn through(rows: u64) -> Self {
        Self { rows_in: Some(rows), rows_out: Some(rows), rejected: 0 }
    }
}

/// What a step works with.
pub struct StepCx<'a> {
    /// The way to AWS, and the outputs of what exists.
    pub cx: &'a Cx,
    /// The stack.
    pub stack: &'a Stack,
    /// The pipeline's own table.
    pub pipeline: &'a PipelineTable,
    /// The local file.
    pub data: Option<PathBuf>,
    /// Where progress is told.
    pub events: &'a StepEvents,
    /// What earlier steps found out.
    pub facts: &'a Mutex<Facts>,
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
}

/// One step. Running it twice leaves what running it once leaves.
#[async_trait]
pub trait Step: Send + Sync {
    /// Returns what it reads.
    fn reads(&self) -> &[Dataset];

    /// Returns what it writes.
    fn writes(&self) -> &[Dataset];

    /// Returns what a person must be allowed to do for it.
    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission>;

    /// Does it.
    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError>;
}
