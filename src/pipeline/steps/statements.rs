//! SQL of a step: written in the stack file, or in a file of its own.

use serde::Deserialize;

use crate::kinds::base::{Declared, Entry, Finding, KindError, Reference, Template};
use crate::kinds::template_references;
use crate::pipeline::{PipelineError, StepCx};
use crate::sql;

/// One of the two keys.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub statement: Option<Template>,
    pub file: Option<String>,
}

impl Source {
    pub(crate) fn references(&self) -> Vec<Reference> {
        self.statement.iter().flat_map(|statement| template_references("statement", statement)).collect()
    }

    pub(crate) fn check(&self, entry: Entry<'_>) -> Vec<Finding> {
        match (&self.statement, &self.file) {
            (Some(_), None) => vec![],
            (None, Some(file)) if entry.all.path(file).is_file() => vec![],
            (None, Some(file)) => vec![Finding::no_such("file", "file", file)],
            (Some(_), Some(_)) => vec![Finding::error("file", "there is a `statement`, too: leave one out")],
            (None, None) => {
                let finding = Finding::error("", "there is no SQL");
                vec![finding.hint("write `statement = \"...\"` or `file = \"...\"`")]
            }
        }
    }

    /// Returns the SQL as it is written, with `${..}` for what is known only later.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn text(&self, all: &Declared) -> Result<String, KindError> {
        match (&self.statement, &self.file) {
            (Some(statement), _) => Ok(statement.as_str().to_owned()),
            (None, Some(file)) => {
                let path = all.path(file);
                std::fs::read_to_string(&path).map_err(|source| KindError::File { path, source })
            }
            (None, None) => Ok(String::new()),
        }
    }

    /// Returns the statements, one by one.
    ///
    /// # Errors
    /// If the file cannot be read, or a resource that is named does not exist.
    pub(crate) fn statements(&self, cx: &StepCx<'_>) -> Result<Vec<String>, PipelineError> {
        let text = match (&self.statement, &self.file) {
            (Some(statement), _) => cx.render(statement)?,
            (None, Some(file)) => {
                let path = cx.stack.declared.path(file);
                std::fs::read_to_string(&path).map_err(|source| PipelineError::File { path, source })?
            }
            (None, None) => String::new(),
        };
        Ok(sql::statements(&text))
    }
}
