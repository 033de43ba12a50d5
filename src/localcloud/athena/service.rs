//! The service: operations of `AmazonAthena`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::Value;
use tokio::task::AbortHandle;

use crate::localcloud::cloud::Context;
use crate::localcloud::documents::Documents;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::service::{Service, Tagged};
use crate::localcloud::{Call, Reply};

/// What an operation answers.
pub(super) type Answer = Result<Value, Refusal>;

/// Amazon Athena on this machine.
pub(crate) struct AthenaService {
    athena: Arc<Athena>,
}

/// What the operations share.
pub(super) struct Athena {
    pub(super) context: Context,
    pub(super) documents: Documents,
    /// Queries under way, by their id.
    running: Mutex<HashMap<String, AbortHandle>>,
}

impl AthenaService {
    /// Restores work groups and past queries from the cloud's folder.
    ///
    /// # Errors
    /// If the saved state cannot be read.
    pub(crate) async fn open(context: &Context) -> std::io::Result<Self> {
        let documents = Documents::open("athena", &context.home)?;
        let athena = Athena { context: context.clone(), documents, running: Mutex::default() };
        Ok(Self { athena: Arc::new(athena) })
    }
}

#[async_trait]
impl Service for AthenaService {
    fn signing_names(&self) -> &'static [&'static str] {
        &["athena"]
    }

    async fn handle(&self, call: Call) -> Reply {
        match self.athena.answer(&call.operation, &call.region, &call.json()) {
            Ok(body) => Reply::json(&body),
            Err(refusal) => refusal.reply(),
        }
    }

    async fn tagged(&self, region: &str) -> Vec<Tagged> {
        self.athena.every_tag(region)
    }

    async fn resume(&self) {
        self.athena.fail_interrupted();
    }

    async fn stop(&self) {
        self.abort();
    }

    fn abort(&self) {
        for (_, handle) in self.athena.lock().drain() {
            handle.abort();
        }
    }
}

impl Athena {
    fn answer(self: &Arc<Self>, operation: &str, region: &str, input: &Value) -> Answer {
        match operation {
            "CreateWorkGroup" => self.create_work_group(region, input),
            "GetWorkGroup" => self.get_work_group(region, input),
            "UpdateWorkGroup" => self.update_work_group(region, input),
            "ListWorkGroups" => self.list_work_groups(region, input),
            "DeleteWorkGroup" => self.delete_work_group(region, input),
            "TagResource" => self.tag_resource(region, input),
            "UntagResource" => self.untag_resource(region, input),
            "ListTagsForResource" => self.list_tags(region, input),
            "StartQueryExecution" => self.start_query(region, input),
            "GetQueryExecution" => self.get_query(region, input),
            "BatchGetQueryExecution" => self.batch_get_query(region, input),
            "ListQueryExecutions" => self.list_queries(region, input),
            "GetQueryResults" => self.get_results(region, input),
            "StopQueryExecution" => self.stop_query(region, input),
            _ => {
                let message = format!("the local Athena does not know {operation}");
                Err(Refusal::new("NotImplemented", message).status(501))
            }
        }
    }

    /// Keeps a query's task until it ends.
    pub(super) fn keep(&self, identifier: &str, handle: AbortHandle) {
        let mut running = self.lock();
        running.retain(|_, known| !known.is_finished());
        running.insert(identifier.to_owned(), handle);
    }

    /// Ends a query's task.
    pub(super) fn abort(&self, identifier: &str) {
        if let Some(handle) = self.lock().remove(identifier) {
            handle.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, AbortHandle>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
