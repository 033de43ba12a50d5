//! What an execution went through, event by event; the short form: states entered and left, and how it ended.

use serde_json::{Value, json};

use super::executions::{EXECUTION, key_of};
use super::refused::required;
use super::service::{Answer, States};
use crate::localcloud::mint;
use crate::localcloud::page::page;

/// The kind of document that a list of events is.
pub(super) const HISTORY: &str = "history";

/// AWS ends an execution after as many events; here only the first ones are kept.
const MOST_EVENTS: usize = 25_000;

/// The most events of one page.
const PAGE: usize = 1000;

impl States {
    /// Adds an event; `details` stand under the name that its kind has for them.
    pub(super) fn note(&self, region: &str, key: &str, kind: &str, details: Option<(&str, Value)>) {
        let time = mint::seconds(self.context.clock.now());
        self.documents.edit(region, HISTORY, key, |events| {
            let Some(events) = events.as_array_mut().filter(|events| events.len() < MOST_EVENTS) else { return };
            let number = events.len() + 1;
            let mut event = json!({ "timestamp": time, "type": kind, "id": number, "previousEventId": number - 1 });
            if let Some((member, details)) = details {
                event[member] = details;
            }
            events.push(event);
        });
    }

    pub(super) fn get_history(&self, region: &str, input: &Value) -> Answer {
        let arn = required(input, "executionArn")?;
        let key = key_of(region, arn);
        let known = key.filter(|key| self.documents.get(region, EXECUTION, key).is_some());
        let key = known.ok_or_else(|| super::refused::no_execution(arn))?;
        let events = self.documents.get(region, HISTORY, &key).unwrap_or_default();
        let mut events = events.as_array().cloned().unwrap_or_default();
        if input["reverseOrder"] == true {
            events.reverse();
        }
        let (shown, next) = page(events, input["nextToken"].as_str(), input["maxResults"].as_u64(), PAGE);
        Ok(json!({ "events": shown, "nextToken": next }))
    }
}
