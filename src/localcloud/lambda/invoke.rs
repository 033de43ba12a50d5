//! Invoke: waits for the answer, or takes the event and answers at once.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Value, json};

use super::environment::Outcome;
use super::image::Image;
use super::refused::{conflict, constraint};
use super::service::{Answer, Lambda};
use crate::localcloud::refusal::Refusal;
use crate::localcloud::{Call, Reply, mint};

/// Most bytes of a payload that is waited for, either way.
const MOST_SYNCHRONOUS: usize = 6 * 1024 * 1024;

/// Most bytes of an event.
const MOST_EVENT: usize = 1024 * 1024;

impl Lambda {
    pub(super) async fn invoke(self: &Arc<Self>, call: &Call, given: &str) -> Answer {
        self.check_qualifier(call, given)?;
        let (name, document) = self.function(&call.region, given)?;
        let kind = header(call, "x-amz-invocation-type").unwrap_or("RequestResponse");
        let payload = if call.body.is_empty() { Bytes::from_static(b"{}") } else { call.body.clone() };
        let most = if kind == "Event" { MOST_EVENT } else { MOST_SYNCHRONOUS };
        if payload.len() > most {
            let message = format!(
                "{} byte payload is too large for the {kind} invocation type (limit {most} bytes)",
                payload.len()
            );
            return Err(Refusal::new("RequestTooLargeException", message).status(413));
        }
        if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
            let message = format!("Could not parse request body into json: {error}");
            return Err(Refusal::new("InvalidRequestContentException", message));
        }
        refuse_unready(&document)?;
        match kind {
            "DryRun" => Ok(Reply::new(204, "application/json", "")),
            "Event" => {
                let request = self.accept_event(&call.region, &name, &payload);
                Ok(with_header(Reply::new(202, "application/json", ""), "x-amzn-requestid", &request))
            }
            "RequestResponse" => {
                let tail = header(call, "x-amz-log-type") == Some("Tail");
                let request = mint::uuid();
                let outcome = self.perform(&call.region, document, request.clone(), payload).await?;
                Ok(answered(outcome, &request, tail))
            }
            other => {
                let rule = "satisfy enum value set: [Event, RequestResponse, DryRun]";
                Err(constraint(other, "invocationType", rule))
            }
        }
    }

    pub(super) fn invoke_async(self: &Arc<Self>, call: &Call, given: &str) -> Answer {
        let (name, document) = self.function(&call.region, given)?;
        refuse_unready(&document)?;
        self.accept_event(&call.region, &name, &call.body);
        Ok(Reply::new(202, "application/json", "{\"Status\":202}"))
    }

    /// Runs one invocation to its end, also if the caller hangs up.
    pub(super) async fn perform(
        self: &Arc<Self>,
        region: &str,
        document: Value,
        request: String,
        payload: Bytes,
    ) -> Result<Outcome, Refusal> {
        let (lambda, region) = (Arc::clone(self), region.to_owned());
        let task = tokio::spawn(async move {
            let image = Image::prepare(&region, &document, &lambda.store).await.map_err(|error| error.to_string())?;
            lambda.pool.run(image, &request, payload).await.map_err(|error| error.to_string())
        });
        let performed = task.await.map_err(|error| error.to_string()).flatten();
        performed.map_err(|message| {
            tracing::error!(message, "a function could not be run");
            Refusal::new("ServiceException", message).status(500)
        })
    }
}

fn refuse_unready(document: &Value) -> Result<(), Refusal> {
    let state = document["Configuration"]["State"].as_str().unwrap_or_default();
    if state != "Active" {
        return Err(conflict(format!(
            "The operation cannot be performed at this time. The function is currently in the following state: {state}"
        )));
    }
    if document["Concurrency"] == json!(0) {
        return Err(Refusal::new("TooManyRequestsException", "Rate Exceeded.").status(429));
    }
    Ok(())
}

fn answered(outcome: Outcome, request: &str, tail: bool) -> Reply {
    let mut payload = outcome.payload;
    let mut failed = outcome.failed;
    if payload.len() > MOST_SYNCHRONOUS {
        let message =
            format!("Response payload size exceeded maximum allowed payload size ({MOST_SYNCHRONOUS} bytes).");
        payload = json!({ "errorType": "Function.ResponseSizeTooLarge", "errorMessage": message }).to_string().into();
        failed = true;
    }
    let mut reply = Reply::new(200, "application/json", payload);
    reply = with_header(reply, "x-amzn-requestid", request);
    reply = with_header(reply, "x-amz-executed-version", "$LATEST");
    if failed {
        reply = with_header(reply, "x-amz-function-error", "Unhandled");
    }
    if tail {
        reply = with_header(reply, "x-amz-log-result", &STANDARD.encode(outcome.tail));
    }
    reply
}

fn header<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.headers.get(name).and_then(|value| value.to_str().ok())
}

fn with_header(mut reply: Reply, name: &'static str, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers.insert(name, value);
    }
    reply
}
