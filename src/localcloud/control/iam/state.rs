//! What is kept of an account.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::query::{Params, list, maybe, text};
use super::super::refusal::Refusal;
use super::super::table::Table;

/// Everything of the account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Account {
    /// By name.
    pub(super) roles: Table<Role>,
    /// The policies of the customer by ARN.
    pub(super) policies: Table<Policy>,
}

pub(super) type Tags = BTreeMap<String, String>;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) created: String,
    pub(super) trust: String,
    pub(super) description: Option<String>,
    /// In seconds.
    pub(super) longest_session: i64,
    pub(super) boundary: Option<String>,
    pub(super) tags: Tags,
    /// ARNs.
    pub(super) attached: BTreeSet<String>,
    /// Documents by name.
    pub(super) inline: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Policy {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) created: String,
    pub(super) description: Option<String>,
    pub(super) tags: Tags,
    /// Number, time and document; the numbers are never used again.
    pub(super) versions: BTreeMap<u32, Version>,
    pub(super) default: u32,
    pub(super) last: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) created: String,
    pub(super) document: String,
}

impl Account {
    /// Returns a role.
    pub(super) fn role(&self, name: &str) -> Result<&Role, Refusal> {
        self.roles.get(name).ok_or_else(|| no_role(name))
    }

    /// Returns a role, to be changed.
    pub(super) fn role_mut(&mut self, name: &str) -> Result<&mut Role, Refusal> {
        self.roles.get_mut(name).ok_or_else(|| no_role(name))
    }
}

fn no_role(name: &str) -> Refusal {
    no_such(format!("The role with name {name} cannot be found."))
}

/// Says that something is not there.
pub(super) fn no_such(message: impl Into<String>) -> Refusal {
    Refusal::new(404, "NoSuchEntity", message)
}

/// Says that something is there already.
pub(super) fn exists(message: impl Into<String>) -> Refusal {
    Refusal::new(409, "EntityAlreadyExists", message)
}

/// Says that something is in the way of a deletion.
pub(super) fn conflict(message: impl Into<String>) -> Refusal {
    Refusal::new(409, "DeleteConflict", message)
}

/// Returns the time in the form of IAM.
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads tags; keys differ in more than case.
pub(super) fn read_tags(params: &Params) -> Result<Tags, Refusal> {
    let mut tags = Tags::new();
    for tag in params.list("Tags") {
        let key = tag.text("Key").unwrap_or_default();
        if key.is_empty() || key.starts_with("aws:") || key.chars().count() > 128 {
            return Err(Refusal::bad("InvalidInput", format!("The tag key '{key}' is not valid")));
        }
        if tags.keys().any(|other| other.eq_ignore_ascii_case(key)) {
            let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(Refusal::bad("InvalidInput", message));
        }
        tags.insert(key.to_owned(), tag.text("Value").unwrap_or_default().to_owned());
    }
    Ok(tags)
}

/// Writes tags.
pub(super) fn tag_members(tags: &Tags) -> Vec<String> {
    tags.iter().map(|(key, value)| text("Key", key) + &text("Value", value)).collect()
}

/// Writes a page of a list: `members` are keys, by which pages join, and their XML.
pub(super) fn page(params: &Params, name: &str, members: Vec<(String, String)>) -> String {
    let after = params.text("Marker").and_then(|marker| String::from_utf8(hex::decode(marker).ok()?).ok());
    let mut members = members;
    members.sort();
    members.retain(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let limit = params.number("MaxItems").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(100).clamp(1, 1000);
    let more = members.len() > limit;
    members.truncate(limit);
    let marker = members.last().filter(|_| more).map(|(key, _)| hex::encode(key));
    list(name, "member", members.into_iter().map(|(_, body)| body))
        + &text("IsTruncated", more)
        + &maybe("Marker", marker)
}
