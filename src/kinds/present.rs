//! Reads whose refusal is an answer, too.

use crate::aws::{AwsError, Trouble};

/// Turns the refusal that says that the thing is not there into nothing.
pub(crate) fn present<T>(answer: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Turns the refusal to a caller who may not ask, or to an endpoint that cannot be asked, into nothing: what is checked
/// before the first write is then unknown, and AWS will say it itself.
pub(crate) fn readable<T>(answer: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    const NO_SUCH_OPERATION: [&str; 4] = ["InvalidAction", "UnknownOperationException", "NotImplemented", "HTTP 501"];
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.trouble == Trouble::Denied => Ok(None),
        Err(error) if NO_SUCH_OPERATION.contains(&error.code.as_str()) => Ok(None),
        Err(error) => Err(error),
    }
}
