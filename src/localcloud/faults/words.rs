//! How each service of AWS says that it is throttled, broken or forbidden.

use super::request::Asked;
use crate::localcloud::emulated::ACCOUNT;

/// An error as it goes over the wire, whatever the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Words {
    pub(in super::super) status: u16,
    pub(in super::super) code: String,
    pub(in super::super) message: String,
}

impl Words {
    /// Builds an error.
    pub(in super::super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }
}

/// The operations that need an engine.
const NEED_ENGINES: &[(&str, &str)] = &[
    ("athena", "StartQueryExecution"),
    ("glue", "StartCrawler"),
    ("glue", "StartJobRun"),
    ("glue", "TestConnection"),
    ("lambda", "Invoke"),
    ("lambda", "InvokeAsync"),
    ("redshift-data", "BatchExecuteStatement"),
    ("redshift-data", "ExecuteStatement"),
];

/// Returns the refusal of what nothing can run while the engines are off. Its status is one that no SDK tries again.
pub(in super::super) fn engines_off(asked: &Asked) -> Option<Words> {
    let named = (asked.service.as_str(), asked.operation.as_str());
    let message = format!("{} runs nothing: the engines of this local cloud are off", asked.service);
    NEED_ENGINES.contains(&named).then(|| Words::new(501, "EnginesOff", message))
}

/// Refuses what comes too fast.
pub(super) fn throttled(asked: &Asked) -> Words {
    match asked.service.as_str() {
        "ec2" => Words::new(503, "RequestLimitExceeded", "Request limit exceeded."),
        "s3" => Words::new(503, "SlowDown", "Please reduce your request rate."),
        "lambda" => Words::new(429, "TooManyRequestsException", "Rate exceeded"),
        "scheduler" => Words::new(429, "ThrottlingException", "Rate exceeded"),
        "rds" | "redshift" | "iam" | "sts" | "monitoring" => Words::new(400, "Throttling", "Rate exceeded"),
        _ => Words::new(400, "ThrottlingException", "Rate exceeded"),
    }
}

/// Fails for reasons of the service's own, or with the code that a test asks for.
pub(super) fn broken(asked: &Asked, status: u16, code: Option<&str>, message: Option<&str>) -> Words {
    let (usual, text) = match asked.service.as_str() {
        "ec2" => ("InternalError", "An internal error has occurred"),
        "s3" => ("InternalError", "We encountered an internal error. Please try again."),
        "lambda" => ("ServiceException", "An error occurred and the request cannot be processed."),
        "glue" => ("InternalServiceException", "An internal service error occurred."),
        _ => {
            ("InternalFailure", "The request processing has failed because of an unknown error, exception or failure.")
        }
    };
    Words::new(status, code.unwrap_or(usual), message.unwrap_or(text))
}

/// Refuses because the caller may not do it.
pub(super) fn denied(asked: &Asked) -> Words {
    let action = match asked.service.as_str() {
        "monitoring" => "cloudwatch",
        service => service,
    };
    let action = format!("{action}:{}", asked.operation);
    let message = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/local is not authorized to perform: {action} because no identity-based \
         policy allows the {action} action"
    );
    match asked.service.as_str() {
        "ec2" => Words::new(
            403,
            "UnauthorizedOperation",
            format!("You are not authorized to perform this operation. {message}"),
        ),
        "s3" | "rds" | "redshift" | "iam" | "sts" | "monitoring" => Words::new(403, "AccessDenied", message),
        "lambda" | "scheduler" => Words::new(403, "AccessDeniedException", message),
        _ => Words::new(400, "AccessDeniedException", message),
    }
}
