//! Log groups, their retention and their tags.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::state::{Group, Region, arn, group_name, invalid, now, page};

/// The days for which AWS keeps logs.
const RETENTIONS: &[i64] =
    &[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

impl Region {
    /// Answers `CreateLogGroup`.
    pub(super) fn create_group(&mut self, request: &Value) -> Result<Value, Refusal> {
        let name = group_name(request)?;
        if self.groups.contains_key(&name) {
            return Err(Refusal::bad("ResourceAlreadyExistsException", "The specified log group already exists"));
        }
        let tags = read_tags(&request["tags"]);
        self.groups.insert(name, Group { created: now(), tags, ..Group::default() });
        Ok(json!({}))
    }

    /// Answers `DeleteLogGroup`.
    pub(super) fn delete_group(&mut self, request: &Value) -> Result<Value, Refusal> {
        let name = group_name(request)?;
        self.group(&name)?;
        self.groups.remove(&name);
        Ok(json!({}))
    }

    /// Answers `DescribeLogGroups` and, with fewer fields, `ListLogGroups`.
    pub(super) fn describe_groups(&self, request: &Value, region: &str) -> Result<Value, Refusal> {
        let prefix = request["logGroupNamePrefix"].as_str().unwrap_or_default();
        let pattern = request["logGroupNamePattern"].as_str().unwrap_or_default().to_lowercase();
        if !prefix.is_empty() && !pattern.is_empty() {
            return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
        }
        let found =
            self.groups.iter().filter(|(name, _)| name.starts_with(prefix) && name.to_lowercase().contains(&pattern));
        let (found, next) = page(request, 50, found.map(|(name, group)| (name, (name, group))).collect());
        let shown = found.into_iter().map(|(name, group)| {
            let mut shown = json!({
                "logGroupName": name,
                "creationTime": group.created,
                "metricFilterCount": 0,
                "arn": format!("{}:*", arn(region, name)),
                "logGroupArn": arn(region, name),
                "logGroupClass": "STANDARD",
                "storedBytes": group.streams.values().map(|stream| stream.bytes).sum::<u64>(),
            });
            if let Some(days) = group.retention {
                shown["retentionInDays"] = json!(days);
            }
            shown
        });
        Ok(with_token(json!({ "logGroups": shown.collect::<Vec<Value>>() }), next))
    }

    /// Answers `PutRetentionPolicy`.
    pub(super) fn put_retention(&mut self, request: &Value) -> Result<Value, Refusal> {
        let days = request["retentionInDays"].as_i64().filter(|days| RETENTIONS.contains(days));
        let days =
            days.ok_or_else(|| invalid("Invalid retentionInDays: it must be one of the periods that AWS has"))?;
        self.group_mut(&group_name(request)?)?.retention = Some(days);
        Ok(json!({}))
    }

    /// Answers `DeleteRetentionPolicy`.
    pub(super) fn delete_retention(&mut self, request: &Value) -> Result<Value, Refusal> {
        self.group_mut(&group_name(request)?)?.retention = None;
        Ok(json!({}))
    }

    /// Answers `TagResource` and `TagLogGroup`.
    pub(super) fn tag(&mut self, request: &Value) -> Result<Value, Refusal> {
        let group = self.group_mut(&group_name(request)?)?;
        group.tags.extend(read_tags(&request["tags"]));
        Ok(json!({}))
    }

    /// Answers `UntagResource` and `UntagLogGroup`.
    pub(super) fn untag(&mut self, request: &Value) -> Result<Value, Refusal> {
        let keys = request["tagKeys"].as_array().or_else(|| request["tags"].as_array()).cloned().unwrap_or_default();
        self.group_mut(&group_name(request)?)?.tags.retain(|key, _| !keys.iter().any(|other| other == key));
        Ok(json!({}))
    }

    /// Answers `ListTagsForResource` and `ListTagsLogGroup`.
    pub(super) fn list_tags(&self, request: &Value) -> Result<Value, Refusal> {
        Ok(json!({ "tags": self.group(&group_name(request)?)?.tags }))
    }
}

/// Adds the token of the next page if there is one.
pub(super) fn with_token(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    answer
}

fn read_tags(tags: &Value) -> BTreeMap<String, String> {
    let tags = tags.as_object().into_iter().flatten();
    tags.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}
