//! One message about one thing, with its place.

use std::ops::Range;
use std::path::PathBuf;

use super::{Class, Explain, Fix, Hint};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The command cannot go on.
    Error,
    /// The command goes on.
    Warning,
}

/// A stretch of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the person named it.
    pub file: PathBuf,
    /// Its whole text.
    pub text: String,
    /// The stretch, in bytes.
    pub span: Range<usize>,
    /// What is wrong right there; may be empty.
    pub label: String,
}

impl Place {
    /// Returns line and column of the beginning, both counted from 1.
    pub fn line_and_column(&self) -> (usize, usize) {
        let before = self.text.get(..self.span.start).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
        (line, column)
    }
}

/// A message with everything that helps to act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Whose fault it is; decides the exit code.
    pub class: Class,
    /// One sentence without a full stop.
    pub message: String,
    /// Where in the stack file, if it is about the file.
    pub place: Option<Place>,
    /// The chain of causes, outermost first.
    pub causes: Vec<String>,
    /// What to do next.
    pub hints: Vec<Hint>,
    /// What `validate --fix` writes.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// Builds an error with nothing but its message.
    pub fn error(class: Class, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            class,
            message: message.into(),
            place: None,
            causes: vec![],
            hints: vec![],
            fix: None,
        }
    }

    /// Builds a warning.
    pub fn warning(class: Class, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(class, message) }
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    /// Collects message, chain of causes and hints of an error.
    pub fn from_error(error: &dyn Explain) -> Self {
        let mut causes = vec![];
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        Self { causes, hints: error.hints(), ..Self::error(error.class(), error.to_string()) }
    }
}
