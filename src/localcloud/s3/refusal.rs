//! The errors of S3 that `s3s` has no name for, and what to answer when the disk fails.

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode};

/// Builds an error with any code, as it stands on the wire.
pub(super) fn refuse(status: StatusCode, code: &'static str, message: impl Into<String>) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message.into());
    error.set_status_code(status);
    error
}

/// Builds a 400 error.
pub(super) fn bad_request(code: &'static str, message: impl Into<String>) -> S3Error {
    refuse(StatusCode::BAD_REQUEST, code, message)
}

/// Builds a 404 error.
pub(super) fn not_found(code: &'static str, message: impl Into<String>) -> S3Error {
    refuse(StatusCode::NOT_FOUND, code, message)
}

/// Turns a failure of the disk into an internal error and tells the log.
pub(super) fn disk(error: std::io::Error) -> S3Error {
    tracing::error!(%error, "the store of objects failed");
    S3Error::internal_error(error)
}
