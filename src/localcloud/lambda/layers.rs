//! Layers: numbered versions of a zip, never changed once published.

use serde_json::{Value, json};

use super::functions::json_reply;
use super::refused::{constraint, invalid, not_found};
use super::route::query;
use super::service::{Answer, FUNCTION, LAYER, Lambda};
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::page::page;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::{Call, Reply};

/// The counter of a layer's versions; a number is not given twice, even after a delete.
const COUNTER: &str = "layer-counter";

fn layer_arn(region: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{ACCOUNT}:layer:{name}")
}

/// Returns the name from a name or an ARN of a layer.
fn layer_name(given: &str) -> &str {
    given.rsplit_once("layer:").map_or(given, |(_, name)| name)
}

/// Names a version so that names sort as versions do.
fn key(name: &str, version: u64) -> String {
    format!("{name}:{version:08}")
}

impl Lambda {
    pub(super) async fn publish_layer(&self, call: &Call, given: &str) -> Answer {
        let (name, region, wanted) = (layer_name(given), call.region.as_str(), call.json());
        let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if name.is_empty() || name.len() > 140 || !name.chars().all(fits) {
            return Err(constraint(name, "layerName", "satisfy regular expression pattern: [a-zA-Z0-9-_]+"));
        }
        let stored = self.store.take(&wanted["Content"], &self.context.endpoint, region).await?;
        self.documents.create(region, COUNTER, name, json!(0));
        let next = self.documents.edit(region, COUNTER, name, |counter| {
            let next = counter.as_u64().unwrap_or(0) + 1;
            *counter = json!(next);
            next
        });
        let version = next.ok_or_else(|| not_found("The layer was deleted meanwhile"))?;
        let mut document = json!({
            "LayerArn": layer_arn(region, name),
            "LayerVersionArn": format!("{}:{version}", layer_arn(region, name)),
            "LayerName": name,
            "Version": version,
            "Description": wanted["Description"].as_str().unwrap_or_default(),
            "CreatedDate": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string(),
            "Content": { "CodeSha256": stored.sha256, "CodeSize": stored.size },
            "Code": stored.name,
        });
        for member in ["CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"] {
            if !wanted[member].is_null() {
                document[member] = wanted[member].clone();
            }
        }
        self.documents.put(region, LAYER, &key(name, version), document.clone());
        Ok(Reply::new(201, "application/json", self.shown(region, &document).to_string()))
    }

    pub(super) fn get_layer(&self, call: &Call, given: &str, version: &str) -> Answer {
        let document = self.layer(&call.region, layer_name(given), version)?;
        json_reply(&self.shown(&call.region, &document))
    }

    pub(super) fn get_layer_by_arn(&self, call: &Call, arn: &str) -> Answer {
        let (name, version) = layer_name(arn).rsplit_once(':').unwrap_or((arn, ""));
        let document = self.layer(&call.region, name, version)?;
        json_reply(&self.shown(&call.region, &document))
    }

    pub(super) fn download_layer(&self, call: &Call, given: &str, version: &str) -> Answer {
        let document = self.layer(&call.region, layer_name(given), version)?;
        self.download(document["Code"].as_str().unwrap_or_default())
    }

    pub(super) fn delete_layer(&self, call: &Call, given: &str, version: &str) -> Answer {
        let number = version.parse().unwrap_or(0);
        if let Some(gone) = self.documents.remove(&call.region, LAYER, &key(layer_name(given), number)) {
            self.forget_unused(&[gone["Code"].as_str().unwrap_or_default().to_owned()]);
        }
        Ok(Reply::new(204, "application/json", ""))
    }

    pub(super) fn list_layer_versions(&self, call: &Call, given: &str) -> Answer {
        let name = layer_name(given);
        let mut versions: Vec<Value> = self.layers(&call.region, call);
        versions.retain(|layer| layer["LayerName"] == name);
        versions.reverse();
        let all = versions.iter().map(summary).collect();
        let limit = query(call, "MaxItems").and_then(|limit| limit.parse().ok());
        let (shown, next) = page(all, query(call, "Marker").as_deref(), limit, 50);
        json_reply(&json!({ "LayerVersions": shown, "NextMarker": next }))
    }

    pub(super) fn list_layers(&self, call: &Call) -> Answer {
        let mut newest: Vec<Value> = vec![];
        for layer in self.layers(&call.region, call) {
            newest.retain(|known| known["LayerName"] != layer["LayerName"]);
            newest.push(layer);
        }
        let all: Vec<Value> = newest
            .iter()
            .map(|layer| {
                json!({
                    "LayerName": layer["LayerName"], "LayerArn": layer["LayerArn"],
                    "LatestMatchingVersion": summary(layer),
                })
            })
            .collect();
        let limit = query(call, "MaxItems").and_then(|limit| limit.parse().ok());
        let (shown, next) = page(all, query(call, "Marker").as_deref(), limit, 50);
        json_reply(&json!({ "Layers": shown, "NextMarker": next }))
    }

    /// Returns the layers, oldest version first, that fit the filters of the call.
    fn layers(&self, region: &str, call: &Call) -> Vec<Value> {
        let fits = |layer: &Value, filter: &str, member: &str| match query(call, filter) {
            Some(wanted) => layer[member].as_array().is_some_and(|list| list.contains(&json!(wanted))),
            None => true,
        };
        let layers = self.documents.list(region, LAYER).into_iter().map(|(_, layer)| layer);
        layers
            .filter(|layer| fits(layer, "CompatibleRuntime", "CompatibleRuntimes"))
            .filter(|layer| fits(layer, "CompatibleArchitecture", "CompatibleArchitectures"))
            .collect()
    }

    /// Returns the layers that a function asks for; `None` if it does not mention any.
    pub(super) fn layers_of(&self, region: &str, wanted: &Value) -> Result<Option<Vec<Value>>, Refusal> {
        let Some(arns) = wanted["Layers"].as_array() else { return Ok(None) };
        let layers = arns.iter().map(|arn| {
            let arn = arn.as_str().unwrap_or_default();
            let (layer, version) = arn.rsplit_once(':').unwrap_or((arn, ""));
            let found = self.layer(region, layer_name(layer), version);
            let exact = found.ok().filter(|found| found["LayerVersionArn"] == arn);
            exact.ok_or_else(|| invalid(format!("Layer version {arn} does not exist.")))
        });
        layers.collect::<Result<Vec<Value>, Refusal>>().map(Some)
    }

    fn layer(&self, region: &str, name: &str, version: &str) -> Result<Value, Refusal> {
        let number = version.parse().unwrap_or(0);
        self.documents
            .get(region, LAYER, &key(name, number))
            .ok_or_else(|| not_found("The resource you requested does not exist."))
    }

    fn shown(&self, region: &str, document: &Value) -> Value {
        let name = document["LayerName"].as_str().unwrap_or_default();
        let path = format!("2018-10-31/layers/{name}/versions/{}/content", document["Version"]);
        let mut shown = document.clone();
        shown["Content"]["Location"] = json!(self.download_url(region, &path));
        if let Some(members) = shown.as_object_mut() {
            members.remove("Code");
            members.remove("LayerName");
        }
        shown
    }

    /// Removes zips that neither a function nor a layer uses.
    pub(super) fn forget_unused(&self, codes: &[String]) {
        let used = |code: &str| {
            self.documents.regions().iter().any(|region| {
                let layers = self.documents.list(region, LAYER).into_iter().map(|(_, layer)| layer);
                let functions = self.documents.list(region, FUNCTION).into_iter().map(|(_, function)| function);
                layers.chain(functions).any(|document| {
                    let layer_code = document["LayerCode"].as_array();
                    document["Code"] == code || layer_code.is_some_and(|list| list.contains(&json!(code)))
                })
            })
        };
        for code in codes.iter().filter(|code| !code.is_empty() && !used(code)) {
            self.store.forget(code);
        }
    }
}

/// A version as lists show it.
fn summary(layer: &Value) -> Value {
    let mut summary = layer.clone();
    if let Some(members) = summary.as_object_mut() {
        for member in ["Code", "Content", "LayerName", "LayerArn"] {
            members.remove(member);
        }
    }
    summary
}
