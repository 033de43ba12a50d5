//! What is kept of log groups and streams beside their events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::refusal::Refusal;
use super::super::table::Table;
use crate::localcloud::emulated::ACCOUNT;

/// The groups of a region by name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Region {
    pub(super) groups: Table<Group>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Group {
    /// In milliseconds since 1970.
    pub(super) created: i64,
    /// In days; `None` keeps for ever.
    pub(super) retention: Option<i64>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) streams: BTreeMap<String, Stream>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Stream {
    pub(super) created: i64,
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
    pub(super) ingested: Option<i64>,
    pub(super) bytes: u64,
}

impl Region {
    /// Returns a group.
    pub(super) fn group(&self, name: &str) -> Result<&Group, Refusal> {
        self.groups.get(name).ok_or_else(|| missing("The specified log group does not exist."))
    }

    /// Returns a group, to be changed.
    pub(super) fn group_mut(&mut self, name: &str) -> Result<&mut Group, Refusal> {
        self.groups.get_mut(name).ok_or_else(|| missing("The specified log group does not exist."))
    }
}

impl Group {
    /// Returns a stream.
    pub(super) fn stream(&self, name: &str) -> Result<&Stream, Refusal> {
        self.streams.get(name).ok_or_else(|| missing("The specified log stream does not exist."))
    }
}

/// Says that something is not there.
pub(super) fn missing(message: &str) -> Refusal {
    Refusal::bad("ResourceNotFoundException", message)
}

/// Says that a parameter is wrong.
pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::bad("InvalidParameterException", message)
}

/// Returns the time in milliseconds since 1970.
pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Returns the ARN of a group without the star at its end.
pub(super) fn arn(region: &str, group: &str) -> String {
    format!("arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}")
}

/// Returns the group that a request names, by its name or by its ARN.
pub(super) fn group_name(request: &Value) -> Result<String, Refusal> {
    let named = ["logGroupName", "logGroupIdentifier", "resourceArn"];
    let text = named.iter().find_map(|name| request[*name].as_str()).unwrap_or_default();
    let name = text.split_once(":log-group:").map_or(text, |(_, name)| name.trim_end_matches(":*"));
    let usual = |letter: char| letter.is_ascii_alphanumeric() || "._-/#".contains(letter);
    if name.is_empty() || name.len() > 512 || !name.chars().all(usual) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
        )));
    }
    Ok(name.to_owned())
}

/// Cuts a page out of things in order and returns it with the token of the next.
pub(super) fn page<T>(request: &Value, most: usize, all: Vec<(&String, T)>) -> (Vec<T>, Option<String>) {
    let after = request["nextToken"].as_str().and_then(|token| String::from_utf8(hex::decode(token).ok()?).ok());
    // What the last page ended with may be gone by now.
    let place = |after: String| match all.iter().position(|(key, _)| **key == after) {
        Some(place) => place + 1,
        None => all.iter().position(|(key, _)| **key > after).unwrap_or(all.len()),
    };
    let start = after.map_or(0, place);
    let limit = request["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(most).clamp(1, most);
    let more = all.len() > start + limit;
    let shown: Vec<(&String, T)> = all.into_iter().skip(start).take(limit).collect();
    let next = shown.last().filter(|_| more).map(|(key, _)| hex::encode(key.as_bytes()));
    (shown.into_iter().map(|(_, value)| value).collect(), next)
}
