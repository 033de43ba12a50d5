//! What a person writes: a table of the stack file, and the resources that it stands for.

use std::any::Any;
use std::sync::Arc;

use jiff::civil::Date;
use serde::de::DeserializeOwned;

use super::{Declared, KindError, Resource};
use crate::diag::Replacement;
use crate::model::KeyPath;

/// A value that names another table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Where it stands, relative to its own table: `source.connection`.
    pub at: String,
    /// The table it must name.
    pub table: &'static str,
    /// The name.
    pub name: String,
    /// What is used of it, where it is an output in a text.
    pub output: Option<String>,
}

impl Reference {
    /// Builds a reference.
    pub fn new(at: impl Into<String>, table: &'static str, name: impl Into<String>) -> Self {
        Self { at: at.into(), table, name: name.into(), output: None }
    }
}

/// Something wrong with a value that is of the right type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where, relative to its own table; empty for the table as a whole.
    pub at: String,
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub hint: Option<String>,
    /// What a machine may write instead; it is shown as the line to paste.
    pub replacement: Option<Replacement>,
    /// Whether it is only a warning.
    pub warning: bool,
}

impl Finding {
    /// Builds an error about a field.
    pub fn error(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into(), hint: None, replacement: None, warning: false }
    }

    /// Builds the error of a path that leads nowhere.
    pub fn no_such(at: &str, what: &str, path: &str) -> Self {
        let finding = Self::error(at, format!("there is no {what} `{path}`"));
        finding.hint("relative paths begin at the folder of the stack file")
    }

    /// Builds a warning about a field.
    pub fn warning(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { warning: true, ..Self::error(at, message) }
    }

    /// Adds a value that is right without a decision of a person.
    #[must_use]
    pub fn replace(self, value: impl Into<serde_json::Value>) -> Self {
        self.rewrite(Replacement::Value(value.into()))
    }

    /// Adds what a machine may write instead.
    #[must_use]
    pub fn rewrite(mut self, replacement: Replacement) -> Self {
        self.replacement = Some(replacement);
        self
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// One table of the stack file while it is being expanded.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// Its logical name.
    pub name: &'a str,
    /// Where it stands.
    pub origin: &'a KeyPath,
    /// The stack's name.
    pub stack: &'a str,
    /// The stack's region.
    pub region: &'a str,
    /// The day of the check: what AWS refuses depends on it.
    pub today: Date,
    /// All tables.
    pub all: &'a Declared,
}

/// A table of the stack file. It may stand for several resources.
pub trait Table: Send + Sync + 'static {
    /// The first key: `[mysql.sales]`.
    const NAME: &'static str;
    /// Whether there is at most one, without a name of its own: `[network]`.
    const SINGLE: bool = false;
    /// Its keys.
    type Spec: DeserializeOwned + Send + Sync + 'static;

    /// Returns the values that name other tables.
    fn references(&self, _spec: &Self::Spec) -> Vec<Reference> {
        vec![]
    }

    /// Checks values beyond their types.
    fn check(&self, _spec: &Self::Spec, _entry: Entry<'_>) -> Vec<Finding> {
        vec![]
    }

    /// Returns the name that must be unique in the account, if there is one.
    fn unique_name(&self, _spec: &Self::Spec) -> Option<String> {
        None
    }

    /// Returns the resources that it stands for. Called only when nothing in the file is wrong.
    ///
    /// # Errors
    /// If a file that it names cannot be read.
    fn expand(&self, spec: &Self::Spec, entry: Entry<'_>) -> Result<Vec<Resource>, KindError>;
}

/// Why one key of a table could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError {
    /// The keys below the table that lead to it.
    pub path: Vec<String>,
    /// What the parser said.
    pub message: String,
}

/// A [`Table`] without its type.
pub trait AnyTable: Send + Sync {
    /// See [`Table::NAME`].
    fn name(&self) -> &'static str;
    /// See [`Table::SINGLE`].
    fn is_single(&self) -> bool;
    /// Parses the keys.
    ///
    /// # Errors
    /// The first thing that is wrong.
    fn parse(&self, value: &serde_json::Value) -> Result<Arc<dyn Any + Send + Sync>, SpecError>;
    /// See [`Table::references`].
    fn references(&self, all: &Declared, name: &str) -> Vec<Reference>;
    /// See [`Table::check`].
    fn check(&self, entry: Entry<'_>) -> Vec<Finding>;
    /// See [`Table::unique_name`].
    fn unique_name(&self, all: &Declared, name: &str) -> Option<String>;
    /// See [`Table::expand`].
    ///
    /// # Errors
    /// If a file that it names cannot be read.
    fn expand(&self, entry: Entry<'_>) -> Result<Vec<Resource>, KindError>;
}

impl<T: Table> AnyTable for T {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn is_single(&self) -> bool {
        T::SINGLE
    }

    fn parse(&self, value: &serde_json::Value) -> Result<Arc<dyn Any + Send + Sync>, SpecError> {
        let parsed: Result<T::Spec, _> = serde_path_to_error::deserialize(value);
        match parsed {
            Ok(spec) => Ok(Arc::new(spec)),
            Err(error) => {
                let path = error.path().iter().filter_map(key_of).collect();
                Err(SpecError { path, message: error.into_inner().to_string() })
            }
        }
    }

    fn references(&self, all: &Declared, name: &str) -> Vec<Reference> {
        all.get::<T>(name).map(|spec| Table::references(self, spec)).unwrap_or_default()
    }

    fn check(&self, entry: Entry<'_>) -> Vec<Finding> {
        entry.all.get::<T>(entry.name).map(|spec| Table::check(self, spec, entry)).unwrap_or_default()
    }

    fn unique_name(&self, all: &Declared, name: &str) -> Option<String> {
        Table::unique_name(self, all.get::<T>(name)?)
    }

    fn expand(&self, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        match entry.all.get::<T>(entry.name) {
            Some(spec) => Table::expand(self, spec, entry),
            None => Ok(vec![]),
        }
    }
}

fn key_of(segment: &serde_path_to_error::Segment) -> Option<String> {
    match segment {
        serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
        serde_path_to_error::Segment::Map { key } => Some(key.clone()),
        serde_path_to_error::Segment::Enum { variant } => Some(variant.clone()),
        serde_path_to_error::Segment::Unknown => None,
    }
}
