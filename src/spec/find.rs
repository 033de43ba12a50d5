//! Which stack file is meant when none is named.

use std::path::{Path, PathBuf};

use crate::diag::{Class, Diagnostic};

/// Returns `named`, or the only `stacks/*.toml` below the present folder.
///
/// # Errors
/// If there is none, or more than one to choose from.
pub fn find(named: Option<&Path>) -> Result<PathBuf, Box<Diagnostic>> {
    if let Some(path) = named {
        if path.is_file() {
            return Ok(path.to_path_buf());
        }
        let message = format!("there is no stack file `{}`", path.display());
        return Err(Box::new(Diagnostic::error(Class::Usage, message)));
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir("stacks")
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    match files.as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            let error = Diagnostic::error(Class::Usage, "there is no stack file in `stacks/`");
            Err(Box::new(error.hint("name one with `--stack FILE`")))
        }
        several => {
            let names: Vec<String> = several.iter().map(|path| format!("`{}`", path.display())).collect();
            let error = Diagnostic::error(Class::Usage, format!("several stack files: {}", names.join(", ")));
            Err(Box::new(
                error.hint("choose one with `--stack FILE`, or for the whole shell with `export STACK_FILE=FILE`"),
            ))
        }
    }
}
