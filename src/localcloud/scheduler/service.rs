//! The service: paths to operations.

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use serde_json::Value;
use tokio::sync::Notify;

use crate::localcloud::cloud::Context;
use crate::localcloud::documents::Documents;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::service::{Service, Tagged};
use crate::localcloud::{Call, Reply};

/// What an operation answers.
pub(super) type Answer = Result<Value, Refusal>;

/// EventBridge Scheduler on this machine.
pub(crate) struct SchedulerService {
    scheduler: Arc<Scheduler>,
}

/// What the operations share.
pub(super) struct Scheduler {
    pub(super) context: Context,
    pub(super) documents: Documents,
    /// Told when a schedule came, changed or went.
    pub(super) changed: Notify,
}

/// A request, read.
pub(super) struct Request<'a> {
    pub(super) region: &'a str,
    pub(super) body: Value,
    query: Vec<(String, String)>,
}

impl Request<'_> {
    /// Returns a value of the query.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// Returns all values of a name of the query.
    pub(super) fn query_all(&self, name: &str) -> Vec<String> {
        self.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }

    /// Returns the most results that a page may hold.
    pub(super) fn most(&self) -> Option<u64> {
        self.query("MaxResults").and_then(|most| most.parse().ok())
    }
}

impl SchedulerService {
    /// Restores groups and schedules from the cloud's folder.
    ///
    /// # Errors
    /// If the saved state cannot be read.
    pub(crate) fn open(context: &Context) -> std::io::Result<Self> {
        let documents = Documents::open("scheduler", &context.home)?;
        let scheduler = Scheduler { context: context.clone(), documents, changed: Notify::new() };
        Ok(Self { scheduler: Arc::new(scheduler) })
    }
}

#[async_trait]
impl Service for SchedulerService {
    fn signing_names(&self) -> &'static [&'static str] {
        &["scheduler"]
    }

    async fn handle(&self, call: Call) -> Reply {
        match self.scheduler.answer(&call).await {
            Ok(body) => Reply::new(200, "application/json", body.to_string()),
            Err(refusal) => refusal.reply(),
        }
    }

    async fn tagged(&self, region: &str) -> Vec<Tagged> {
        self.scheduler.every_tag(region)
    }

    async fn resume(&self) {
        self.scheduler.skip_missed();
        let scheduler = Arc::clone(&self.scheduler);
        self.scheduler.context.tasks.spawn(async move { scheduler.keep_time().await });
    }
}

impl Scheduler {
    async fn answer(&self, call: &Call) -> Answer {
        let words: Vec<String> = call.path().split('/').filter(|word| !word.is_empty()).map(decode).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let query = call.target.split_once('?').map_or("", |(_, query)| query);
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let request = Request { region: &call.region, body: call.json(), query };
        match (call.method.as_str(), words.as_slice()) {
            ("POST", ["schedules", name]) => self.create_schedule(&request, name).await,
            ("PUT", ["schedules", name]) => self.update_schedule(&request, name).await,
            ("GET", ["schedules", name]) => self.get_schedule(&request, name),
            ("DELETE", ["schedules", name]) => self.delete_schedule(&request, name),
            ("GET", ["schedules"]) => self.list_schedules(&request),
            ("POST", ["schedule-groups", name]) => self.create_group(&request, name),
            ("GET", ["schedule-groups", name]) => self.get_group(&request, name),
            ("DELETE", ["schedule-groups", name]) => self.delete_group(&request, name),
            ("GET", ["schedule-groups"]) => self.list_groups(&request),
            ("GET" | "POST" | "DELETE", ["tags", arn @ ..]) => {
                let method: &Method = &call.method;
                self.tags(&request, method, &arn.join("/"))
            }
            _ => {
                let message = format!("the local Scheduler does not know {} {}", call.method, call.path());
                Err(Refusal::new("NotImplemented", message).status(501))
            }
        }
    }
}

/// Decodes a path word.
fn decode(word: &str) -> String {
    percent_encoding::percent_decode_str(word).decode_utf8_lossy().into_owned()
}
