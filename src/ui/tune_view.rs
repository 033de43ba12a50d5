//! Suggested parameters: what the file says, what it should say, why, and the lines to paste.

use std::fmt::Write;

use crate::tune::Suggestion;

/// Returns suggestions as text: each with its reason, and those that differ from the file as lines of TOML.
pub fn suggestions_text(table: &str, suggestions: &[Suggestion]) -> String {
    let mut text = String::new();
    for one in suggestions {
        let value = toml(&one.value);
        let declared = one.declared.as_deref().unwrap_or("not set");
        let change = if one.is_change() { format!("{declared} -> {value}") } else { format!("{value} (as it is)") };
        let sign = if one.is_change() { '~' } else { ' ' };
        let _ = writeln!(text, "{sign} {:<26} {change}\n    {}", one.name, one.why);
    }
    let changes: Vec<&Suggestion> = suggestions.iter().filter(|one| one.is_change()).collect();
    if !changes.is_empty() {
        let _ = writeln!(text, "\n[{table}]");
        for one in &changes {
            let _ = writeln!(text, "{} = {}", one.name, toml(&one.value));
        }
    }
    text
}

/// Writes a number or a text as TOML; texts of parameters hold nothing that would have to be escaped.
fn toml(value: &serde_json::Value) -> String {
    value.to_string()
}
