//! Why a change could not be carried out.

use std::time::Duration;

use crate::diag::{Class, Explain, Hint};
use crate::kinds::base::KindError;
use crate::model::Address;

/// Why a change could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A listing failed: what is there is unknown, never absent.
    #[error("cannot list `{kind}`")]
    List {
        /// The kind.
        kind: &'static str,
        /// Why.
        source: KindError,
    },
    /// A call for one resource failed.
    #[error("cannot {verb} `{address}`")]
    Call {
        /// What was attempted.
        verb: &'static str,
        /// The resource.
        address: Address,
        /// Why.
        source: KindError,
    },
    /// The resource says itself that it failed.
    #[error("`{address}` failed: {why}")]
    Broken {
        /// The resource.
        address: Address,
        /// Its own words.
        why: String,
    },
    /// The resource did not settle in time.
    #[error("`{address}` was not ready after {} s; last seen: {last}", limit.as_secs())]
    TimedOut {
        /// The resource.
        address: Address,
        /// How long was waited.
        limit: Duration,
        /// The status as last seen.
        last: String,
    },
    /// After the write the resource still differs.
    #[error("`{address}` still differs after it was written: {fields}")]
    NotAsDeclared {
        /// The resource.
        address: Address,
        /// The fields.
        fields: String,
    },
}

impl Explain for ApplyError {
    fn class(&self) -> Class {
        match self {
            Self::List { source, .. } | Self::Call { source, .. } => source.class(),
            Self::Broken { .. } | Self::TimedOut { .. } => Class::Failed,
            Self::NotAsDeclared { .. } => Class::Bug,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::List { source, .. } | Self::Call { source, .. } => source.hints(),
            Self::TimedOut { .. } => vec!["run the command again: it goes on where it stopped".into()],
            Self::Broken { .. } => vec![],
            Self::NotAsDeclared { .. } => vec!["somebody else may be changing it; run `stack plan`".into()],
        }
    }
}
