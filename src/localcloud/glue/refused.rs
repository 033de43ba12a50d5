//! Glue's refusals, and how it reads what it was given.

use serde_json::Value;

use crate::localcloud::refusal::Refusal;

pub(super) fn absent(message: impl Into<String>) -> Refusal {
    Refusal::new("EntityNotFoundException", message)
}

pub(super) fn exists(message: impl Into<String>) -> Refusal {
    Refusal::new("AlreadyExistsException", message)
}

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidInputException", message)
}

/// Returns a member that must be a text with something in it.
pub(super) fn required<'a>(input: &'a Value, member: &str) -> Result<&'a str, Refusal> {
    match input[member].as_str() {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(invalid(format!("{member} must not be null or empty"))),
    }
}

/// Returns the texts of a list; an absent list is empty.
pub(super) fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}
