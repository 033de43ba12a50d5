//! Why logs could not be read.

use crate::aws::{AwsError, Trouble};
use crate::diag::{Class, Explain, Hint};

/// Why logs could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// AWS refused, or no answer came.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Nothing of this address is in the stack file.
    #[error("there is no resource `{address}` in the stack file")]
    Unknown {
        /// What was asked for.
        address: String,
        /// What could have been.
        known: Vec<String>,
    },
    /// The resource exists, but nothing of it writes a log.
    #[error("`{address}` writes no log")]
    Silent {
        /// What was asked for.
        address: String,
        /// What writes one.
        known: Vec<String>,
    },
}

impl LogsError {
    /// Returns whether the next look may go well.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Aws(error) => error.is_passing() || error.trouble == Trouble::Lost,
            _ => false,
        }
    }
}

impl Explain for LogsError {
    fn class(&self) -> Class {
        match self {
            Self::Aws(error) => error.class(),
            Self::Unknown { .. } | Self::Silent { .. } => Class::Usage,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Aws(error) => error.hints(),
            Self::Unknown { known, .. } | Self::Silent { known, .. } if known.is_empty() => {
                vec!["functions, jobs, crawlers and MySQL instances write logs; the stack file declares none".into()]
            }
            Self::Unknown { known, .. } | Self::Silent { known, .. } => {
                vec![format!("these write logs: {}", known.join(", ")).into()]
            }
        }
    }
}
