//! Reads and checks what the Data API is asked for.

use std::collections::BTreeMap;

use serde_json::Value;

use super::statements::{Order, User};
use crate::localcloud::{Call, Reply};

const MOST_TEXT: usize = 100 * 1024;
const MOST_IN_BATCH: usize = 40;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    code: &'static str,
    message: String,
}

impl Refusal {
    /// The request is wrong.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self { code: "ValidationException", message: message.into() }
    }

    /// There is no such thing.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self { code: "ResourceNotFoundException", message: message.into() }
    }

    /// Returns the refusal as it goes over the wire.
    pub(super) fn reply(&self) -> Reply {
        Reply::json_error(400, self.code, &self.message)
    }
}

/// Reads `ExecuteStatement` or `BatchExecuteStatement`.
pub(super) fn order(call: &Call) -> Result<Order, Refusal> {
    let request = call.json();
    let text = |name: &str| request[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let is_batch = call.operation == "BatchExecuteStatement";
    for unsupported in ["WorkgroupName", "SessionId", "SessionKeepAliveSeconds"] {
        if !request[unsupported].is_null() {
            return Err(Refusal::validation(format!("the local cloud's Data API does not support {unsupported}")));
        }
    }
    let cluster = text("ClusterIdentifier").ok_or_else(|| Refusal::validation("ClusterIdentifier must be given."))?;
    let database = text("Database").ok_or_else(|| Refusal::validation("Database must be given."))?;
    let user = match (text("SecretArn"), text("DbUser")) {
        (Some(secret), _) => User::Secret(secret),
        (None, Some(user)) => User::Database(user),
        (None, None) => User::Identity,
    };
    Ok(Order {
        region: call.region.clone(),
        cluster,
        database,
        user,
        name: text("StatementName"),
        texts: texts(&request, is_batch)?,
        parameters: parameters(&request)?,
        is_batch,
        client_token: text("ClientToken"),
    })
}

fn texts(request: &Value, is_batch: bool) -> Result<Vec<String>, Refusal> {
    let texts: Vec<String> = if is_batch {
        let given = request["Sqls"].as_array().map(Vec::as_slice).unwrap_or_default();
        given.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    } else {
        request["Sql"].as_str().map(str::to_owned).into_iter().collect()
    };
    if texts.is_empty() || texts.len() > MOST_IN_BATCH {
        return Err(Refusal::validation(format!("Between 1 and {MOST_IN_BATCH} SQL statements must be given.")));
    }
    if texts.iter().any(|text| text.len() > MOST_TEXT) {
        return Err(Refusal::validation("Sql statement is longer than 100 KB."));
    }
    Ok(texts)
}

fn parameters(request: &Value) -> Result<BTreeMap<String, String>, Refusal> {
    let given = request["Parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut parameters = BTreeMap::new();
    for parameter in given {
        let pair = parameter["name"].as_str().zip(parameter["value"].as_str());
        let (name, value) = pair.ok_or_else(|| Refusal::validation("A parameter needs a name and a value."))?;
        parameters.insert(name.to_owned(), value.to_owned());
    }
    Ok(parameters)
}

/// Cuts `uuid:2` into the statement and the part.
pub(super) fn identifier(request: &Value) -> Result<(String, usize), Refusal> {
    let text = request["Id"].as_str().unwrap_or_default();
    let (id, part) = text.split_once(':').unwrap_or((text, "1"));
    let groups: Vec<&str> = id.split('-').collect();
    let is_uuid = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|group| group.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit()));
    match part.parse::<usize>() {
        Ok(part) if is_uuid && part > 0 => Ok((id.to_owned(), part)),
        _ => Err(Refusal::validation(format!(
            "id must satisfy regex pattern: ^[a-z0-9]{{8}}(-[a-z0-9]{{4}}){{3}}-[a-z0-9]{{12}}(:\\d+)?$, not {text}"
        ))),
    }
}
