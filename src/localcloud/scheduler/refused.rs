//! The Scheduler's refusals.

use serde_json::Value;

use crate::localcloud::refusal::Refusal;

pub(super) fn absent(what: &str, name: &str) -> Refusal {
    Refusal::new("ResourceNotFoundException", format!("{what} {name} does not exist.")).status(404)
}

pub(super) fn exists(what: &str, name: &str) -> Refusal {
    Refusal::new("ConflictException", format!("{what} {name} already exists.")).status(409)
}

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", message)
}

/// Returns a member that must be a text with something in it.
pub(super) fn required<'a>(input: &'a Value, member: &str) -> Result<&'a str, Refusal> {
    match input[member].as_str() {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(invalid(format!("{member} must not be null"))),
    }
}

/// Refuses names of schedules and groups that AWS refuses.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if (1..=64).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: ^[0-9a-zA-Z-_.]+$"
    )))
}
