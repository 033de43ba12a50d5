//! Dashboards and their tags.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::speech::time;
use super::state::{Boards, Dashboard};
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::service::Tagged;

/// The most entries of a page of `ListDashboards`.
const PAGE: usize = 1000;

impl Boards {
    /// Answers `PutDashboard`, which replaces the whole dashboard.
    pub(super) fn put(&mut self, request: &Value) -> Result<Value, Refusal> {
        let name = request["DashboardName"].as_str().unwrap_or_default();
        let usual = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        if name.is_empty() || name.len() > 255 || !name.chars().all(usual) {
            let message = format!("The value {name} for field DashboardName contains invalid characters.");
            return Err(invalid(&message));
        }
        let body = request["DashboardBody"].as_str().unwrap_or_default();
        let content: Result<Value, _> = serde_json::from_str(body);
        if !content.is_ok_and(|content| content.is_object()) {
            return Err(invalid("The field DashboardBody must be a valid JSON object"));
        }
        let old = self.dashboards.remove(name).unwrap_or_default();
        let mut tags = old.tags;
        // Tags count when the dashboard is made; later there is `TagResource`.
        if old.body.is_empty() {
            tags.extend(read_tags(&request["Tags"]));
        }
        let modified = Timestamp::now().as_millisecond() as f64 / 1000.0;
        self.dashboards.insert(name.to_owned(), Dashboard { body: body.to_owned(), modified, tags });
        Ok(json!({ "DashboardValidationMessages": [] }))
    }

    /// Answers `GetDashboard`.
    pub(super) fn get(&self, request: &Value) -> Result<Value, Refusal> {
        let name = request["DashboardName"].as_str().unwrap_or_default();
        let dashboard = self.dashboards.get(name).ok_or_else(|| missing(name))?;
        Ok(json!({ "DashboardArn": arn(name), "DashboardBody": dashboard.body, "DashboardName": name }))
    }

    /// Answers `ListDashboards`.
    pub(super) fn list(&self, request: &Value) -> Value {
        let prefix = request["DashboardNamePrefix"].as_str().unwrap_or_default();
        let after = request["NextToken"].as_str().unwrap_or_default();
        let found = self.dashboards.iter().filter(|(name, _)| name.starts_with(prefix) && name.as_str() > after);
        let found: Vec<(&String, &Dashboard)> = found.take(PAGE + 1).collect();
        let entries: Vec<Value> = found
            .iter()
            .take(PAGE)
            .map(|(name, dashboard)| {
                json!({
                    "DashboardName": name,
                    "DashboardArn": arn(name),
                    "LastModified": time(dashboard.modified),
                    "Size": dashboard.body.len(),
                })
            })
            .collect();
        let mut answer = json!({ "DashboardEntries": entries });
        if found.len() > PAGE {
            answer["NextToken"] = json!(found[PAGE - 1].0);
        }
        answer
    }

    /// Answers `DeleteDashboards`: all of them or none.
    pub(super) fn delete(&mut self, request: &Value) -> Result<Value, Refusal> {
        let names = request["DashboardNames"].as_array().cloned().unwrap_or_default();
        let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
        if let Some(name) = names.iter().find(|name| !self.dashboards.contains_key(**name)) {
            return Err(missing(name));
        }
        self.dashboards.retain(|name, _| !names.contains(&name.as_str()));
        Ok(json!({}))
    }

    /// Answers `TagResource` and `UntagResource`.
    pub(super) fn tag(&mut self, request: &Value) -> Result<Value, Refusal> {
        let name = tagged(request)?;
        let dashboard = self.dashboards.get_mut(&name).ok_or_else(|| not_taggable(&name))?;
        dashboard.tags.extend(read_tags(&request["Tags"]));
        let keys = request["TagKeys"].as_array().cloned().unwrap_or_default();
        dashboard.tags.retain(|key, _| !keys.iter().any(|other| other == key));
        Ok(json!({}))
    }

    /// Returns every dashboard with its tags.
    pub(super) fn tagged(&self) -> Vec<Tagged> {
        let all = self.dashboards.iter();
        all.map(|(name, dashboard)| Tagged { arn: arn(name), tags: dashboard.tags.clone() }).collect()
    }

    /// Answers `ListTagsForResource`.
    pub(super) fn list_tags(&self, request: &Value) -> Result<Value, Refusal> {
        let name = tagged(request)?;
        let dashboard = self.dashboards.get(&name).ok_or_else(|| not_taggable(&name))?;
        let tags = dashboard.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
        Ok(json!({ "Tags": tags.collect::<Vec<_>>() }))
    }
}

fn arn(name: &str) -> String {
    format!("arn:aws:cloudwatch::{ACCOUNT}:dashboard/{name}")
}

fn tagged(request: &Value) -> Result<String, Refusal> {
    let arn = request["ResourceARN"].as_str().unwrap_or_default();
    let name = arn.split_once(":dashboard/").map(|(_, name)| name.to_owned());
    name.ok_or_else(|| not_taggable(arn))
}

fn not_taggable(name: &str) -> Refusal {
    Refusal::new(404, "ResourceNotFoundException", format!("{name} does not exist"))
}

fn missing(name: &str) -> Refusal {
    Refusal::new(404, "ResourceNotFound", format!("Dashboard {name} does not exist"))
}

fn invalid(message: &str) -> Refusal {
    Refusal::bad("InvalidParameterInput", message)
}

fn read_tags(tags: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    tags.as_array().into_iter().flatten().map(|tag| (text(&tag["Key"]), text(&tag["Value"]))).collect()
}
