//! The service: operations of `AWSStepFunctions`.

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

/// AWS Step Functions on this machine.
pub(crate) struct StatesService {
    states: Arc<States>,
}

/// What the operations share.
pub(super) struct States {
    pub(super) context: Context,
    pub(super) documents: Documents,
    /// Executions under way, by their ARN.
    running: Mutex<HashMap<String, AbortHandle>>,
}

impl StatesService {
    /// Restores machines and past executions from the cloud's folder.
    ///
    /// # Errors
    /// If the saved state cannot be read.
    pub(crate) fn open(context: &Context) -> std::io::Result<Self> {
        let documents = Documents::open("states", &context.home)?;
        let states = States { context: context.clone(), documents, running: Mutex::default() };
        Ok(Self { states: Arc::new(states) })
    }
}

#[async_trait]
impl Service for StatesService {
    fn signing_names(&self) -> &'static [&'static str] {
        &["states"]
    }

    async fn handle(&self, call: Call) -> Reply {
        match self.states.answer(&call.operation, &call.region, &call.json()).await {
            Ok(body) => Reply::new(200, "application/x-amz-json-1.0", body.to_string()),
            Err(refusal) => refusal.reply(),
        }
    }

    async fn tagged(&self, region: &str) -> Vec<Tagged> {
        self.states.every_tag(region)
    }

    async fn resume(&self) {
        self.states.fail_interrupted();
    }

    async fn stop(&self) {
        Service::abort(self);
    }

    fn abort(&self) {
        for (_, handle) in self.states.lock().drain() {
            handle.abort();
        }
    }
}

impl States {
    async fn answer(self: &Arc<Self>, operation: &str, region: &str, input: &Value) -> Answer {
        match operation {
            "CreateStateMachine" => self.create_machine(region, input).await,
            "DescribeStateMachine" => self.describe_machine(region, input),
            "UpdateStateMachine" => self.update_machine(region, input).await,
            "DeleteStateMachine" => self.delete_machine(region, input),
            "ListStateMachines" => self.list_machines(region, input),
            "TagResource" => self.tag_resource(region, input),
            "UntagResource" => self.untag_resource(region, input),
            "ListTagsForResource" => self.list_tags(region, input),
            "StartExecution" => self.start_execution(region, input),
            "DescribeExecution" => self.describe_execution(region, input),
            "DescribeStateMachineForExecution" => self.machine_of_execution(region, input),
            "ListExecutions" => self.list_executions(region, input),
            "GetExecutionHistory" => self.get_history(region, input),
            "StopExecution" => self.stop_execution(region, input),
            _ => {
                let message = format!("the local Step Functions does not know {operation}");
                Err(Refusal::new("NotImplemented", message).status(501))
            }
        }
    }

    /// Keeps an execution's task until it ends.
    pub(super) fn keep(&self, arn: &str, handle: AbortHandle) {
        let mut running = self.lock();
        running.retain(|_, known| !known.is_finished());
        running.insert(arn.to_owned(), handle);
    }

    /// Ends an execution's task.
    pub(super) fn abort(&self, arn: &str) {
        if let Some(handle) = self.lock().remove(arn) {
            handle.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, AbortHandle>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
