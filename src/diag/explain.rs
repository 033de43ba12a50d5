//! What an error knows beside its message.

/// Whose fault an error is. It decides the heading and the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The command line is wrong.
    Usage,
    /// The stack file is wrong.
    Spec,
    /// Somebody else holds the lock.
    Locked,
    /// The person said no, or something must be decided first.
    Refused,
    /// The world did not play along.
    Failed,
    /// The person interrupted.
    Interrupted,
    /// `stack` itself is wrong.
    Bug,
}

/// What to do next; a command stands in backticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint(pub String);

impl<Text: Into<String>> From<Text> for Hint {
    fn from(text: Text) -> Self {
        Self(text.into())
    }
}

/// An error that can say more than its message.
pub trait Explain: std::error::Error {
    /// Returns whose fault it is.
    fn class(&self) -> Class;

    /// Returns what to do next.
    fn hints(&self) -> Vec<Hint> {
        vec![]
    }
}
