//! Why a pipeline stopped.

use std::fmt;
use std::path::PathBuf;

use crate::aws::{AwsError, Trouble};
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
    /// A failure, with what its log says of it.
    #[error("{failure}")]
    Explained {
        /// The failure.
        failure: Box<PipelineError>,
        /// The lines of the log that matter, the most important one first.
        lines: Vec<String>,
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
    /// Rows are not as a check expects them.
    #[error("{at} is not as expected: {}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unsound {
        /// The hop.
        at: String,
        /// One for each rule that is broken.
        problems: Vec<Problem>,
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

/// A rule of a check that rows break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, with how many.
    pub what: String,
    /// A few of the rows, as CSV; the first line names the columns.
    pub sample: Vec<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// What AWS says of work that it could not do just then.
const PASSING: [&str; 6] =
    ["throttl", "rate exceeded", "concurrent runs exceeded", "resource unavailable", "capacity", "try again"];

impl PipelineError {
    /// Returns whether the same step may succeed if it is tried again: AWS was busy, the network was gone, a lock was
    /// held. Wrong SQL, wrong data and missing permissions never pass.
    pub fn may_pass(&self) -> bool {
        let passing = |text: &str| PASSING.iter().any(|words| text.to_lowercase().contains(words));
        match self {
            Self::Aws(error) | Self::Sql(SqlError::Aws(error)) => {
                matches!(error.trouble, Trouble::Throttled | Trouble::Lost | Trouble::NotYet)
                    || ["ConcurrentRunsExceededException", "ResourceNumberLimitExceededException"]
                        .contains(&error.code.as_str())
            }
            Self::Sql(SqlError::Connect { .. }) => true,
            // InnoDB's own words for a deadlock and for a lock that was not given in time.
            Self::Sql(SqlError::Statement { message, .. }) => {
                message.contains("try restarting transaction") || message.contains("serializable isolation violation")
            }
            Self::Ended { why, .. } => passing(why),
            _ => false,
        }
    }

    /// Returns where the log of what failed is: a log group, with the stream behind `:` where there is one.
    pub fn log(&self) -> Option<&str> {
        match self {
            Self::Ended { log, .. } | Self::TimedOut { log, .. } => log.as_deref(),
            _ => None,
        }
    }

    /// Returns all that is kept of it: the message, and what the log says.
    pub fn told(&self) -> String {
        match self {
            Self::Explained { failure, lines } => format!("{failure}\n{}", lines.join("\n")),
            Self::Unsound { problems, .. } => {
                let samples = problems.iter().flat_map(|problem| problem.sample.iter().map(String::as_str));
                std::iter::once(self.to_string().as_str()).chain(samples).collect::<Vec<_>>().join("\n")
            }
            other => other.to_string(),
        }
    }

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
            Self::Explained { failure, .. } => failure.class(),
            Self::Data { .. } | Self::File { .. } => Class::Usage,
            _ => Class::Failed,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Aws(error) => error.hints(),
            Self::Sql(error) => error.hints(),
            Self::Explained { failure, lines } => {
                let mut hints = vec![format!("its log says:\n{}", lines.join("\n")).into()];
                hints.extend(failure.hints());
                hints
            }
            Self::Absent { .. } => vec!["run `stack up` first".into()],
            Self::Ended { log: Some(log), .. } | Self::TimedOut { log: Some(log), .. } => {
                vec![format!("its log is the log group `{log}`").into()]
            }
            Self::Unsound { problems, .. } => {
                let line = |problem: &Problem| Some(format!("for example:\n{}", problem.sample.join("\n")).into());
                problems.iter().filter(|problem| !problem.sample.is_empty()).filter_map(line).collect()
            }
            Self::Differs { .. } => vec!["values were changed on the way; nothing downstream was trusted".into()],
            _ => vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aws(trouble: Trouble, code: &str) -> PipelineError {
        let (code, message) = (code.to_owned(), String::new());
        AwsError { trouble, operation: "glue:StartJobRun", code, message, request_id: None }.into()
    }

    fn refused(message: &str) -> PipelineError {
        SqlError::Statement { database: "MySQL", statement: "DELETE".into(), message: message.into() }.into()
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        assert!(aws(Trouble::Throttled, "ThrottlingException").may_pass());
        assert!(aws(Trouble::Conflict, "ConcurrentRunsExceededException").may_pass());
        assert!(!aws(Trouble::Denied, "AccessDeniedException").may_pass());
        assert!(refused("Deadlock found when trying to get lock; try restarting transaction").may_pass());
        assert!(!refused("You have an error in your SQL syntax").may_pass());
    }
}
