//! What a service of the local cloud must answer.

use std::collections::BTreeMap;

use async_trait::async_trait;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::{Call, Reply};

/// One AWS service. Its own parts are reached through the endpoint like everything else.
#[async_trait]
pub(super) trait Service: Send + Sync {
    /// Returns the SigV4 signing names that lead here.
    fn signing_names(&self) -> &'static [&'static str];

    /// Answers one request; what AWS would refuse is refused with the same error code.
    async fn handle(&self, call: Call) -> Reply;

    /// Returns what carries tags in a region, as the tagging API is to show it. What AWS leaves out there stays out.
    async fn tagged(&self, _region: &str) -> Vec<Tagged> {
        Vec::new()
    }

    /// Refuses a call that never gets to the service, in the protocol that the call speaks.
    fn refuse(&self, call: &Call, status: u16, code: &str, message: &str) -> Reply {
        refusal(call, status, code, message)
    }

    /// Starts again what was running when the process ended. Called once, after the endpoint listens.
    async fn resume(&self) {}

    /// Stops every process and task that it started; data stay.
    async fn stop(&self) {}

    /// Tells what it started to end, without waiting: the local cloud is dropped.
    fn abort(&self) {}
}

/// A resource with its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tagged {
    /// Its ARN.
    pub arn: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Tagged {
    /// Takes tags that are kept as the members of a JSON object.
    pub(super) fn of_object(arn: String, tags: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let tags = tags.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect();
        Self { arn, tags }
    }
}

/// Returns an error in the query or the JSON protocol, whichever the call speaks, so that every client shows it.
pub(super) fn refusal(call: &Call, status: u16, code: &str, message: &str) -> Reply {
    let kind = call.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Reply::query_error(status, code, message);
    }
    Reply::json_error(status, code, message)
}
