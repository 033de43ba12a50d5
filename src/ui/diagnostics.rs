//! The one renderer of errors and warnings, in cargo's look.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use serde_json::{Value, json};

use crate::apply::Summary;
use crate::diag::{Diagnostic, Severity};

/// Returns a diagnostic as text.
pub fn render_diagnostic(diagnostic: &Diagnostic, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let path = diagnostic.place.as_ref().map(|place| place.file.display().to_string());
    let mut group = level
        .primary_title(&diagnostic.message)
        .elements(std::iter::empty::<Snippet<'_, annotate_snippets::Annotation<'_>>>());
    if let (Some(place), Some(path)) = (&diagnostic.place, &path) {
        let mut mark = AnnotationKind::Primary.span(place.span.clone());
        if !place.label.is_empty() {
            mark = mark.label(&place.label);
        }
        group = group.element(Snippet::source(&place.text).path(path).fold(true).annotation(mark));
    }
    let causes: Vec<String> = diagnostic.causes.iter().map(|cause| format!("caused by: {cause}")).collect();
    for cause in &causes {
        group = group.element(Level::NOTE.no_name().message(cause));
    }
    for hint in &diagnostic.hints {
        group = group.element(Level::HELP.with_name("hint").message(&hint.0));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// Returns diagnostics as JSON.
pub fn diagnostics_json(diagnostics: &[Diagnostic]) -> Value {
    let one = |diagnostic: &Diagnostic| {
        let place = diagnostic.place.as_ref().map(|place| {
            let (line, column) = place.line_and_column();
            json!({ "file": place.file, "line": line, "column": column, "label": place.label })
        });
        json!({
            "severity": if diagnostic.severity == Severity::Error { "error" } else { "warning" },
            "message": diagnostic.message,
            "place": place,
            "causes": diagnostic.causes,
            "hints": diagnostic.hints.iter().map(|hint| hint.0.as_str()).collect::<Vec<_>>(),
        })
    };
    json!({ "version": 1, "diagnostics": diagnostics.iter().map(one).collect::<Vec<_>>() })
}

/// Returns what failed, what was done and what was not begun.
pub fn render_failures(summary: &Summary, color: bool) -> String {
    let mut blocks: Vec<String> =
        summary.failed.iter().map(|(_, _, error)| render_diagnostic(&Diagnostic::from_error(error), color)).collect();
    let list = |addresses: Vec<String>| if addresses.is_empty() { "none".to_owned() } else { addresses.join(", ") };
    let not_begun = summary.not_begun.iter().map(|(address, _)| format!("`{address}`")).collect();
    let unknown: Vec<String> = summary
        .failed
        .iter()
        .filter(|(_, _, error)| error.leaves_unknown())
        .map(|(address, ..)| format!("`{address}`"))
        .collect();
    blocks.push(format!(
        "done: {}; failed: {}; not begun: {}; unknown: {}",
        summary.done.len(),
        summary.failed.len() - unknown.len(),
        list(not_begun),
        list(unknown),
    ));
    blocks.join("\n")
}

/// Returns how a plan ended, for programs.
pub fn summary_json(summary: &Summary) -> Value {
    let addresses = |list: &mut dyn Iterator<Item = String>| list.collect::<Vec<String>>();
    let failed = summary.failed.iter().filter(|(_, _, error)| !error.leaves_unknown());
    let unknown = summary.failed.iter().filter(|(_, _, error)| error.leaves_unknown());
    json!({
        "done": addresses(&mut summary.done.iter().map(|(address, _)| address.to_string())),
        "failed": addresses(&mut failed.map(|(address, ..)| address.to_string())),
        "not_begun": addresses(&mut summary.not_begun.iter().map(|(address, _)| address.to_string())),
        "unknown": addresses(&mut unknown.map(|(address, ..)| address.to_string())),
        "interrupted": summary.interrupted,
    })
}
