//! Whether a service may take a role, asked of IAM as the service would.

use aws_sdk_iam::error::ProvideErrorMetadata;

use super::emulated::ACCOUNT;
use super::sdk;

/// What is wrong with a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RoleFault {
    /// It is no ARN of a role.
    Malformed,
    /// It is another account's.
    Foreign,
    /// It does not exist, or does not trust the service.
    NotAssumable,
}

/// Returns what keeps `principal`, such as `lambda.amazonaws.com`, from taking the role.
///
/// # Errors
/// The fault. An IAM that does not answer is no fault of the role.
pub(super) async fn check(role: &str, principal: &str, endpoint: &str, region: &str) -> Result<(), RoleFault> {
    let parts = role.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/"));
    let (account, path) = parts.ok_or(RoleFault::Malformed)?;
    if account != ACCOUNT {
        return Err(RoleFault::Foreign);
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let client = aws_sdk_iam::Client::new(&sdk::config(endpoint, region).await);
    let trusted = match client.get_role().role_name(name).send().await {
        // The document arrives percent-encoded; the principal's letters are the same either way.
        Ok(found) => found
            .role()
            .and_then(|role| role.assume_role_policy_document())
            .is_some_and(|document| document.contains(principal)),
        Err(error) => error.code() != Some("NoSuchEntity"),
    };
    if trusted { Ok(()) } else { Err(RoleFault::NotAssumable) }
}
