//! Athena's refusals: nearly all have one code and differ in their text.

use serde_json::Value;

use crate::localcloud::refusal::Refusal;

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidRequestException", message)
}

/// Returns a member that must be a text with something in it.
pub(super) fn required<'a>(input: &'a Value, member: &str) -> Result<&'a str, Refusal> {
    match input[member].as_str() {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(invalid(format!("{member} is required"))),
    }
}
