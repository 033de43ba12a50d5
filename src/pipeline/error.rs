//! Why a pipeline stopped.

use std::path::PathBuf;

use crate::aws::AwsError;
use crate::diag::{Class, Explain, Hint};
use crate::sql::SqlError;
use crate::wait::WaitError;

/// Why a pipeline stopped.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// AWS refused, or no answer came.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// A statement or a connection failed.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// A resource that a step uses is not there.
    #[error("`{address}` does not exist")]
    Absent {
        /// The resource.
        address: String,
    },
    /// The local file cannot be read.
    #[error("cannot read `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The local file is not what the pipeline reads.
    #[error("`{}` is not usable: {why}", path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A remote piece of work ended badly, by its own account.
    #[error("{what} ended as {state}: {why}")]
    Ended {
        /// What it was.
        what: String,
        /// The state that AWS reports.
        state: String,
        /// Its own words.
        why: String,
        /// Where it logs.
        log: Option<String>,
    },
    /// Something did not end in time.
    #[error("{what}: {last}")]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long, and the state as last seen.
        last: String,
        /// Where to look.
        log: Option<String>,
    },
    /// Two hops differ.
    #[error("{left} and {right} differ: {}", differences.join("; "))]
    Differs {
        /// The earlier hop.
        left: String,
        /// The later hop.
        right: String,
        /// One line a figure.
        differences: Vec<String>,
    },
    /// A step counted rows that do not add up.
    #[error("step `{step}` lost rows: {rows_in} in, {rows_out} out, {rejected} rejected")]
    Lost {
        /// The step.
        step: String,
        /// Rows in.
        rows_in: u64,
        /// Rows out.
        rows_out: u64,
        /// Rows rejected.
        rejected: u64,
    },
}

impl PipelineError {
    /// Turns a wait that ended badly into words.
    pub fn of_wait(error: WaitError<Self>, what: &str, log: Option<String>) -> Self {
        match error {
            WaitError::Look(error) => error,
            WaitError::Failed(why) => Self::Ended { what: what.to_owned(), state: "FAILED".into(), why, log },
            timed_out @ WaitError::TimedOut { .. } => {
                Self::TimedOut { what: what.to_owned(), last: timed_out.to_string(), log }
            }
        }
    }
}

impl Explain for PipelineError {
    fn class(&self) -> Class {
        match self {
            Self::Data { .. } | Self::File { .. } => Class::Usage,
            _ => Class::Failed,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Aws(error) => error.hints(),
            Self::Sql(error) => error.hints(),
            Self::Absent { .. } => vec!["run `stack up` first".into()],
            Self::Ended { log: Some(log), .. } | Self::TimedOut { log: Some(log), .. } => {
                vec![format!("its log is the log group `{log}`").into()]
            }
            Self::Differs { .. } => vec!["values were changed on the way; nothing downstream was trusted".into()],
            _ => vec![],
        }
    }
}
