//! The secrets that RDS and Redshift manage for their master users, kept in Secrets Manager like a customer's.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use aws_sdk_secretsmanager::types::Tag;
use serde::{Deserialize, Serialize};

use super::{Context, sdk};

/// What is in the secret: exactly these two members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Login {
    /// The user.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Why a secret could not be used.
#[derive(Debug, thiserror::Error)]
#[error("Secrets Manager: {0}")]
pub(super) struct SecretError(String);

/// Creates a secret that `owner` manages for the resource, and returns its ARN.
///
/// # Errors
/// If Secrets Manager refuses.
pub(super) async fn create(
    context: &Context,
    region: &str,
    name: &str,
    login: &Login,
    owner: (&str, &str),
) -> Result<String, SecretError> {
    let (service, resource) = owner;
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let created = client(context, region)
        .await
        .create_secret()
        .name(name)
        .description(format!("The secret associated with the primary {service} resource: {resource}"))
        .secret_string(text(login))
        .tags(tag("aws:secretsmanager:owningService", service))
        .tags(tag(&format!("aws:{service}:primaryResourceArn"), resource))
        .send()
        .await
        .map_err(|error| SecretError(DisplayErrorContext(error).to_string()))?;
    created.arn.ok_or_else(|| SecretError("the answer has no ARN".to_owned()))
}

/// Reads a secret with user and password.
///
/// # Errors
/// If there is none, or it has no user or password in it.
pub(super) async fn read(context: &Context, region: &str, arn: &str) -> Result<Login, SecretError> {
    let value = client(context, region)
        .await
        .get_secret_value()
        .secret_id(arn)
        .send()
        .await
        .map_err(|error| SecretError(DisplayErrorContext(error).to_string()))?;
    let value: serde_json::Value = serde_json::from_str(value.secret_string.as_deref().unwrap_or_default())
        .map_err(|_| SecretError(format!("the secret `{arn}` is no JSON")))?;
    let member = |name: &str| value[name].as_str().map(str::to_owned);
    let login = member("username").zip(member("password"));
    let (username, password) =
        login.ok_or_else(|| SecretError(format!("the secret `{arn}` has no `username` and `password`")))?;
    Ok(Login { username, password })
}

/// Deletes a managed secret at once; one that is gone is fine.
pub(super) async fn delete(context: &Context, region: &str, arn: &str) {
    let client = client(context, region).await;
    let sent = client.delete_secret().secret_id(arn).force_delete_without_recovery(true).send().await;
    if let Err(error) = sent {
        tracing::warn!(arn, error = %DisplayErrorContext(error), "could not delete a managed secret");
    }
}

async fn client(context: &Context, region: &str) -> Client {
    Client::new(&sdk::config(&context.endpoint, region).await)
}

fn text(login: &Login) -> String {
    serde_json::json!({ "username": login.username, "password": login.password }).to_string()
}
