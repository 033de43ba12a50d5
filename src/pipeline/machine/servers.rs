//! The databases around the steps: what is stopped is started first and stopped again at the end, whatever becomes of
//! the steps. What runs already stays as it is.

use serde_json::{Map, Value, json};

use super::names::Names;
use crate::billing::{Pause, pause_of};
use crate::kinds::base::Table;
use crate::kinds::mysql::Mysql;
use crate::kinds::redshift::Redshift;
use crate::model::Address;
use crate::pipeline::{Dataset, StepTable};

/// How long to wait between two looks at a server, in seconds.
const LOOK: u32 = 30;

/// The state in which the steps are done.
const STEPS: &str = "steps";

/// The names that no step may have.
pub(super) const RESERVED: [&str; 4] = [STEPS, "ended", "failed", super::definition::DONE];

/// A database that can be stopped.
pub(super) struct Server {
    /// What it is called in the names of states.
    word: &'static str,
    /// Where its state is kept among the data of a run.
    key: &'static str,
    /// The operations that look at it, start it and stop it.
    operations: [&'static str; 3],
    /// The member of their requests that names it.
    member: &'static str,
    identifier: String,
    /// Where its status stands in the answer to a look.
    status: &'static str,
    /// Its status while it is off.
    off: &'static str,
    /// The error that says that it is on its way already.
    busy: &'static str,
    /// The schedule that would stop it in the middle of the run, told to pause and to go on.
    schedule: Option<(Pause, Pause)>,
}

/// Returns the databases that some steps need.
pub(super) fn needed(names: &Names<'_>, steps: &[&StepTable]) -> Vec<Server> {
    // A crawl or a job that does not say what it reads may read either.
    let is_open = |step: &StepTable| (step.crawl.is_some() || step.job.is_some()) && step.all_reads().is_empty();
    let reads = |step: &StepTable, dataset: &Dataset| step.all_reads().contains(dataset);
    let mysql = |step: &&StepTable| is_open(step) || (step.check.is_none() && reads(step, &Dataset::MYSQL));
    let warehouse = |step: &&StepTable| {
        is_open(step) || reads(step, &Dataset::WAREHOUSE) || step.all_writes().contains(&Dataset::WAREHOUSE)
    };
    let mut servers = vec![];
    if steps.iter().any(mysql) {
        servers.push(Server {
            word: "MySQL",
            key: "mysql",
            operations: ["rds:describeDBInstances", "rds:startDBInstance", "rds:stopDBInstance"],
            // Step Functions and Scheduler write a small `b` where the API has a capital one.
            member: "DbInstanceIdentifier",
            identifier: names.instance(),
            status: "$.DbInstances[0].DbInstanceStatus",
            off: "stopped",
            busy: "Rds.InvalidDbInstanceStateException",
            schedule: schedule(names, &Address::new(<Mysql as Table>::NAME, &names.pipeline.mysql.server)),
        });
    }
    if steps.iter().any(warehouse) {
        servers.push(Server {
            word: "Redshift",
            key: "redshift",
            operations: ["redshift:describeClusters", "redshift:resumeCluster", "redshift:pauseCluster"],
            member: "ClusterIdentifier",
            identifier: names.cluster(),
            status: "$.Clusters[0].ClusterStatus",
            off: "paused",
            busy: "Redshift.InvalidClusterStateException",
            schedule: schedule(names, &Address::new(<Redshift as Table>::NAME, &names.pipeline.warehouse.cluster)),
        });
    }
    servers
}

fn schedule(names: &Names<'_>, server: &Address) -> Option<(Pause, Pause)> {
    pause_of(names.entry, server, false).zip(pause_of(names.entry, server, true))
}

impl Server {
    fn state(&self, verb: &str) -> String {
        format!("{verb} {}", self.word)
    }

    fn task(&self, operation: usize, rest: &Value) -> Value {
        let service = if self.key == "mysql" { "Rds" } else { "Redshift" };
        let mut state = json!({
            "Type": "Task", "Resource": format!("arn:aws:states:::aws-sdk:{}", self.operations[operation]),
            "Parameters": { self.member: self.identifier }, "ResultPath": null,
            "Retry": [{
                "ErrorEquals": [format!("{service}.ThrottlingException")],
                "IntervalSeconds": 5, "MaxAttempts": 6, "BackoffRate": 2,
            }],
        });
        for (member, value) in rest.as_object().into_iter().flatten() {
            state[member.as_str()] = value.clone();
        }
        state
    }

    /// Adds the states that wait until it runs, and go on to `next`.
    fn start(&self, states: &mut Map<String, Value>, next: &str, on_fault: &Value) {
        let look = json!({
            "ResultSelector": { "status.$": self.status }, "ResultPath": format!("$.{}", self.key),
            "Catch": [on_fault], "Next": self.state("is on:"),
        });
        states.insert(self.state("look at"), self.task(0, &look));
        let seen = format!("$.{}.status", self.key);
        let is = |value: &str, next: &str| json!({ "Variable": seen, "StringEquals": value, "Next": next });
        let begin = self.state(if self.schedule.is_some() { "pause the schedule of" } else { "start" });
        let choices = [is("available", next), is(self.off, &begin)];
        let choice = json!({ "Type": "Choice", "Choices": choices, "Default": self.state("wait for") });
        states.insert(self.state("is on:"), choice);
        if let Some((pause, _)) = &self.schedule {
            let rest = json!({ "Catch": [on_fault], "Next": self.state("start") });
            states.insert(begin, update(pause, &rest));
        }
        let busy = json!({ "ErrorEquals": [self.busy], "ResultPath": null, "Next": self.state("wait for") });
        let start = json!({ "Catch": [busy, on_fault], "Next": self.state("note the start of") });
        states.insert(self.state("start"), self.task(1, &start));
        let note = json!({
            "Type": "Pass", "Result": true, "ResultPath": format!("$.started_{}", self.key),
            "Next": self.state("wait for"),
        });
        states.insert(self.state("note the start of"), note);
        let wait = json!({ "Type": "Wait", "Seconds": LOOK, "Next": self.state("look at") });
        states.insert(self.state("wait for"), wait);
    }

    /// Adds the states that stop it if it was started here, and go on to `next`.
    fn stop(&self, states: &mut Map<String, Value>, next: &str) {
        let started = format!("$.started_{}", self.key);
        let choice = json!({
            "Type": "Choice",
            "Choices": [{ "Variable": started, "IsPresent": true, "Next": self.state("stop") }],
            "Default": next,
        });
        states.insert(self.state("was started:"), choice);
        let fault = json!({ "ErrorEquals": ["States.ALL"], "ResultPath": "$.fault", "Next": next });
        let Some((_, go_on)) = &self.schedule else {
            states.insert(self.state("stop"), self.task(2, &json!({ "Catch": [fault], "Next": next })));
            return;
        };
        // Also if it could not be stopped: then the schedule does it.
        let last = self.state("let the schedule go on that stops");
        states.insert(last.clone(), update(go_on, &json!({ "Catch": [fault], "Next": next })));
        let fault = json!({ "ErrorEquals": ["States.ALL"], "ResultPath": "$.fault", "Next": last });
        states.insert(self.state("stop"), self.task(2, &json!({ "Catch": [fault], "Next": last })));
    }

    /// Returns the name of the schedule that a role must be allowed to change.
    pub(super) fn schedule(&self) -> Option<&str> {
        self.schedule.as_ref().map(|(pause, _)| pause.schedule.as_str())
    }

    /// Returns what a role must be allowed, and on what.
    pub(super) fn rights(&self) -> (Vec<String>, String) {
        let action = |operation: &&str| {
            let (service, name) = operation.split_once(':').unwrap_or_default();
            let (first, rest) = name.split_at(1);
            format!("{service}:{}{rest}", first.to_uppercase())
        };
        let resource = if self.key == "mysql" { "rds:db:" } else { "redshift:cluster:" };
        (self.operations.iter().map(action).collect(), format!("{resource}{}", self.identifier))
    }
}

/// Returns the state that switches a schedule on or off.
fn update(pause: &Pause, rest: &Value) -> Value {
    let mut state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:scheduler:updateSchedule",
        "Parameters": pause.request, "ResultPath": null,
        "Retry": [{
            "ErrorEquals": ["Scheduler.ThrottlingException", "Scheduler.InternalServerException"],
            "IntervalSeconds": 5, "MaxAttempts": 6, "BackoffRate": 2,
        }],
    });
    for (member, value) in rest.as_object().into_iter().flatten() {
        state[member.as_str()] = value.clone();
    }
    state
}

/// Puts the steps, a machine of their own, between the start and the stop of their databases.
pub(super) fn around(servers: &[Server], steps: Value) -> Map<String, Value> {
    let mut states = Map::new();
    let after = servers.first().map_or_else(|| "ended".to_owned(), |server| server.state("was started:"));
    let on_fault = json!({ "ErrorEquals": ["States.ALL"], "ResultPath": "$.fault", "Next": after });
    for (position, server) in servers.iter().enumerate() {
        let following = servers.get(position + 1);
        let next = following.map_or_else(|| STEPS.to_owned(), |server| server.state("look at"));
        server.start(&mut states, &next, &on_fault);
        let next = following.map_or_else(|| "ended".to_owned(), |server| server.state("was started:"));
        server.stop(&mut states, &next);
    }
    let steps = json!({
        "Type": "Parallel", "Branches": [steps], "ResultPath": null, "Catch": [on_fault], "Next": after,
    });
    states.insert(STEPS.to_owned(), steps);
    let failed = json!({ "Variable": "$.fault", "IsPresent": true, "Next": "failed" });
    let ended = json!({ "Type": "Choice", "Choices": [failed], "Default": super::definition::DONE });
    states.insert("ended".to_owned(), ended);
    let failed = json!({ "Type": "Fail", "ErrorPath": "$.fault.Error", "CausePath": "$.fault.Cause" });
    states.insert("failed".to_owned(), failed);
    states.insert(super::definition::DONE.to_owned(), json!({ "Type": "Succeed" }));
    states
}

/// Returns the state that comes first.
pub(super) fn first(servers: &[Server]) -> String {
    servers.first().map_or_else(|| STEPS.to_owned(), |server| server.state("look at"))
}
