//! User and password of a database, from the secret that AWS manages.

use serde::Deserialize;

use super::SqlError;
use crate::aws::{Clients, Sorted};
use crate::model::Secret;

/// User and password. RDS rotates them every seven days, so they are fetched on use and never kept.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user.
    pub username: String,
    /// The password.
    pub password: Secret,
}

#[derive(Deserialize)]
struct Stored {
    username: String,
    password: String,
}

/// Reads a secret of RDS or Redshift.
///
/// # Errors
/// If it cannot be read or has another form.
pub async fn fetch(clients: &Clients, arn: &str) -> Result<Credentials, SqlError> {
    let call = clients.secrets.get_secret_value().secret_id(arn);
    let answer = call.send().await.named("secretsmanager:GetSecretValue")?;
    let text = answer.secret_string.unwrap_or_default();
    let stored: Stored = serde_json::from_str(&text).map_err(|_| SqlError::Secret { arn: arn.to_owned() })?;
    Ok(Credentials { username: stored.username, password: Secret::new(stored.password) })
}
