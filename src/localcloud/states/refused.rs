//! The refusals of Step Functions.

use serde_json::Value;

use crate::localcloud::refusal::Refusal;

pub(super) fn no_machine(arn: &str) -> Refusal {
    Refusal::new("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"))
}

pub(super) fn no_execution(arn: &str) -> Refusal {
    Refusal::new("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"))
}

pub(super) fn invalid_definition(reason: &str) -> Refusal {
    Refusal::new("InvalidDefinition", format!("Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: {reason}'"))
}

pub(super) fn invalid_arn(arn: &str) -> Refusal {
    Refusal::new("InvalidArn", format!("Invalid Arn: '{arn}'"))
}

/// Returns a member that must be a text with something in it.
pub(super) fn required<'a>(input: &'a Value, member: &str) -> Result<&'a str, Refusal> {
    match input[member].as_str() {
        Some(text) if !text.is_empty() => Ok(text),
        _ => {
            let message = format!(
                "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be \
                 null"
            );
            Err(Refusal::new("ValidationException", message))
        }
    }
}

/// Refuses names that Step Functions refuses.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let odd =
        |letter: char| letter.is_whitespace() || letter.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(letter);
    if (1..=80).contains(&name.chars().count()) && !name.chars().any(odd) {
        return Ok(());
    }
    Err(Refusal::new("InvalidName", format!("Invalid Name: '{name}'")))
}
