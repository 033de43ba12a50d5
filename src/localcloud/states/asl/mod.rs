//! The Amazon States Language: its paths, its templates, its choices, and what a definition must look like.

mod check;
mod choice;
mod path;
mod template;

pub(super) use check::check;
pub(super) use choice::holds;
pub(super) use path::{get, set};
pub(super) use template::{fill, value_of};

/// Why a state failed: the name that `Retry` and `Catch` compare, and what people are told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {cause}")]
pub(super) struct Fault {
    pub(super) error: String,
    pub(super) cause: String,
}

impl Fault {
    pub(super) fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { error: error.into(), cause: cause.into() }
    }

    /// A mistake of the definition that shows only when it runs.
    pub(super) fn runtime(cause: impl Into<String>) -> Self {
        Self::new("States.Runtime", cause)
    }
}

/// What paths look into: the input of a state, and the context object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) input: &'a serde_json::Value,
    pub(super) context: &'a serde_json::Value,
}
