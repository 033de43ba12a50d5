//! `stack validate`.

use serde_json::json;

use super::args::Global;
use super::session::load;
use super::{Exit, Outcome};
use crate::ui::Ui;

/// Checks the file; errors are shown by the caller, all at once.
pub(super) fn run(ui: Ui, global: &Global) -> Outcome {
    let stack = load(ui, global)?;
    let (resources, warnings) = (stack.resources.len(), stack.warnings.len());
    if ui.json {
        ui.json_data(&json!({ "version": 1, "valid": true, "resources": resources, "warnings": warnings }));
    } else {
        let file = stack.document.file().display().to_string();
        ui.data(&format!("`{file}` is valid: {resources} resources, {warnings} warnings"));
    }
    Ok(Exit::Done)
}
