//! Who may invoke a function, and its tags.

use serde_json::{Map, Value, json};

use super::functions::{json_reply, missing};
use super::refused::{conflict, constraint, invalid, not_found};
use super::route::query_all;
use super::service::{Answer, FUNCTION, Lambda};
use crate::localcloud::refusal::Refusal;
use crate::localcloud::{Call, Reply, mint};

impl Lambda {
    pub(super) fn add_permission(&self, call: &Call, given: &str) -> Answer {
        let (name, document) = self.function(&call.region, given)?;
        let wanted = call.json();
        let arn = document["Configuration"]["FunctionArn"].as_str().unwrap_or_default();
        let statement = statement(&wanted, arn)?;
        let identifier = statement["Sid"].as_str().unwrap_or_default().to_owned();
        let added = self.documents.edit(&call.region, FUNCTION, &name, |document| {
            let statements = document["Policy"].as_array_mut()?;
            if statements.iter().any(|known| known["Sid"] == identifier) {
                return None;
            }
            statements.push(statement.clone());
            document["PolicyRevision"] = json!(mint::uuid());
            Some(())
        });
        match added {
            Some(Some(())) => {
                let body = json!({ "Statement": statement.to_string() });
                Ok(Reply::new(201, "application/json", body.to_string()))
            }
            Some(None) => Err(conflict(format!(
                "The statement id ({identifier}) provided already exists. Please provide a new statement id, or \
                 remove the existing statement."
            ))),
            None => Err(missing(&call.region, &name)),
        }
    }

    pub(super) fn get_policy(&self, call: &Call, given: &str) -> Answer {
        let (_, document) = self.function(&call.region, given)?;
        if document["Policy"].as_array().is_none_or(Vec::is_empty) {
            return Err(not_found("The resource you requested does not exist."));
        }
        let policy = json!({ "Version": "2012-10-17", "Id": "default", "Statement": document["Policy"] });
        json_reply(&json!({ "Policy": policy.to_string(), "RevisionId": document["PolicyRevision"] }))
    }

    pub(super) fn remove_permission(&self, call: &Call, given: &str, identifier: &str) -> Answer {
        let (name, _) = self.function(&call.region, given)?;
        let removed = self.documents.edit(&call.region, FUNCTION, &name, |document| {
            let statements = document["Policy"].as_array_mut()?;
            let before = statements.len();
            statements.retain(|known| known["Sid"] != identifier);
            (statements.len() < before).then(|| document["PolicyRevision"] = json!(mint::uuid()))
        });
        match removed.flatten() {
            Some(()) => Ok(Reply::new(204, "application/json", "")),
            None => Err(not_found(format!("Statement {identifier} is not found in resource policy."))),
        }
    }

    pub(super) fn tag(&self, call: &Call, arn: &str) -> Answer {
        let (name, _) = self.function(&call.region, arn)?;
        let Some(tags) = call.json()["Tags"].as_object().cloned() else {
            return Err(invalid("Tags must not be empty"));
        };
        if let Some(key) = tags.keys().find(|key| key.starts_with("aws:")) {
            return Err(invalid(format!("aws: prefixed tag key names are not allowed for external use: {key}")));
        }
        self.documents.edit(&call.region, FUNCTION, &name, |document| {
            for (key, value) in tags {
                document["Tags"][key] = value;
            }
        });
        Ok(Reply::new(204, "application/json", ""))
    }

    pub(super) fn untag(&self, call: &Call, arn: &str) -> Answer {
        let (name, _) = self.function(&call.region, arn)?;
        let keys = query_all(call, "tagKeys");
        self.documents.edit(&call.region, FUNCTION, &name, |document| {
            if let Some(tags) = document["Tags"].as_object_mut() {
                tags.retain(|key, _| !keys.contains(key));
            }
        });
        Ok(Reply::new(204, "application/json", ""))
    }

    pub(super) fn list_tags(&self, call: &Call, arn: &str) -> Answer {
        let (_, document) = self.function(&call.region, arn)?;
        json_reply(&json!({ "Tags": document["Tags"] }))
    }
}

/// Builds the policy statement as AWS writes it.
fn statement(wanted: &Value, arn: &str) -> Result<Value, Refusal> {
    let text = |member: &str| wanted[member].as_str();
    let (Some(identifier), Some(action), Some(principal)) = (text("StatementId"), text("Action"), text("Principal"))
    else {
        return Err(invalid("StatementId, Action and Principal are mandatory"));
    };
    if !action.starts_with("lambda:") && action != "*" {
        let pattern = "satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])";
        return Err(constraint(action, "action", pattern));
    }
    let mut condition = Map::new();
    if let Some(source) = text("SourceArn") {
        condition.insert("ArnLike".to_owned(), json!({ "AWS:SourceArn": source }));
    }
    if let Some(account) = text("SourceAccount") {
        condition.insert("StringEquals".to_owned(), json!({ "AWS:SourceAccount": account }));
    }
    let kind = if principal.ends_with(".amazonaws.com") { "Service" } else { "AWS" };
    let mut statement = json!({
        "Sid": identifier, "Effect": "Allow", "Principal": { kind: principal }, "Action": action, "Resource": arn,
    });
    if !condition.is_empty() {
        statement["Condition"] = Value::Object(condition);
    }
    Ok(statement)
}
