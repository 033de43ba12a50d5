//! Why a change could not be carried out.

use std::time::Duration;

use crate::aws::AwsError;
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
    /// What a resource holds cannot be looked at.
    #[error("cannot look into `{address}`")]
    Look {
        /// The resource.
        address: Address,
        /// Why.
        source: KindError,
    },
    /// Permissions cannot be checked.
    #[error("cannot check what you are allowed to do")]
    Simulate {
        /// Why.
        source: AwsError,
    },
    /// A call for one resource failed.
    #[error("cannot {verb} `{address}`{}", first_cause(first.as_deref()))]
    Call {
        /// What was attempted.
        verb: &'static str,
        /// The resource.
        address: Address,
        /// Why, at last.
        source: KindError,
        /// Why at first, where the call was repeated.
        first: Option<Box<KindError>>,
    },
    /// The person interrupted while the resource was on its way: what comes of it is unknown.
    #[error("`{address}` was left on its way")]
    Interrupted {
        /// The resource.
        address: Address,
        /// The status as last seen.
        status: String,
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

fn first_cause(first: Option<&KindError>) -> String {
    first.map(|first| format!(", at first because it {first}")).unwrap_or_default()
}

impl ApplyError {
    /// Builds the error of a call, with its first refusal if that was another one.
    pub(super) fn call(verb: &'static str, address: Address, source: KindError, first: Option<KindError>) -> Self {
        let first = first.filter(|first| first.to_string() != source.to_string()).map(Box::new);
        Self::Call { verb, address, source, first }
    }

    /// Returns whether the state of the resource is unknown: no answer came, or nobody waited for the end.
    pub fn leaves_unknown(&self) -> bool {
        match self {
            Self::Interrupted { .. } | Self::TimedOut { .. } => true,
            Self::Call { source, .. } => source.is_lost(),
            _ => false,
        }
    }
}

impl Explain for ApplyError {
    fn class(&self) -> Class {
        match self {
            Self::List { source, .. } | Self::Call { source, .. } | Self::Look { source, .. } => source.class(),
            Self::Simulate { source } => source.class(),
            Self::Broken { .. } | Self::TimedOut { .. } => Class::Failed,
            Self::Interrupted { .. } => Class::Interrupted,
            Self::NotAsDeclared { .. } => Class::Bug,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::List { source, .. } | Self::Call { source, .. } | Self::Look { source, .. } => source.hints(),
            Self::Simulate { source } => source.hints(),
            Self::TimedOut { .. } | Self::Interrupted { .. } => {
                vec!["run the command again: it goes on where it stopped".into()]
            }
            Self::Broken { .. } => vec![],
            Self::NotAsDeclared { .. } => vec!["somebody else may be changing it; run `stack plan`".into()],
        }
    }
}
