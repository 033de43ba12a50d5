//! What a control plane service answers when it refuses.

/// An error with the code that stands on the wire.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
}

impl Refusal {
    /// Refuses with any status.
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    /// Refuses a request that is wrong.
    pub(super) fn bad(code: &str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }
}
