//! Functions: created, read, listed, changed and deleted.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::refused::{conflict, constraint, invalid, not_found};
use super::route::{function_name, query};
use super::service::{Answer, FUNCTION, Lambda};
use super::{input, network, settings};
use crate::localcloud::page::page;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::{Call, Reply};

impl Lambda {
    pub(super) async fn create_function(self: &Arc<Self>, call: &Call) -> Answer {
        let wanted = call.json();
        let given = wanted["FunctionName"].as_str().unwrap_or_default();
        let (name, region) = (function_name(given), call.region.as_str());
        input::check_name(name)?;
        if wanted["PackageType"].as_str().is_some_and(|kind| kind != "Zip") {
            return Err(invalid("The local cloud runs zip packages only"));
        }
        for member in ["Runtime", "Handler"] {
            if wanted[member].is_null() {
                return Err(invalid(
                    "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
                ));
            }
        }
        input::check_settings(&wanted)?;
        if self.documents.get(region, FUNCTION, name).is_some() {
            return Err(conflict(format!("Function already exist: {name}")));
        }
        settings::check_role(&wanted, &self.context.endpoint, region).await?;
        let layers = self.layers_of(region, &wanted)?.unwrap_or_default();
        let mut configuration = settings::fresh(region, name);
        network::apply(&mut configuration, &wanted, &self.context.endpoint, region).await?;
        let stored = self.store.take(&wanted["Code"], &self.context.endpoint, region).await?;
        settings::apply(&mut configuration, &wanted);
        settings::apply_layers(&mut configuration, &layers);
        settings::apply_code(&mut configuration, &stored);
        settings::touch(&mut configuration);
        let tags = if wanted["Tags"].is_object() { wanted["Tags"].clone() } else { json!({}) };
        let document = json!({
            "Configuration": configuration, "Code": stored.name, "LayerCode": layer_code(&layers),
            "Tags": tags, "Policy": [], "PolicyRevision": "",
        });
        if !self.documents.create(region, FUNCTION, name, document) {
            return Err(conflict(format!("Function already exist: {name}")));
        }
        self.settle_later(region, name, &call.fate);
        Ok(Reply::new(201, "application/json", configuration.to_string()))
    }

    pub(super) async fn update_code(self: &Arc<Self>, call: &Call, given: &str) -> Answer {
        let (wanted, region) = (call.json(), call.region.as_str());
        let (name, document) = self.function(region, given)?;
        self.refuse_while_busy(&document, &wanted)?;
        let stored = self.store.take(&wanted, &self.context.endpoint, region).await?;
        let mut shown = document["Configuration"].clone();
        if wanted["DryRun"] == json!(true) {
            settings::apply_code(&mut shown, &stored);
            return json_reply(&shown);
        }
        let old = document["Code"].as_str().unwrap_or_default().to_owned();
        self.change(region, &name, |document| {
            settings::apply(&mut document["Configuration"], &json!({ "Architectures": wanted["Architectures"] }));
            settings::apply_code(&mut document["Configuration"], &stored);
            document["Code"] = json!(stored.name);
        })?;
        self.forget_unused(&[old]);
        self.finish_change(call, &name)
    }

    pub(super) async fn update_configuration(self: &Arc<Self>, call: &Call, given: &str) -> Answer {
        let (wanted, region) = (call.json(), call.region.as_str());
        let (name, document) = self.function(region, given)?;
        input::check_settings(&wanted)?;
        self.refuse_while_busy(&document, &wanted)?;
        settings::check_role(&wanted, &self.context.endpoint, region).await?;
        let layers = self.layers_of(region, &wanted)?;
        let mut place = json!({});
        network::apply(&mut place, &wanted, &self.context.endpoint, region).await?;
        self.change(region, &name, |document| {
            settings::apply(&mut document["Configuration"], &wanted);
            if !place["VpcConfig"].is_null() {
                document["Configuration"]["VpcConfig"] = place["VpcConfig"].clone();
            }
            if let Some(layers) = &layers {
                settings::apply_layers(&mut document["Configuration"], layers);
                document["LayerCode"] = json!(layer_code(layers));
            }
        })?;
        if !place["VpcConfig"].is_null() && !network::same_place(&document["Configuration"], &place) {
            network::leave(&document["Configuration"], &self.context.endpoint, region).await;
        }
        self.finish_change(call, &name)
    }

    fn change(&self, region: &str, name: &str, change: impl FnOnce(&mut Value)) -> Result<(), Refusal> {
        let changed = self.documents.edit(region, FUNCTION, name, |document| {
            change(document);
            let configuration = &mut document["Configuration"];
            settings::touch(configuration);
            configuration["LastUpdateStatus"] = json!("InProgress");
            configuration["LastUpdateStatusReason"] = json!("The function is being updated.");
            configuration["LastUpdateStatusReasonCode"] = json!("Creating");
        });
        changed.ok_or_else(|| missing(region, name))
    }

    fn finish_change(self: &Arc<Self>, call: &Call, name: &str) -> Answer {
        let (_, document) = self.function(&call.region, name)?;
        self.settle_later(&call.region, name, &call.fate);
        json_reply(&document["Configuration"])
    }

    fn refuse_while_busy(&self, document: &Value, wanted: &Value) -> Result<(), Refusal> {
        let configuration = &document["Configuration"];
        let arn = configuration["FunctionArn"].as_str().unwrap_or_default();
        if configuration["State"] == "Pending" || configuration["LastUpdateStatus"] == "InProgress" {
            return Err(conflict(format!(
                "The operation cannot be performed at this time. An update is in progress for resource: {arn}"
            )));
        }
        let asked = wanted["RevisionId"].as_str();
        if asked.is_some_and(|revision| configuration["RevisionId"] != revision) {
            let message = "The Revision Id provided does not match the latest Revision Id. Call the \
                           GetFunction/GetAlias API to retrieve the latest Revision Id";
            return Err(Refusal::new("PreconditionFailedException", message).status(412));
        }
        Ok(())
    }

    pub(super) async fn delete_function(self: &Arc<Self>, call: &Call, given: &str) -> Answer {
        let (name, document) = self.function(&call.region, given)?;
        if call.fate.slow().is_zero() {
            self.finish_deletion(&call.region, &name, &document).await;
            return Ok(Reply::new(204, "application/json", ""));
        }
        self.documents.edit(&call.region, FUNCTION, &name, |document| {
            document["Configuration"]["State"] = json!("Deleting");
        });
        let (lambda, region, fate) = (Arc::clone(self), call.region.clone(), call.fate.clone());
        self.context.tasks.spawn(async move {
            fate.wait().await;
            lambda.finish_deletion(&region, &name, &document).await;
        });
        Ok(Reply::new(204, "application/json", ""))
    }

    /// Forgets a function and ends what runs of it.
    pub(super) async fn finish_deletion(&self, region: &str, name: &str, document: &Value) {
        self.documents.remove(region, FUNCTION, name);
        self.pool.retire(region, name).await;
        let code = document["Code"].as_str().unwrap_or_default().to_owned();
        self.forget_unused(&[code]);
        network::leave(&document["Configuration"], &self.context.endpoint, region).await;
    }

    pub(super) fn get_function(&self, call: &Call, given: &str) -> Answer {
        self.check_qualifier(call, given)?;
        let (name, document) = self.function(&call.region, given)?;
        let path = format!("2015-03-31/functions/{name}/code");
        let mut shown = json!({
            "Configuration": document["Configuration"],
            "Code": { "RepositoryType": "S3", "Location": self.download_url(&call.region, &path) },
        });
        if document["Tags"].as_object().is_some_and(|tags| !tags.is_empty()) {
            shown["Tags"] = document["Tags"].clone();
        }
        if !document["Concurrency"].is_null() {
            shown["Concurrency"] = json!({ "ReservedConcurrentExecutions": document["Concurrency"] });
        }
        json_reply(&shown)
    }

    pub(super) fn get_configuration(&self, call: &Call, given: &str) -> Answer {
        self.check_qualifier(call, given)?;
        json_reply(&self.function(&call.region, given)?.1["Configuration"])
    }

    pub(super) fn download_code(&self, call: &Call, given: &str) -> Answer {
        let (_, document) = self.function(&call.region, given)?;
        self.download(document["Code"].as_str().unwrap_or_default())
    }

    pub(super) fn list_functions(&self, call: &Call) -> Answer {
        let names = self.documents.names(&call.region, FUNCTION);
        let limit = query(call, "MaxItems").and_then(|limit| limit.parse().ok());
        let (shown, next) = page(names, query(call, "Marker").as_deref(), limit, 50);
        let documents = shown.iter().filter_map(|name| self.documents.get(&call.region, FUNCTION, name));
        let shown: Vec<Value> = documents.map(|document| listed(&document)).collect();
        json_reply(&json!({ "Functions": shown, "NextMarker": next }))
    }

    pub(super) fn list_versions(&self, call: &Call, given: &str) -> Answer {
        let (_, document) = self.function(&call.region, given)?;
        json_reply(&json!({ "Versions": [listed(&document)] }))
    }

    /// Returns the name and document of a function.
    pub(super) fn function(&self, region: &str, given: &str) -> Result<(String, Value), Refusal> {
        let name = function_name(given);
        let document = self.documents.get(region, FUNCTION, name).ok_or_else(|| missing(region, name))?;
        Ok((name.to_owned(), document))
    }

    /// Refuses versions and aliases, which do not exist here: there is only `$LATEST`.
    pub(super) fn check_qualifier(&self, call: &Call, given: &str) -> Result<(), Refusal> {
        match query(call, "Qualifier") {
            Some(qualifier) if qualifier != "$LATEST" => {
                let arn = settings::arn(&call.region, function_name(given));
                Err(not_found(format!("Function not found: {arn}:{qualifier}")))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn put_concurrency(&self, call: &Call, given: &str) -> Answer {
        let (name, _) = self.function(&call.region, given)?;
        let wanted = call.json()["ReservedConcurrentExecutions"].clone();
        if wanted.as_i64().is_none_or(|count| count < 0) {
            return Err(constraint(&wanted.to_string(), "reservedConcurrentExecutions", "have value at least 0"));
        }
        self.documents.edit(&call.region, FUNCTION, &name, |document| document["Concurrency"] = wanted.clone());
        json_reply(&json!({ "ReservedConcurrentExecutions": wanted }))
    }

    pub(super) fn get_concurrency(&self, call: &Call, given: &str) -> Answer {
        let (_, document) = self.function(&call.region, given)?;
        match &document["Concurrency"] {
            Value::Null => json_reply(&json!({})),
            count => json_reply(&json!({ "ReservedConcurrentExecutions": count })),
        }
    }

    pub(super) fn delete_concurrency(&self, call: &Call, given: &str) -> Answer {
        let (name, _) = self.function(&call.region, given)?;
        self.documents.edit(&call.region, FUNCTION, &name, |document| document["Concurrency"] = Value::Null);
        Ok(Reply::new(204, "application/json", ""))
    }

    /// Returns a zip of the store.
    pub(super) fn download(&self, code: &str) -> Answer {
        let zip = std::fs::read(self.store.zip(code)).map_err(|_| not_found("The content is gone"))?;
        Ok(Reply::new(200, "application/zip", Bytes::from(zip)))
    }
}

/// A function as lists show it: without the state, which AWS leaves out there.
fn listed(document: &Value) -> Value {
    let mut configuration = document["Configuration"].clone();
    if let Some(members) = configuration.as_object_mut() {
        members.retain(|member, _| !member.starts_with("State") && !member.starts_with("LastUpdateStatus"));
    }
    configuration
}

fn layer_code(layers: &[Value]) -> Vec<&str> {
    layers.iter().filter_map(|layer| layer["Code"].as_str()).collect()
}

pub(super) fn missing(region: &str, name: &str) -> Refusal {
    not_found(format!("Function not found: {}", settings::arn(region, name)))
}

pub(super) fn json_reply(body: &Value) -> Answer {
    Ok(Reply::new(200, "application/json", body.to_string()))
}
