//! Why nothing could be measured.

use std::path::PathBuf;

use crate::aws::AwsError;
use crate::diag::{Class, Explain, Hint};
use crate::sql::SqlError;

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum TuneError {
    /// AWS refused, or no answer came.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// A statement or a connection failed.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// The local file cannot be read.
    #[error("cannot read `{}`: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// Every key sets the function off, so that a copy would be loaded twice.
    #[error("every new object sets `{function}` off, so what is tried would be loaded a second time")]
    TakesAll {
        /// The function.
        function: String,
    },
    /// A function did not take another memory size.
    #[error("`{function}` did not take another memory size: {why}")]
    Unsettled {
        /// The function.
        function: String,
        /// What Lambda says.
        why: String,
    },
}

impl Explain for TuneError {
    fn class(&self) -> Class {
        match self {
            Self::File { .. } => Class::Usage,
            Self::TakesAll { .. } => Class::Refused,
            _ => Class::Failed,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Aws(error) => error.hints(),
            Self::Sql(error) => error.hints(),
            Self::TakesAll { .. } => vec!["give its trigger a suffix such as `.csv`".into()],
            Self::Unsettled { .. } => vec!["`stack up` gives it the declared memory back".into()],
            Self::File { .. } => vec![],
        }
    }
}
