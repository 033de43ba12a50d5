//! What a function may be given: the rules that AWS checks before it creates or changes one.

use serde_json::{Value, json};

use super::refused::{constraint, invalid};
use crate::localcloud::refusal::Refusal;

/// Runtimes that AWS no longer creates.
const RETIRED: [&str; 4] = ["python2.7", "python3.6", "python3.7", "nodejs12.x"];

/// Runtimes that the local interpreter stands in for.
const RUNTIMES: [&str; 7] =
    ["python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14"];

/// Variables that belong to Lambda.
const RESERVED: [&str; 13] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
];

/// Checks a function's name.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err(constraint(name, "functionName", "satisfy regular expression pattern: [a-zA-Z0-9-_]+"));
    }
    Ok(())
}

/// Checks the members of a configuration that stand for themselves; absent ones are fine.
pub(super) fn check_settings(input: &Value) -> Result<(), Refusal> {
    if let Some(runtime) = input["Runtime"].as_str() {
        check_runtime(runtime)?;
    }
    if let Some(handler) = input["Handler"].as_str()
        && (handler.is_empty() || handler.len() > 128 || handler.contains(char::is_whitespace))
    {
        return Err(constraint(handler, "handler", "satisfy regular expression pattern: [^\\s]+"));
    }
    check_range(input, "Timeout", 1, 900)?;
    check_range(input, "MemorySize", 128, 10_240)?;
    if let Some(size) = input["EphemeralStorage"]["Size"].as_i64()
        && !(512..=10_240).contains(&size)
    {
        return Err(constraint(&size.to_string(), "ephemeralStorage.size", "have value between 512 and 10240"));
    }
    if input["Layers"].as_array().is_some_and(|layers| layers.len() > 5) {
        return Err(invalid("Layers consume more than the available number of 5 layers"));
    }
    check_variables(&input["Environment"]["Variables"])
}

fn check_runtime(runtime: &str) -> Result<(), Refusal> {
    if RETIRED.contains(&runtime) {
        return Err(invalid(format!(
            "The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. \
             We recommend you use a supported runtime while creating or updating functions."
        )));
    }
    if runtime.starts_with("python") && !RUNTIMES.contains(&runtime) {
        let rule = format!("satisfy enum value set: [{}] or be a valid ARN", RUNTIMES.join(", "));
        return Err(invalid(format!("Value {runtime} at 'runtime' failed to satisfy constraint: Member must {rule}")));
    }
    if !RUNTIMES.contains(&runtime) {
        return Err(invalid(format!("The local cloud runs Python functions only, not {runtime}")));
    }
    Ok(())
}

fn check_range(input: &Value, member: &str, least: i64, most: i64) -> Result<(), Refusal> {
    let Some(value) = input[member].as_i64() else { return Ok(()) };
    if value < least {
        let rule = format!("have value greater than or equal to {least}");
        return Err(constraint(&value.to_string(), &camel(member), &rule));
    }
    if value > most {
        return Err(constraint(
            &value.to_string(),
            &camel(member),
            &format!("have value less than or equal to {most}"),
        ));
    }
    Ok(())
}

fn camel(member: &str) -> String {
    let mut letters = member.chars();
    letters.next().map(|first| first.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
}

fn check_variables(variables: &Value) -> Result<(), Refusal> {
    let Some(variables) = variables.as_object() else { return Ok(()) };
    let reserved: Vec<&str> = variables.keys().map(String::as_str).filter(|key| RESERVED.contains(key)).collect();
    if !reserved.is_empty() {
        return Err(invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided contains reserved keys that are currently not supported for modification. Reserved keys used \
             in this request: {}",
            reserved.join(", ")
        )));
    }
    let size = json!(variables).to_string().len();
    if size > 4096 {
        return Err(invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided exceeded the 4KB limit. String measured: {size} bytes"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_aws() {
        assert!(check_settings(&json!({ "Timeout": 900, "MemorySize": 10240, "Runtime": "python3.8" })).is_ok());
        for wrong in [
            json!({ "Timeout": 901 }),
            json!({ "MemorySize": 64 }),
            json!({ "Runtime": "python3.7" }),
            json!({ "Runtime": "python4" }),
            json!({ "Layers": ["1", "2", "3", "4", "5", "6"] }),
            json!({ "Environment": { "Variables": { "AWS_REGION": "x" } } }),
        ] {
            assert!(check_settings(&wrong).is_err(), "{wrong} was taken");
        }
    }
}
