//! What can go wrong with one resource.

use std::path::PathBuf;

use crate::aws::{AwsError, CallerError, Trouble};
use crate::diag::{Class, Explain, Hint};
use crate::model::Address;

/// Why something could not be done with a resource.
#[derive(Debug, thiserror::Error)]
pub enum KindError {
    /// AWS refused, or no answer came.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// A resource that it builds on is not there.
    #[error("`{address}` has no {output} yet")]
    NotKnown {
        /// The resource that is asked.
        address: Address,
        /// What it should offer.
        output: &'static str,
    },
    /// A file of the stack cannot be used.
    #[error("cannot read `{}`", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program that is needed failed.
    #[error("{program} failed: {output}")]
    Program {
        /// What was run.
        program: String,
        /// The end of what it printed.
        output: String,
    },
    /// A database refused a statement or a connection.
    #[error("{what}")]
    Database {
        /// What was attempted, and what the database said.
        what: String,
        /// What to do.
        hint: Option<String>,
    },
    /// AWS would refuse it, and says so only with a code that also stands for what passes by itself.
    #[error("{what}")]
    Refused {
        /// What is in the way.
        what: String,
        /// What to do.
        hint: String,
    },
    /// AWS says itself that the resource failed.
    #[error("{0}")]
    Broken(String),
    /// The caller's own address is unknown.
    #[error(transparent)]
    Caller(#[from] CallerError),
}

impl KindError {
    /// Returns whether the same attempt may succeed a little later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Aws(error) if error.is_passing())
    }

    /// Returns whether no answer came, so that the outcome is unknown.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Aws(error) if error.trouble == Trouble::Lost)
    }

    /// Returns whether the thing is simply not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Aws(error) if error.is_not_found())
    }
}

impl Explain for KindError {
    fn class(&self) -> Class {
        match self {
            Self::Aws(error) => error.class(),
            Self::NotKnown { .. } => Class::Bug,
            _ => Class::Failed,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Aws(error) => error.hints(),
            Self::Caller(error) => error.hints(),
            Self::Refused { hint, .. } => vec![hint.as_str().into()],
            Self::Database { hint, .. } => hint.iter().map(|hint| hint.as_str().into()).collect(),
            _ => vec![],
        }
    }
}
