//! Every SDK failure, sorted once.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::diag::{Class, Explain, Hint};

/// What kind of trouble a failed call means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The thing is not there.
    NotFound,
    /// The thing is there already.
    Exists,
    /// Something else is being done to it, or it is still in use.
    Conflict,
    /// Too many calls.
    Throttled,
    /// The caller may not.
    Denied,
    /// AWS does not accept the request as it is.
    Invalid,
    /// Something made just before is not known everywhere yet.
    NotYet,
    /// No answer came: whether the call took effect is unknown.
    Lost,
    /// There are no credentials, or they cannot be loaded.
    NoCredentials,
    /// Anything else.
    Other,
}

/// A failed call.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{operation} {}", describe(self))]
pub struct AwsError {
    /// What it means.
    pub trouble: Trouble,
    /// The operation as IAM writes it: `rds:CreateDBInstance`.
    pub operation: &'static str,
    /// AWS's own code; empty if no answer came.
    pub code: String,
    /// AWS's own message, or what went wrong on the way.
    pub message: String,
    /// AWS's id of the request, where there is one.
    pub request_id: Option<String>,
}

fn describe(error: &AwsError) -> String {
    let request = error.request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default();
    match error.trouble {
        Trouble::Lost => format!("got no answer: {}", error.message),
        Trouble::NoCredentials => format!("found no credentials: {}", error.message),
        _ => format!("was refused: {}: {}{request}", error.code, error.message),
    }
}

impl AwsError {
    /// Builds the error of a call that succeeded but whose answer lacks what it must hold.
    pub fn incomplete(operation: &'static str, what: &str) -> Self {
        Self {
            trouble: Trouble::Other,
            operation,
            code: "IncompleteAnswer".into(),
            message: format!("the answer has no {what}"),
            request_id: None,
        }
    }

    /// Returns whether the thing that was asked for is not there.
    pub fn is_not_found(&self) -> bool {
        self.trouble == Trouble::NotFound
    }

    /// Returns whether the same call may succeed a little later.
    pub fn is_passing(&self) -> bool {
        matches!(self.trouble, Trouble::Conflict | Trouble::Throttled | Trouble::NotYet)
    }
}

impl Explain for AwsError {
    fn class(&self) -> Class {
        Class::Failed
    }

    fn hints(&self) -> Vec<Hint> {
        match self.trouble {
            Trouble::NoCredentials => vec![
                "run `aws configure` or `aws sso login`, or set AWS_PROFILE".into(),
                "to try the stack without an account, add `--local`".into(),
            ],
            Trouble::Denied => vec![format!("allow `{}` for the role or user you run as", self.operation).into()],
            Trouble::Lost => vec!["check the network and the endpoint, then run the command again".into()],
            _ => vec![],
        }
    }
}

/// Turns the result of an SDK call into one with an [`AwsError`].
pub trait Sorted<T> {
    /// Names the operation, as IAM writes it, and sorts the failure.
    ///
    /// # Errors
    /// The sorted failure.
    fn named(self, operation: &'static str) -> Result<T, AwsError>;
}

impl<T, E> Sorted<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    fn named(self, operation: &'static str) -> Result<T, AwsError> {
        self.map_err(|error| sort(operation, &error))
    }
}

fn sort<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> AwsError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let answer = error.as_service_error().map(ProvideErrorMetadata::meta);
    let raw = error.raw_response();
    let request_id = answer
        .and_then(|meta| meta.extra("aws_request_id").map(str::to_owned))
        .or_else(|| raw.and_then(|raw| raw.headers().get("x-amzn-requestid").map(str::to_owned)));
    let Some(meta) = answer else {
        let message = innermost(error);
        let trouble = match error {
            _ if message.contains("redentials") => Trouble::NoCredentials,
            SdkError::ConstructionFailure(_) => Trouble::Invalid,
            _ => Trouble::Lost,
        };
        return AwsError { trouble, operation, code: String::new(), message, request_id };
    };
    let status = raw.map(|raw| raw.status().as_u16());
    let code = match (meta.code(), status) {
        (Some(code), _) => code.to_owned(),
        (None, Some(status)) => format!("HTTP {status}"),
        (None, None) => String::new(),
    };
    let message = meta.message().unwrap_or("no message").trim().to_owned();
    let trouble =
        if meta.code().is_none() && status == Some(404) { Trouble::NotFound } else { trouble(&code, &message) };
    AwsError { trouble, operation, code, message, request_id }
}

fn innermost(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// Sorts by AWS's code and, where one code has several meanings, by its message.
fn trouble(code: &str, message: &str) -> Trouble {
    const NOT_YET: [&str; 13] = [
        "cannot be assumed by Lambda",
        "does not have permissions to call",
        "throttled by EC2",
        "Unable to validate the following destination configurations",
        "unable to assume provided role",
        "verify the role's TrustPolicy",
        "should be given assume role permissions",
        "is not authorized to perform: glue:GetConnection",
        "S3 endpoint and NAT validation has failed",
        "must allow AWS EventBridge Scheduler to assume",
        "authorized to assume the provided role",
        "IAM role ARN value is invalid",
        "is not authorized to assume IAM Role",
    ];
    const BUSY: [&str; 5] = [
        "InvalidDBInstanceState",
        "InvalidDBSubnetGroupState",
        "InvalidDBParameterGroupState",
        "InvalidClusterState",
        "InvalidClusterSubnetGroupState",
    ];
    if NOT_YET.iter().any(|text| message.contains(text)) {
        return Trouble::NotYet;
    }
    match code {
        "Throttling" | "ThrottlingException" | "TooManyRequestsException" | "RequestLimitExceeded" | "SlowDown" => {
            Trouble::Throttled
        }
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AuthFailure" => Trouble::Denied,
        "ExpiredToken" | "InvalidClientTokenId" | "UnrecognizedClientException" | "ExpiredTokenException" => {
            Trouble::NoCredentials
        }
        "ConcurrentModificationException"
        | "OperationTimeoutException"
        | "OperationAborted"
        | "OperationAbortedException"
        | "DependencyViolation"
        | "ResourceConflictException"
        | "DeleteConflict"
        | "ConcurrentRunsExceededException"
        | "CrawlerRunningException"
        | "ConflictException"
        | "StateMachineDeleting" => Trouble::Conflict,
        _ if BUSY.iter().any(|busy| code.starts_with(busy)) => Trouble::Conflict,
        _ if code.contains("NotFound") || code.starts_with("NoSuch") => Trouble::NotFound,
        _ if code.ends_with("DoesNotExist") => Trouble::NotFound,
        "ResourceNotFoundException" | "EntityNotFoundException" | "404" => Trouble::NotFound,
        _ if code.contains("AlreadyExists") || code.contains("AlreadyOwnedByYou") || code.contains("Duplicate") => {
            Trouble::Exists
        }
        "EntityAlreadyExists" | "AlreadyExistsException" => Trouble::Exists,
        _ if code.starts_with("Invalid") || code.contains("Validation") || code.contains("Malformed") => {
            Trouble::Invalid
        }
        _ => Trouble::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_messages_are_sorted() {
        let role = "The role defined for the function cannot be assumed by Lambda.";
        assert_eq!(trouble("InvalidParameterValueException", role), Trouble::NotYet);
        assert_eq!(trouble("InvalidParameterValueException", "memory"), Trouble::Invalid);
        assert_eq!(trouble("DBInstanceNotFound", ""), Trouble::NotFound);
        assert_eq!(trouble("InvalidVpcID.NotFound", ""), Trouble::NotFound);
        assert_eq!(trouble("BucketAlreadyOwnedByYou", ""), Trouble::Exists);
        assert_eq!(trouble("InvalidPermission.Duplicate", ""), Trouble::Exists);
        assert_eq!(trouble("DependencyViolation", ""), Trouble::Conflict);
        assert_eq!(trouble("InvalidDBParameterGroupState", ""), Trouble::Conflict);
        assert_eq!(trouble("InvalidVPCNetworkStateFault", ""), Trouble::Invalid);
        assert_eq!(trouble("StateMachineDoesNotExist", ""), Trouble::NotFound);
        let role = "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to \
                    assume the provided role.";
        assert_eq!(trouble("AccessDeniedException", role), Trouble::NotYet);
    }
}
