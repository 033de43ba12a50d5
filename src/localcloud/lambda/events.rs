//! Events: taken at once, run later, tried again when they fail, and not lost when the process ends.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::functions::json_reply;
use super::refused::{constraint, not_found};
use super::service::{Answer, EVENT, FUNCTION, Lambda};
use super::settings;
use crate::localcloud::{Call, Reply, mint};

/// The pauses before the second and the third attempt.
///
/// AWS waits one minute and two minutes; here it is seconds, so that a person sees the end of it.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

impl Lambda {
    /// Keeps an event and starts to work on it; returns its request id.
    pub(super) fn accept_event(self: &Arc<Self>, region: &str, name: &str, payload: &Bytes) -> String {
        let request = mint::uuid();
        let event = json!({ "Function": name, "Payload": STANDARD.encode(payload), "Attempts": 0 });
        self.documents.put(region, EVENT, &request, event);
        self.work_on(region, &request);
        request
    }

    /// Works on the events that the process before left.
    pub(super) fn resume_events(self: &Arc<Self>) {
        for region in self.documents.regions() {
            for (request, _) in self.documents.list(&region, EVENT) {
                self.work_on(&region, &request);
            }
        }
    }

    fn work_on(self: &Arc<Self>, region: &str, request: &str) {
        let (lambda, region, request) = (Arc::clone(self), region.to_owned(), request.to_owned());
        self.context.tasks.spawn(async move { lambda.attempt_event(&region, &request).await });
    }

    async fn attempt_event(self: &Arc<Self>, region: &str, request: &str) {
        loop {
            let Some(event) = self.documents.get(region, EVENT, request) else { return };
            let name = event["Function"].as_str().unwrap_or_default();
            let Some(document) = self.documents.get(region, FUNCTION, name) else { break };
            let payload = STANDARD.decode(event["Payload"].as_str().unwrap_or_default()).unwrap_or_default();
            let most = document["EventInvoke"]["MaximumRetryAttempts"].as_u64().unwrap_or(2);
            let performed = self.perform(region, document, request.to_owned(), Bytes::from(payload)).await;
            if self.is_stopping() {
                // The event stays; the next start works on it again.
                return;
            }
            if performed.is_ok_and(|outcome| !outcome.failed) {
                break;
            }
            let attempts = event["Attempts"].as_u64().unwrap_or(0);
            let pause = usize::try_from(attempts).ok().and_then(|index| PAUSES.get(index));
            let (Some(pause), true) = (pause, attempts < most) else {
                tracing::warn!(function = name, request, "an event was given up");
                break;
            };
            self.documents.edit(region, EVENT, request, |event| event["Attempts"] = json!(attempts + 1));
            tokio::time::sleep(*pause).await;
        }
        self.documents.remove(region, EVENT, request);
    }

    pub(super) fn put_event_invoke(&self, call: &Call, given: &str) -> Answer {
        let (name, _) = self.function(&call.region, given)?;
        let wanted = call.json();
        if wanted["MaximumRetryAttempts"].as_u64().is_some_and(|attempts| attempts > 2) {
            let value = wanted["MaximumRetryAttempts"].to_string();
            return Err(constraint(&value, "maximumRetryAttempts", "have value less than or equal to 2"));
        }
        let mut config = json!({
            "FunctionArn": format!("{}:$LATEST", settings::arn(&call.region, &name)),
            "LastModified": mint::now_seconds(),
            "DestinationConfig": { "OnSuccess": {}, "OnFailure": {} },
        });
        for member in ["MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"] {
            if !wanted[member].is_null() {
                config[member] = wanted[member].clone();
            }
        }
        self.documents.edit(&call.region, FUNCTION, &name, |document| document["EventInvoke"] = config.clone());
        json_reply(&config)
    }

    pub(super) fn get_event_invoke(&self, call: &Call, given: &str) -> Answer {
        let (name, document) = self.function(&call.region, given)?;
        match &document["EventInvoke"] {
            Value::Null => {
                let arn = settings::arn(&call.region, &name);
                Err(not_found(format!("The function {arn}:$LATEST doesn't have an EventInvokeConfig")))
            }
            config => json_reply(config),
        }
    }

    pub(super) fn delete_event_invoke(&self, call: &Call, given: &str) -> Answer {
        let (name, _) = self.function(&call.region, given)?;
        self.documents.edit(&call.region, FUNCTION, &name, |document| document["EventInvoke"] = Value::Null);
        Ok(Reply::new(204, "application/json", ""))
    }
}
