//! `validate --fix`: writes what needs no decision of a person, and touches nothing else in the file.

use std::io::Write;
use std::path::Path;

use super::bucket_name::left_behind;
use super::load::{load_document, read};
use super::splice::{Change, splice};
use super::{Document, Options, Stack};
use crate::diag::{Class, Diagnostic, Fix};
use crate::model::KeyPath;

/// A fix may bring another to light; a file that needs more rounds than this is not getting better.
const ROUNDS: usize = 4;

/// A text that holds an old name and was left as it is, because it may be a name of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The line in the file as it is now, counted from 1.
    pub line: usize,
    /// The key.
    pub at: KeyPath,
    /// The old name.
    pub name: String,
}

/// What came of a repair.
pub struct Repaired {
    /// What was changed, in the order of the file.
    pub changes: Vec<Change>,
    /// What was not.
    pub left: Vec<Left>,
    /// The stack that the file now declares, or what is still wrong with it.
    pub outcome: Result<Stack, Vec<Diagnostic>>,
}

/// Rewrites a stack file: every replacement that needs no decision of a person is made.
///
/// # Errors
/// If the file is no TOML, or cannot be read or written; it is then as it was.
pub fn repair(file: &Path, options: &Options<'_>) -> Result<Repaired, Vec<Diagnostic>> {
    let mut text = read(file)?;
    let (mut changes, mut renamed) = (vec![], vec![]);
    let mut rounds = 0..ROUNDS;
    let (document, outcome) = loop {
        let document = Document::parse(file, text.clone())?;
        let outcome = load_document(document.clone(), options);
        let fixes = fixes(&outcome);
        if fixes.is_empty() || rounds.next().is_none() {
            break (document, outcome);
        }
        renamed.extend(fixes.iter().filter_map(|fix| old_bucket_name(&document, fix)));
        let (fixed, made) = splice(&text, &fixes).map_err(|error| vec![no_toml(file, &error)])?;
        if made.is_empty() {
            break (document, outcome);
        }
        changes.extend(made);
        text = fixed;
    };
    if !changes.is_empty() {
        replace_file(file, &text).map_err(|error| vec![cannot_write(file, &error)])?;
    }
    let left = renamed.iter().flat_map(|name| left_behind(&document, name)).map(|(at, name)| {
        let (line, _) = document.place(&at, "").line_and_column();
        Left { line, at, name }
    });
    Ok(Repaired { changes, left: left.collect(), outcome })
}

fn fixes(outcome: &Result<Stack, Vec<Diagnostic>>) -> Vec<Fix> {
    let diagnostics = match outcome {
        Ok(stack) => &stack.warnings,
        Err(errors) => errors,
    };
    diagnostics.iter().filter_map(|one| one.fix.clone()).collect()
}

fn old_bucket_name(document: &Document, fix: &Fix) -> Option<String> {
    let [table, _, key] = fix.at.keys() else { return None };
    let is_name = table == "bucket" && key == "name";
    let name = document.value(&fix.at)?.as_str()?;
    is_name.then(|| name.to_owned())
}

/// Replaces the file as a whole: whoever reads it meanwhile sees the old text or the new one.
pub(super) fn replace_file(file: &Path, text: &str) -> std::io::Result<()> {
    // A link stays a link.
    let file = file.canonicalize()?;
    let permissions = file.metadata()?.permissions();
    if permissions.readonly() {
        return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    let mut fresh = tempfile::NamedTempFile::new_in(file.parent().unwrap_or(Path::new(".")))?;
    fresh.write_all(text.as_bytes())?;
    fresh.as_file().set_permissions(permissions)?;
    fresh.as_file().sync_all()?;
    fresh.persist(&file)?;
    Ok(())
}

pub(super) fn no_toml(file: &Path, error: &toml_edit::TomlError) -> Diagnostic {
    Diagnostic::error(Class::Spec, format!("`{}`: {}", file.display(), error.message()))
}

pub(super) fn cannot_write(file: &Path, error: &std::io::Error) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(Class::Failed, format!("cannot write `{}`", file.display()));
    diagnostic.causes.push(error.to_string());
    diagnostic
}
