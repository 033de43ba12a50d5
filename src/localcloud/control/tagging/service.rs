//! The operations of the tagging API by name.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::speech::Speech;
use super::filters::{Filters, invalid};
use crate::localcloud::service::{Service, Tagged};
use crate::localcloud::{Call, Reply};

/// The most resources of a page, which is also how many come if nobody says how many.
const PAGE: u64 = 100;

/// The tagging API over all other services.
pub(in super::super::super) struct Tagging {
    services: Vec<Arc<dyn Service>>,
}

impl Tagging {
    /// Takes the services that will be asked.
    pub(in super::super::super) fn new(services: &[Arc<dyn Service>]) -> Self {
        Self { services: services.to_vec() }
    }

    /// Returns everything with tags, in the order of ARNs.
    async fn everything(&self, region: &str) -> Vec<Tagged> {
        let asked = self.services.iter().map(|service| service.tagged(region));
        let mut all: Vec<Tagged> = futures::future::join_all(asked).await.into_iter().flatten().collect();
        all.retain(|resource| !resource.tags.is_empty());
        all.sort_by(|left, right| left.arn.cmp(&right.arn));
        all
    }

    async fn answer(&self, operation: &str, region: &str, request: &Value) -> Result<Value, Refusal> {
        match operation {
            "GetResources" => {
                let filters = Filters::of(request)?;
                let size = page_size(request)?;
                let mut all = self.everything(region).await;
                all.retain(|resource| filters.pass(resource));
                let (shown, next) = page(request, size, all, |resource| &resource.arn)?;
                let shown: Vec<Value> = shown.iter().map(mapping).collect();
                Ok(json!({ "ResourceTagMappingList": shown, "PaginationToken": next }))
            }
            "GetTagKeys" => {
                let all = self.everything(region).await.into_iter();
                let keys: BTreeSet<String> = all.flat_map(|resource| resource.tags.into_keys()).collect();
                let (keys, next) = page(request, PAGE, keys.into_iter().collect(), |key| key)?;
                Ok(json!({ "TagKeys": keys, "PaginationToken": next }))
            }
            "GetTagValues" => {
                let key = request["Key"].as_str().ok_or_else(|| invalid("Key must not be null"))?;
                let all = self.everything(region).await.into_iter();
                let values: BTreeSet<String> = all.filter_map(|mut resource| resource.tags.remove(key)).collect();
                let (values, next) = page(request, PAGE, values.into_iter().collect(), |value| value)?;
                Ok(json!({ "TagValues": values, "PaginationToken": next }))
            }
            _ => {
                let message = format!("The local cloud does not have the action {operation}");
                Err(Refusal::bad("UnknownOperationException", message))
            }
        }
    }
}

#[async_trait]
impl Service for Tagging {
    fn signing_names(&self) -> &'static [&'static str] {
        &["tagging"]
    }

    async fn handle(&self, call: Call) -> Reply {
        let speech = Speech::of(&call);
        match self.answer(&call.operation, &call.region, &speech.read(&call)).await {
            Ok(answer) => speech.answer(&call.operation, &answer),
            Err(refusal) => speech.refuse(&refusal),
        }
    }
}

fn page_size(request: &Value) -> Result<u64, Refusal> {
    match &request["ResourcesPerPage"] {
        Value::Null => Ok(PAGE),
        size => {
            let size = size.as_u64().filter(|size| (1..=PAGE).contains(size));
            size.ok_or_else(|| invalid("ResourcesPerPage must be between 1 and 100"))
        }
    }
}

/// Cuts a page out of things in order; the token, the last key of the page, is empty when there are no more.
fn page<T>(
    request: &Value,
    size: u64,
    mut all: Vec<T>,
    key: impl Fn(&T) -> &String,
) -> Result<(Vec<T>, String), Refusal> {
    let token = request["PaginationToken"].as_str().filter(|token| !token.is_empty());
    if let Some(token) = token {
        let after = hex::decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let after = after.ok_or_else(|| invalid("The PaginationToken is not one that this API gave"))?;
        all.retain(|thing| *key(thing) > after);
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = all.len() > size;
    all.truncate(size);
    let next = all.last().filter(|_| more).map(|last| hex::encode(key(last))).unwrap_or_default();
    Ok((all, next))
}

fn mapping(resource: &Tagged) -> Value {
    let tags = resource.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
    json!({ "ResourceARN": resource.arn, "Tags": tags.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_and_the_last_token_is_empty() {
        let all: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let (first, token) = page(&json!({}), 2, all.clone(), |key| key).unwrap();
        assert_eq!(first, ["a", "b"]);
        let (last, token) = page(&json!({ "PaginationToken": token }), 2, all.clone(), |key| key).unwrap();
        assert_eq!((last, token), (vec!["c".to_owned()], String::new()));
        assert!(page(&json!({ "PaginationToken": "?" }), 2, all, |key| key).is_err());
    }
}
