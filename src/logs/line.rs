//! One entry of a log.

use jiff::Timestamp;

/// One entry of a log; a stack trace is one entry of several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it was written.
    pub at: Timestamp,
    /// Whose log it is in, such as `lambda.reader`.
    pub address: String,
    /// What it says.
    pub message: String,
}

/// An entry with what tells it from others of the same log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) message: String,
}

/// Returns a message with the line ends and spaces that people expect: Lambda's own runtime writes a stack trace with
/// carriage returns and spaces that do not break, so that it stays one entry.
pub(super) fn plain(message: &str) -> String {
    let lines = message.replace("\r\n", "\n").replace('\r', "\n").replace('\u{a0}', " ");
    lines.trim_end().to_owned()
}
