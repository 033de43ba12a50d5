//! The service: operations of `AWSGlue` and what runs between them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::localcloud::cloud::Context;
use crate::localcloud::documents::Documents;
use crate::localcloud::page::page;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::service::{Service, Tagged};
use crate::localcloud::{Call, Reply, worker};

/// What an operation answers.
pub(super) type Answer = Result<Value, Refusal>;

/// AWS Glue on this machine.
pub(crate) struct GlueService {
    glue: Arc<Glue>,
}

/// What the operations share.
pub(super) struct Glue {
    pub(super) context: Context,
    pub(super) documents: Documents,
    /// Crawls under way, by region and crawler.
    pub(super) crawls: Tasks,
    /// Job runs under way, by region and run.
    pub(super) runs: Tasks,
}

/// Tasks that can be told to stop.
#[derive(Default)]
pub(super) struct Tasks(Mutex<HashMap<(String, String), Task>>);

struct Task {
    stop: watch::Sender<bool>,
    handle: JoinHandle<()>,
}

impl Tasks {
    /// Keeps a task until it ends by itself.
    pub(super) fn keep(&self, region: &str, name: &str, stop: watch::Sender<bool>, handle: JoinHandle<()>) {
        let mut tasks = self.lock();
        tasks.retain(|_, task| !task.handle.is_finished());
        tasks.insert((region.to_owned(), name.to_owned()), Task { stop, handle });
    }

    /// Tells a task to stop; returns whether there is one.
    pub(super) fn stop(&self, region: &str, name: &str) -> bool {
        let tasks = self.lock();
        let task = tasks.get(&(region.to_owned(), name.to_owned()));
        task.is_some_and(|task| !task.handle.is_finished() && task.stop.send(true).is_ok())
    }

    /// Tells all to stop.
    fn tell_all(&self) {
        for task in self.lock().values() {
            // A task that ended has dropped its receiver.
            let _ = task.stop.send(true);
        }
    }

    /// Tells all to stop and waits until they have.
    async fn stop_all(&self) {
        self.tell_all();
        let tasks = std::mem::take(&mut *self.lock());
        for task in tasks.into_values() {
            if task.handle.await.is_err() {
                tracing::warn!("a task of Glue ended badly");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Task>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GlueService {
    /// Restores the catalog, crawlers and jobs from the cloud's folder, and ends what a crash left running.
    ///
    /// # Errors
    /// If the saved state cannot be read.
    pub(crate) async fn open(context: &Context) -> std::io::Result<Self> {
        if !context.has_no_engines() {
            worker::sweep(worker::HOME_MARK, &context.home.root().display().to_string()).await;
        }
        worker::clear_scratch(&context.home.scratch(), "glue-")?;
        Ok(Self {
            glue: Arc::new(Glue {
                context: context.clone(),
                documents: Documents::open("glue", &context.home)?,
                crawls: Tasks::default(),
                runs: Tasks::default(),
            }),
        })
    }
}

#[async_trait]
impl Service for GlueService {
    fn signing_names(&self) -> &'static [&'static str] {
        &["glue"]
    }

    async fn handle(&self, call: Call) -> Reply {
        match self.glue.answer(&call.operation, &call.region, &call.json()).await {
            Ok(body) => Reply::json(&body),
            Err(refusal) => refusal.reply(),
        }
    }

    async fn tagged(&self, region: &str) -> Vec<Tagged> {
        self.glue.every_tag(region)
    }

    async fn resume(&self) {
        self.glue.fail_interrupted_crawls();
        self.glue.fail_interrupted_runs();
    }

    async fn stop(&self) {
        self.glue.crawls.stop_all().await;
        self.glue.runs.stop_all().await;
    }

    fn abort(&self) {
        self.glue.crawls.tell_all();
        self.glue.runs.tell_all();
    }
}

impl Glue {
    async fn answer(self: &Arc<Self>, operation: &str, region: &str, input: &Value) -> Answer {
        if let Some(answer) = self.answer_catalog(operation, region, input) {
            return answer;
        }
        match operation {
            "CreateClassifier" => self.create_classifier(region, input),
            "GetClassifier" => self.get_classifier(region, input),
            "GetClassifiers" => self.get_classifiers(region, input),
            "UpdateClassifier" => self.update_classifier(region, input),
            "DeleteClassifier" => self.delete_classifier(region, input),
            "CreateCrawler" => self.create_crawler(region, input).await,
            "GetCrawler" => self.get_crawler(region, input),
            "GetCrawlers" => self.get_crawlers(region, input),
            "BatchGetCrawlers" => self.batch_get_crawlers(region, input),
            "ListCrawlers" => self.list_crawlers(region, input),
            "UpdateCrawler" => self.update_crawler(region, input).await,
            "DeleteCrawler" => self.delete_crawler(region, input),
            "StartCrawler" => self.start_crawler(region, input),
            "StopCrawler" => self.stop_crawler(region, input),
            "ListCrawls" => self.list_crawls(region, input),
            "CreateJob" => self.create_job(region, input).await,
            "GetJob" => self.get_job(region, input),
            "GetJobs" => self.get_jobs(region, input),
            "BatchGetJobs" => self.batch_get_jobs(region, input),
            "ListJobs" => self.list_jobs(region, input),
            "UpdateJob" => self.update_job(region, input).await,
            "DeleteJob" => self.delete_job(region, input),
            "StartJobRun" => self.start_job_run(region, input),
            "GetJobRun" => self.get_job_run(region, input),
            "GetJobRuns" => self.get_job_runs(region, input),
            "BatchStopJobRun" => self.batch_stop_job_run(region, input),
            "GetJobBookmark" => self.get_job_bookmark(region, input),
            "ResetJobBookmark" => self.reset_job_bookmark(region, input),
            "TagResource" => self.tag_resource(region, input),
            "UntagResource" => self.untag_resource(region, input),
            "GetTags" => self.get_tags(region, input),
            "TestConnection" => self.test_connection(region, input).await,
            _ => {
                let message = format!("the local Glue does not know {operation}");
                Err(Refusal::new("NotImplemented", message).status(501))
            }
        }
    }

    fn answer_catalog(&self, operation: &str, region: &str, input: &Value) -> Option<Answer> {
        Some(match operation {
            "CreateDatabase" => self.create_database(region, input),
            "GetDatabase" => self.get_database(region, input),
            "GetDatabases" => self.get_databases(region, input),
            "UpdateDatabase" => self.update_database(region, input),
            "DeleteDatabase" => self.delete_database(region, input),
            "CreateTable" => self.create_table(region, input),
            "GetTable" => self.get_table(region, input),
            "GetTables" => self.get_tables(region, input),
            "UpdateTable" => self.update_table(region, input),
            "DeleteTable" => self.delete_table(region, input),
            "BatchDeleteTable" => self.batch_delete_table(region, input),
            "CreatePartition" => self.create_partition(region, input),
            "BatchCreatePartition" => self.batch_create_partition(region, input),
            "GetPartition" => self.get_partition(region, input),
            "GetPartitions" => self.get_partitions(region, input),
            "DeletePartition" => self.delete_partition(region, input),
            "BatchDeletePartition" => self.batch_delete_partition(region, input),
            "CreateConnection" => self.create_connection(region, input),
            "GetConnection" => self.get_connection(region, input),
            "GetConnections" => self.get_connections(region, input),
            "UpdateConnection" => self.update_connection(region, input),
            "DeleteConnection" => self.delete_connection(region, input),
            "BatchDeleteConnection" => self.batch_delete_connection(region, input),
            _ => return None,
        })
    }

    /// Answers a list of all documents of a kind in pages; only those of the page are read.
    pub(super) fn paged_documents(&self, member: &str, region: &str, kind: &str, input: &Value, most: usize) -> Value {
        let names = self.documents.names(region, kind);
        let (shown, next) = page(names, input["NextToken"].as_str(), input["MaxResults"].as_u64(), most);
        let documents = shown.iter().filter_map(|name| self.documents.get(region, kind, name));
        with_token(member, documents.collect(), next)
    }

    /// Returns the documents of a kind without their names.
    pub(super) fn all(&self, region: &str, kind: &str) -> Vec<Value> {
        self.documents.list(region, kind).into_iter().map(|(_, document)| document).collect()
    }
}

/// Answers a list in pages.
pub(super) fn paged(member: &str, all: Vec<Value>, input: &Value, most: usize) -> Value {
    let (shown, next) = page(all, input["NextToken"].as_str(), input["MaxResults"].as_u64(), most);
    with_token(member, shown, next)
}

fn with_token(member: &str, shown: Vec<Value>, next: Option<String>) -> Value {
    let mut body = serde_json::json!({ member: shown });
    if let Some(next) = next {
        body["NextToken"] = Value::String(next);
    }
    body
}
