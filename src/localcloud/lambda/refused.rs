//! Lambda's refusals.

use crate::localcloud::refusal::Refusal;

pub(super) fn not_found(message: impl Into<String>) -> Refusal {
    Refusal::new("ResourceNotFoundException", message).status(404)
}

pub(super) fn conflict(message: impl Into<String>) -> Refusal {
    Refusal::new("ResourceConflictException", message).status(409)
}

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValueException", message)
}

/// A value that the service's model itself rules out.
pub(super) fn constraint(value: &str, member: &str, rule: &str) -> Refusal {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"
    );
    Refusal::new("ValidationException", message)
}
