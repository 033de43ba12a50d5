//! Connections: how crawlers and jobs reach a database or a network.

use serde_json::{Value, json};

use super::crawl::jdbc::Endpoint;
use super::refused::{absent, exists, invalid, required, texts};
use super::service::{Answer, Glue, paged};
use crate::localcloud::mint;
use crate::localcloud::refusal::Refusal;

/// The kind of document that a connection is.
pub(super) const CONNECTION: &str = "connection";

/// Properties that a caller who asks for no password does not get.
const SECRETS: [&str; 2] = ["PASSWORD", "ENCRYPTED_PASSWORD"];

impl Glue {
    pub(super) fn create_connection(&self, region: &str, input: &Value) -> Answer {
        let mut connection = checked(&input["ConnectionInput"])?;
        let name = required(&connection, "Name")?.to_owned();
        connection["CreationTime"] = json!(mint::now_seconds());
        if !self.documents.create(region, CONNECTION, &name, connection) {
            return Err(exists("Connection already exists."));
        }
        self.put_tags(region, CONNECTION, &name, &input["Tags"]);
        Ok(json!({ "CreateConnectionStatus": "READY" }))
    }

    pub(super) fn get_connection(&self, region: &str, input: &Value) -> Answer {
        let connection = self.connection(region, required(input, "Name")?)?;
        Ok(json!({ "Connection": shown(connection, input) }))
    }

    pub(super) fn get_connections(&self, region: &str, input: &Value) -> Answer {
        let mut connections = self.all(region, CONNECTION);
        if let Some(kind) = input["Filter"]["ConnectionType"].as_str() {
            connections.retain(|connection| connection["ConnectionType"] == kind);
        }
        let connections = connections.into_iter().map(|connection| shown(connection, input)).collect();
        Ok(paged("ConnectionList", connections, input, 1000))
    }

    pub(super) fn update_connection(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "Name")?;
        let known = self.connection(region, name)?;
        let mut connection = checked(&input["ConnectionInput"])?;
        connection["Name"] = json!(name);
        connection["CreationTime"] = known["CreationTime"].clone();
        self.documents.put(region, CONNECTION, name, connection);
        Ok(json!({}))
    }

    pub(super) fn delete_connection(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "ConnectionName")?;
        self.documents.remove(region, CONNECTION, name).ok_or_else(|| missing(name))?;
        self.drop_tags(region, CONNECTION, name);
        Ok(json!({}))
    }

    pub(super) fn batch_delete_connection(&self, region: &str, input: &Value) -> Answer {
        let mut errors = serde_json::Map::new();
        let mut succeeded = vec![];
        for name in texts(&input["ConnectionNameList"]) {
            match self.delete_connection(region, &json!({ "ConnectionName": name })) {
                Ok(_) => succeeded.push(name),
                Err(refusal) => {
                    let detail = json!({ "ErrorCode": refusal.code(), "ErrorMessage": refusal.message() });
                    errors.insert(name, detail);
                }
            }
        }
        Ok(json!({ "Succeeded": succeeded, "Errors": errors }))
    }

    /// Connects for real where the connection leads to a database.
    pub(super) async fn test_connection(&self, region: &str, input: &Value) -> Answer {
        let connection = match input["ConnectionName"].as_str() {
            Some(name) => self.connection(region, name)?,
            None => input["TestConnectionInput"].clone(),
        };
        if connection["ConnectionType"] == "NETWORK" {
            return Ok(json!({}));
        }
        let tested = match Endpoint::resolve(&connection, &self.context.endpoint, region).await {
            Ok(endpoint) => endpoint.test().await,
            Err(error) => Err(error),
        };
        tested.map(|()| json!({})).map_err(|error| invalid(error.to_string()))
    }

    /// Returns a connection with its password.
    pub(super) fn connection(&self, region: &str, name: &str) -> Result<Value, Refusal> {
        self.documents.get(region, CONNECTION, name).ok_or_else(|| missing(name))
    }
}

fn missing(name: &str) -> Refusal {
    absent(format!("Connection {name} not found."))
}

/// Returns a connection that may be stored.
fn checked(wanted: &Value) -> Result<Value, Refusal> {
    required(wanted, "Name")?;
    let kind = required(wanted, "ConnectionType")?;
    let properties = &wanted["ConnectionProperties"];
    if kind == "JDBC" {
        let has = |member: &str| properties[member].as_str().is_some_and(|text| !text.is_empty());
        if !has("JDBC_CONNECTION_URL") && !["HOST", "PORT", "JDBC_ENGINE"].into_iter().all(has) {
            return Err(invalid("Validation for connection properties failed: JDBC_CONNECTION_URL is missing"));
        }
        if !has("SECRET_ID") && !(has("USERNAME") && (has("PASSWORD") || has("ENCRYPTED_PASSWORD"))) {
            return Err(invalid("Validation for connection properties failed: USERNAME or SECRET_ID is missing"));
        }
    }
    let mut connection = wanted.clone();
    if properties.is_null() {
        connection["ConnectionProperties"] = json!({});
    }
    connection["LastUpdatedTime"] = json!(mint::now_seconds());
    connection["Status"] = json!("READY");
    connection["ConnectionSchemaVersion"] = json!(1);
    if let Some(members) = connection.as_object_mut() {
        members.remove("ValidateCredentials");
    }
    Ok(connection)
}

fn shown(mut connection: Value, input: &Value) -> Value {
    if input["HidePassword"] == json!(true)
        && let Some(properties) = connection["ConnectionProperties"].as_object_mut()
    {
        properties.retain(|property, _| !SECRETS.contains(&property.as_str()));
    }
    connection
}
