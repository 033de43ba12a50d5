//! Executions as the API shows them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::asl::Fault;
use super::history::HISTORY;
use super::machines::PAGE;
use super::refused::{check_name, invalid_arn, no_execution, required};
use super::service::{Answer, States};
use super::walk::Walk;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::mint;
use crate::localcloud::page::page;
use crate::localcloud::refusal::Refusal;

/// The kind of document that an execution is; its name is that of its machine, a colon, and its own.
pub(super) const EXECUTION: &str = "execution";

/// How an execution came to its end.
pub(super) enum End {
    Succeeded(Value),
    Failed(Fault),
    TimedOut,
    Aborted(Option<String>, Option<String>),
}

impl States {
    pub(super) fn start_execution(self: &Arc<Self>, region: &str, input: &Value) -> Answer {
        let machine = self.machine(region, required(input, "stateMachineArn")?)?;
        if machine["status"] == "DELETING" {
            let message = format!("State Machine is being deleted: '{}'", machine["stateMachineArn"]);
            return Err(Refusal::new("StateMachineDeleting", message));
        }
        let name = input["name"].as_str().map_or_else(mint::uuid, str::to_owned);
        check_name(&name)?;
        let given = input["input"].as_str().unwrap_or("{}");
        let parsed: Value = serde_json::from_str(given).map_err(|error| {
            Refusal::new("InvalidExecutionInput", format!("Invalid State Machine Execution Input: '{error}'"))
        })?;
        let key = format!("{}:{name}", machine["name"].as_str().unwrap_or_default());
        let arn = format!("arn:aws:states:{region}:{ACCOUNT}:execution:{key}");
        let now = mint::seconds(self.context.clock.now());
        let execution = json!({
            "executionArn": arn, "stateMachineArn": machine["stateMachineArn"], "name": name, "status": "RUNNING",
            "startDate": now, "input": given, "inputDetails": { "included": true },
            "definition": machine["definition"], "roleArn": machine["roleArn"],
        });
        if !self.documents.create(region, EXECUTION, &key, execution) {
            let known = self.documents.get(region, EXECUTION, &key).unwrap_or_default();
            if known["status"] == "RUNNING" && known["input"] == given {
                return Ok(json!({ "executionArn": arn, "startDate": known["startDate"] }));
            }
            return Err(Refusal::new("ExecutionAlreadyExists", format!("Execution Already Exists: '{arn}'")));
        }
        self.documents.put(region, HISTORY, &key, json!([]));
        let details = json!({ "input": given, "roleArn": machine["roleArn"] });
        self.note(region, &key, "ExecutionStarted", Some(("executionStartedEventDetails", details)));
        let walk = Walk::new(Arc::clone(self), region, &key, &machine, &parsed);
        let task = tokio::spawn(async move { walk.run(parsed).await });
        self.keep(&arn, task.abort_handle());
        Ok(json!({ "executionArn": arn, "startDate": now }))
    }

    pub(super) fn describe_execution(&self, region: &str, input: &Value) -> Answer {
        let (_, mut execution) = self.execution(region, input)?;
        if let Some(members) = execution.as_object_mut() {
            members.remove("definition");
            members.remove("roleArn");
        }
        Ok(execution)
    }

    /// Tells the definition with which an execution was started.
    pub(super) fn machine_of_execution(&self, region: &str, input: &Value) -> Answer {
        let (_, execution) = self.execution(region, input)?;
        let arn = execution["stateMachineArn"].as_str().unwrap_or_default();
        Ok(json!({
            "stateMachineArn": arn, "name": arn.rsplit(':').next().unwrap_or_default(),
            "definition": execution["definition"], "roleArn": execution["roleArn"],
            "updateDate": execution["startDate"],
        }))
    }

    pub(super) fn list_executions(&self, region: &str, input: &Value) -> Answer {
        let machine = self.machine(region, required(input, "stateMachineArn")?)?;
        let mut executions: Vec<Value> =
            self.documents.list(region, EXECUTION).into_iter().map(|(_, execution)| execution).collect();
        let status = input["statusFilter"].as_str();
        executions.retain(|execution| {
            execution["stateMachineArn"] == machine["stateMachineArn"]
                && status.is_none_or(|status| execution["status"] == status)
        });
        let started = |execution: &Value| execution["startDate"].as_f64().unwrap_or_default();
        executions.sort_by(|one, other| started(other).total_cmp(&started(one)));
        let shown = executions.into_iter().map(|execution| {
            let mut shown = json!({
                "executionArn": execution["executionArn"], "stateMachineArn": execution["stateMachineArn"],
                "name": execution["name"], "status": execution["status"], "startDate": execution["startDate"],
            });
            if !execution["stopDate"].is_null() {
                shown["stopDate"] = execution["stopDate"].clone();
            }
            shown
        });
        let (shown, next) = page(shown.collect(), input["nextToken"].as_str(), input["maxResults"].as_u64(), PAGE);
        Ok(json!({ "executions": shown, "nextToken": next }))
    }

    pub(super) fn stop_execution(&self, region: &str, input: &Value) -> Answer {
        let (key, execution) = self.execution(region, input)?;
        let text = |member: &str| input[member].as_str().map(str::to_owned);
        if execution["status"] == "RUNNING" {
            self.abort(execution["executionArn"].as_str().unwrap_or_default());
            self.finish(region, &key, &End::Aborted(text("error"), text("cause")));
        }
        let (_, execution) = self.execution(region, input)?;
        Ok(json!({ "stopDate": execution["stopDate"] }))
    }

    /// Notes how an execution ended, unless it has ended already.
    pub(super) fn finish(&self, region: &str, key: &str, end: &End) {
        let now = mint::seconds(self.context.clock.now());
        let (status, details) = match end {
            End::Succeeded(output) => ("SUCCEEDED", json!({ "output": output.to_string() })),
            End::Failed(Fault { error, cause }) => ("FAILED", json!({ "error": error, "cause": cause })),
            End::TimedOut => ("TIMED_OUT", json!({ "error": "States.Timeout" })),
            End::Aborted(error, cause) => ("ABORTED", json!({ "error": error, "cause": cause })),
        };
        let ended = self.documents.edit(region, EXECUTION, key, |execution| {
            if execution["status"] != "RUNNING" {
                return false;
            }
            execution["status"] = json!(status);
            execution["stopDate"] = json!(now);
            for (member, value) in details.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
                execution[member.as_str()] = value.clone();
            }
            true
        });
        if ended != Some(true) {
            return;
        }
        let kind = match end {
            End::Succeeded(_) => "ExecutionSucceeded",
            End::Failed(_) => "ExecutionFailed",
            End::TimedOut => "ExecutionTimedOut",
            End::Aborted(..) => "ExecutionAborted",
        };
        let member = format!("e{}EventDetails", &kind[1..]);
        self.note(region, key, kind, Some((&member, details)));
        self.remove_idle(region, key.split(':').next().unwrap_or_default());
    }

    /// Fails what was running when the local cloud ended.
    pub(super) fn fail_interrupted(&self) {
        for region in self.documents.regions() {
            for (key, execution) in self.documents.list(&region, EXECUTION) {
                if execution["status"] == "RUNNING" {
                    let cause = "the local cloud ended while this was running";
                    self.finish(&region, &key, &End::Failed(Fault::runtime(cause)));
                }
            }
        }
    }

    pub(super) fn forget_execution(&self, region: &str, key: &str) {
        self.documents.remove(region, EXECUTION, key);
        self.documents.remove(region, HISTORY, key);
    }

    fn execution(&self, region: &str, input: &Value) -> Result<(String, Value), Refusal> {
        let arn = required(input, "executionArn")?;
        let key = key_of(region, arn).ok_or_else(|| invalid_arn(arn))?;
        let execution = self.documents.get(region, EXECUTION, &key).ok_or_else(|| no_execution(arn))?;
        Ok((key, execution))
    }
}

/// Returns the name of the document of an execution.
pub(super) fn key_of(region: &str, arn: &str) -> Option<String> {
    arn.strip_prefix(&format!("arn:aws:states:{region}:{ACCOUNT}:execution:")).map(str::to_owned)
}
