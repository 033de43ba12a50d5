//! Carrying events to functions: at least once, also over a crash, and never while a writer waits.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::task::JoinSet;

use super::buckets::Bucket;
use super::notification::Notification;
use super::record::Record;
use super::store::{Store, write_record};
use crate::localcloud::sdk;

/// How often an event is offered before it is given up.
const ATTEMPTS: u32 = 10;
/// The wait after the first failure; it doubles up to `LONGEST_WAIT`.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// An event on its way, as it lies on the disk until it is delivered.
#[derive(Debug, Serialize, Deserialize)]
struct Letter {
    region: String,
    function: String,
    payload: Value,
}

/// Who carries events.
#[derive(Debug)]
pub(super) struct Courier {
    store: Arc<Store>,
    endpoint: String,
    underway: Mutex<JoinSet<()>>,
}

impl Courier {
    /// Takes the store whose events are to be carried to functions behind `endpoint`.
    pub(super) fn new(store: Arc<Store>, endpoint: String) -> Self {
        Self { store, endpoint, underway: Mutex::default() }
    }

    /// Returns where the functions are.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Tells those who want to know of what happened to an object.
    pub(super) fn tell(&self, bucket: &Bucket, event: &str, record: &Record) {
        let Some(document) = bucket.documents.get("notification") else { return };
        let Ok(notification) = Notification::parse(document.as_bytes()) else { return };
        for (place, rule) in notification.rules.iter().enumerate().filter(|(_, rule)| rule.wants(event, &record.key)) {
            let payload = rule.event(event, bucket, record);
            let letter = Letter { region: bucket.region.clone(), function: rule.function.clone(), payload };
            let name = format!("{:020}-{place}.json", record.sequence);
            let path = self.store.hidden(&bucket.name, "events").join(name);
            match write_record(&path, &letter) {
                Ok(()) => self.send(path),
                Err(error) => tracing::error!(%error, function = letter.function, "an event could not be kept"),
            }
        }
    }

    /// Sends again what was not delivered when the process ended.
    pub(super) fn resume(&self) {
        for bucket in self.store.all().unwrap_or_default() {
            let Ok(entries) = std::fs::read_dir(self.store.hidden(&bucket.name, "events")) else { continue };
            let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            paths.sort();
            for path in paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
                self.send(path);
            }
        }
    }

    /// Stops carrying; what is underway is sent again after the next start.
    pub(super) fn stop(&self) {
        self.underway.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    fn send(&self, path: PathBuf) {
        let endpoint = self.endpoint.clone();
        let mut underway = self.underway.lock().unwrap_or_else(PoisonError::into_inner);
        while underway.try_join_next().is_some() {}
        underway.spawn(async move { deliver(&endpoint, &path).await });
    }
}

async fn deliver(endpoint: &str, path: &Path) {
    let Some(letter) = std::fs::read(path).ok().and_then(|text| serde_json::from_slice::<Letter>(&text).ok()) else {
        tracing::error!(path = %path.display(), "an event cannot be read");
        return;
    };
    let lambda = Client::new(&sdk::config(endpoint, &letter.region).await);
    let mut wait = FIRST_WAIT;
    for attempt in 1..=ATTEMPTS {
        let payload = Blob::new(letter.payload.to_string());
        let call = lambda.invoke().function_name(&letter.function).invocation_type(InvocationType::Event);
        match call.payload(payload).send().await.map_err(|error| error.into_service_error()) {
            Ok(_) => {
                tracing::debug!(function = letter.function, "event delivered");
                break;
            }
            Err(error) if error.is_resource_not_found_exception() => {
                tracing::warn!(function = letter.function, "the function of a notification is gone");
                break;
            }
            Err(error) if attempt == ATTEMPTS => tracing::error!(%error, function = letter.function, "event given up"),
            Err(error) => {
                tracing::warn!(%error, function = letter.function, attempt, "event not delivered yet");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(%error, "a delivered event stays on the disk and will be sent again");
    }
}
