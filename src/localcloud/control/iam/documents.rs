//! Policy documents: what makes one malformed, and how they travel.

use std::fmt::Write;

use serde_json::Value;

use super::super::refusal::Refusal;

/// Returns the document if AWS would take it.
pub(super) fn check(document: &str, is_trust: bool) -> Result<String, Refusal> {
    let malformed = |message: &str| Refusal::bad("MalformedPolicyDocument", message);
    let policy: Value = serde_json::from_str(document).map_err(|_| malformed("Syntax errors in policy."))?;
    let statements = match &policy["Statement"] {
        Value::Array(statements) if !statements.is_empty() => statements.iter().collect(),
        statement @ Value::Object(_) => vec![statement],
        _ => return Err(malformed("Syntax errors in policy.")),
    };
    for statement in statements {
        if !matches!(statement["Effect"].as_str(), Some("Allow" | "Deny")) {
            return Err(malformed("Syntax errors in policy."));
        }
        if statement.get("Action").is_none() && statement.get("NotAction").is_none() {
            return Err(malformed("Policy statement must contain actions."));
        }
        let names_someone = statement.get("Principal").is_some() || statement.get("NotPrincipal").is_some();
        let names_something = statement.get("Resource").is_some() || statement.get("NotResource").is_some();
        match (is_trust, names_someone, names_something) {
            (true, false, _) => return Err(malformed("Missing required field Principal")),
            (true, _, true) => return Err(malformed("Has prohibited field Resource")),
            (false, true, _) => return Err(malformed("Policy document should not specify a principal.")),
            (false, _, false) => return Err(malformed("Policy statement must contain resources.")),
            _ => {}
        }
    }
    Ok(document.to_owned())
}

/// Encodes a document as IAM sends it, after RFC 3986.
pub(super) fn encode(document: &str) -> String {
    let mut encoded = String::with_capacity(document.len() * 2);
    for byte in document.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trust_document_names_who_and_not_what() {
        let trust = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"x"},"Action":"sts:AssumeRole"}]}"#;
        assert!(check(trust, true).is_ok());
        assert!(check(trust, false).is_err());
        assert!(check("{}", true).is_err());
    }

    #[test]
    fn documents_are_encoded_whole() {
        assert_eq!(encode("{\"a\": 1}"), "%7B%22a%22%3A%201%7D");
    }
}
