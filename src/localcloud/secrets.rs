//! Secrets Manager.

use async_trait::async_trait;
use serde_json::{Value, json};
use winterbaume_secretsmanager::SecretsManagerService;

use super::emulated::Emulated;
use super::service::{Service, Tagged};
use super::{Call, Home, Reply};

/// Secrets with their values, tags and recovery window.
pub(super) struct Secrets {
    emulated: Emulated<SecretsManagerService>,
}

impl Secrets {
    /// Restores the secrets that were saved under `home`.
    ///
    /// # Errors
    /// If a saved state cannot be read.
    pub(super) async fn open(home: &Home) -> std::io::Result<Self> {
        Ok(Self { emulated: Emulated::open("secretsmanager", SecretsManagerService::new(), home).await? })
    }

    /// Refuses the name of a secret that waits for its deletion, with the words of AWS.
    async fn create(&self, call: Call) -> Reply {
        let request = call.json();
        let name = request["Name"].as_str().unwrap_or_default();
        let described = self.ask(&call, "DescribeSecret", json!({ "SecretId": name })).await;
        if described.is_some_and(|secret| secret.get("DeletedDate").is_some_and(|date| !date.is_null())) {
            let message = "You can't create this secret because a secret with this name is already scheduled for \
                           deletion.";
            return Reply::json_error(400, "InvalidRequestException", message);
        }
        self.emulated.handle(&call).await
    }

    /// Lists with the filters and pages that the emulation leaves out.
    async fn list(&self, call: Call) -> Reply {
        let request = call.json();
        let whole = self.emulated.handle(&call).await;
        let Ok(mut answer) = serde_json::from_slice::<Value>(&whole.body) else { return whole };
        let Some(secrets) = answer["SecretList"].as_array_mut() else { return whole };
        let filters = request["Filters"].as_array().cloned().unwrap_or_default();
        let after = request["NextToken"].as_str().unwrap_or_default();
        secrets.retain(|secret| filters.iter().all(|filter| passes(secret, filter)) && name(secret) > after);
        secrets.sort_by(|left, right| name(left).cmp(name(right)));
        let most = request["MaxResults"].as_u64().and_then(|most| usize::try_from(most).ok()).unwrap_or(100);
        if secrets.len() > most {
            secrets.truncate(most);
            let last = secrets.last().map(|secret| name(secret).to_owned());
            answer["NextToken"] = json!(last);
        }
        Reply::json(&answer)
    }

    /// Returns every secret with its tags, those that wait for their deletion left out.
    async fn tagged_secrets(&self, region: &str) -> Option<Vec<Tagged>> {
        let call = Call {
            service: "secretsmanager".to_owned(),
            region: region.to_owned(),
            operation: String::new(),
            method: http::Method::POST,
            target: "/".to_owned(),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::new(),
            fate: super::faults::Fate::default(),
        };
        let listed = self.ask(&call, "ListSecrets", json!({})).await?;
        let mut found = Vec::new();
        for secret in listed["SecretList"].as_array()? {
            let tags = secret["Tags"].as_array().into_iter().flatten();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let tags = tags.map(|tag| (text(&tag["Key"]), text(&tag["Value"]))).collect();
            found.push(Tagged { arn: text(&secret["ARN"]), tags });
        }
        Some(found)
    }

    async fn ask(&self, call: &Call, operation: &str, request: Value) -> Option<Value> {
        let mut call = call.clone();
        let target = format!("secretsmanager.{operation}");
        call.headers.insert("x-amz-target", target.parse().ok()?);
        call.operation = operation.to_owned();
        call.body = request.to_string().into();
        let reply = self.emulated.handle(&call).await;
        reply.is_success().then(|| serde_json::from_slice(&reply.body).ok()).flatten()
    }
}

#[async_trait]
impl Service for Secrets {
    fn signing_names(&self) -> &'static [&'static str] {
        &["secretsmanager"]
    }

    async fn tagged(&self, region: &str) -> Vec<Tagged> {
        self.tagged_secrets(region).await.unwrap_or_default()
    }

    async fn handle(&self, call: Call) -> Reply {
        match call.operation.as_str() {
            "CreateSecret" => self.create(call).await,
            "ListSecrets" => self.list(call).await,
            _ => self.emulated.handle(&call).await,
        }
    }
}

fn name(secret: &Value) -> &str {
    secret["Name"].as_str().unwrap_or_default()
}

/// Returns whether a secret passes a filter: any of its values, the beginning of words, `!` for not.
fn passes(secret: &Value, filter: &Value) -> bool {
    let tags = secret["Tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<&str> = match filter["Key"].as_str().unwrap_or_default() {
        "name" => vec![name(secret)],
        "description" => secret["Description"].as_str().into_iter().collect(),
        "tag-key" => tags.iter().filter_map(|tag| tag["Key"].as_str()).collect(),
        "tag-value" => tags.iter().filter_map(|tag| tag["Value"].as_str()).collect(),
        "all" => {
            let tag_texts = tags.iter().flat_map(|tag| [tag["Key"].as_str(), tag["Value"].as_str()]).flatten();
            tag_texts.chain([name(secret)]).chain(secret["Description"].as_str()).collect()
        }
        _ => return true,
    };
    let values = filter["Values"].as_array().map(Vec::as_slice).unwrap_or_default();
    values.iter().filter_map(Value::as_str).any(|value| match value.strip_prefix('!') {
        Some(unwanted) => !texts.iter().any(|text| text.starts_with(unwanted)),
        None => texts.iter().any(|text| text.starts_with(value)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_look_at_names_and_tags() {
        let secret = json!({ "Name": "rds!db-1", "Tags": [{ "Key": "stack:name", "Value": "ecommerce" }] });
        let filter = |key: &str, value: &str| json!({ "Key": key, "Values": [value] });
        assert!(passes(&secret, &filter("name", "rds!")));
        assert!(passes(&secret, &filter("tag-value", "ecommerce")));
        assert!(!passes(&secret, &filter("tag-key", "!stack:name")));
        assert!(!passes(&secret, &filter("name", "redshift!")));
    }
}
