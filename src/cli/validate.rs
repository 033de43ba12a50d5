//! `stack validate`.

use clap::Args;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::args::Global;
use super::session::{options, today};
use super::{Exit, Outcome};
use crate::diag::Diagnostic;
use crate::spec::{self, Change, Left, Stack};
use crate::ui::{Ui, diagnostics_json, render_diagnostic};

/// The arguments.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Rewrite the file: retired values get today's, everything else stays as it is
    #[arg(long)]
    pub fix: bool,
    /// Judge what AWS has retired by this day instead of today
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub as_of: Option<Date>,
}

/// Checks the file, and repairs it if that is asked for; errors are shown all at once.
pub(super) fn run(ui: Ui, global: &Global, args: &ValidateArgs) -> Outcome {
    let file = spec::find(global.stack.as_deref()).map_err(|error| vec![*error])?;
    let options = options(global, args.as_of.unwrap_or_else(today));
    if !args.fix {
        let stack = spec::load(&file, &options)?;
        let mut answer = valid(&stack);
        answer["diagnostics"] = diagnostics_json(&stack.warnings)["diagnostics"].take();
        show(ui, &stack.warnings);
        ui.answer(&sentence(&stack), &answer);
        return Ok(Exit::Done);
    }
    let repaired = spec::repair(&file, &options)?;
    let path = file.display().to_string();
    let (diagnostics, last, mut answer) = match &repaired.outcome {
        Ok(stack) => (&stack.warnings, sentence(stack), valid(stack)),
        Err(errors) => {
            let sentence = format!("`{path}` is not valid yet");
            (errors, sentence, json!({ "version": 1, "valid": false }))
        }
    };
    answer["diagnostics"] = diagnostics_json(diagnostics)["diagnostics"].take();
    answer["fixed"] = repaired.changes.iter().map(change).collect();
    answer["left"] = repaired.left.iter().map(|one| json!({ "line": one.line, "key": one.at.to_string() })).collect();
    show(ui, diagnostics);
    let fixed = match repaired.changes.len() {
        0 => "nothing to fix".to_owned(),
        number => format!("{} fixed", count(number, "line")),
    };
    let mut lines: Vec<String> = repaired.changes.iter().map(|one| changed(&path, one)).collect();
    lines.extend(repaired.left.iter().map(|one| left(&path, one)));
    lines.push(format!("{fixed}; {last}"));
    ui.answer(&lines.join("\n"), &answer);
    Ok(if repaired.outcome.is_ok() { Exit::Done } else { Exit::Spec })
}

fn show(ui: Ui, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        ui.note(&render_diagnostic(diagnostic, ui.color));
    }
}

fn valid(stack: &Stack) -> Value {
    let (resources, warnings) = (stack.resources.len(), stack.warnings.len());
    json!({ "version": 1, "valid": true, "resources": resources, "warnings": warnings })
}

fn sentence(stack: &Stack) -> String {
    let file = stack.document.file().display();
    let (resources, warnings) = (count(stack.resources.len(), "resource"), count(stack.warnings.len(), "warning"));
    format!("`{file}` is valid: {resources}, {warnings}")
}

fn changed(path: &str, change: &Change) -> String {
    let new = change.new.as_deref().unwrap_or("taken out");
    format!("{path}:{}: {} -> {new}", change.line, change.old)
}

fn left(path: &str, left: &Left) -> String {
    format!("{path}:{}: `{}` still says `{}`; it may be a name of its own", left.line, left.at, left.name)
}

fn change(change: &Change) -> Value {
    json!({ "line": change.line, "key": change.at.to_string(), "old": change.old, "new": change.new })
}

fn count(number: usize, what: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {what}{ending}")
}
