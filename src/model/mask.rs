//! Values that may be secrets are never shown, not even where a person wrote them into the stack file.

/// What is shown in the place of a secret.
pub const HIDDEN: &str = "(hidden)";

/// Returns whether a field's name says that its value is a secret, such as `environment.DB_PASSWORD`. Names of secrets
/// (`secret_arn`, `SECRET_ID`) are none.
pub fn is_secret(field: &str) -> bool {
    const SECRETS: [&str; 7] = ["password", "passwd", "secret", "token", "private_key", "api_key", "credential"];
    const NAMES: [&str; 5] = ["arn", "id", "name", "path", "bucket"];
    let last = field.rsplit('.').next().unwrap_or(field).to_lowercase();
    let last = last.trim_start_matches('-').replace('-', "_");
    let is_name = NAMES.iter().any(|name| last.ends_with(&format!("_{name}")));
    !is_name && SECRETS.iter().any(|word| last.contains(word))
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn secrets_are_told_from_their_names() {
        for secret in ["environment.DB_PASSWORD", "arguments.--api-key", "password", "environment.GITHUB_TOKEN"] {
            assert!(is_secret(secret), "{secret}");
        }
        for open in ["environment.DB_SECRET_ARN", "arguments.--redshift_secret_arn", "memory_mib", "tags.owner"] {
            assert!(!is_secret(open), "{open}");
        }
    }
}
