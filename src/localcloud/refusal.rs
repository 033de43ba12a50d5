//! What AWS answers when it does not do what it was asked.

use super::Reply;

/// A refusal with the error code that stands on the wire.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{code}: {message}")]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
}

impl Refusal {
    /// Builds a refusal with status 400, which most are.
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into() }
    }

    /// Gives it another HTTP status.
    pub(super) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Returns the error code.
    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    /// Returns what a person is told.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Renders it for the JSON and REST-JSON protocols.
    pub(super) fn reply(&self) -> Reply {
        Reply::json_error(self.status, self.code, &self.message)
    }
}
