//! Runs of jobs as the API shows them.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::jobs::{capacity, check_workers};
use super::refused::{absent, required, texts};
use super::run;
use super::service::{Answer, Glue, paged};
use crate::localcloud::mint;
use crate::localcloud::refusal::Refusal;

/// The kind of document that a run is.
pub(super) const RUN: &str = "run";

/// States in which a run holds one of the job's places.
const ACTIVE: [&str; 4] = ["STARTING", "RUNNING", "STOPPING", "WAITING"];

impl Glue {
    pub(super) fn start_job_run(self: &Arc<Self>, region: &str, input: &Value) -> Answer {
        let name = required(input, "JobName")?;
        let job = self.job(region, name)?;
        check_workers(input)?;
        if let Some(previous) = input["JobRunId"].as_str() {
            self.run_of(region, name, previous)?;
        }
        let most = job["ExecutionProperty"]["MaxConcurrentRuns"].as_u64().unwrap_or(1);
        let active = self.runs_of(region, name).into_iter().filter(is_active).count();
        if u64::try_from(active).unwrap_or(u64::MAX) >= most {
            let message = format!("Concurrent runs exceeded for {name}");
            return Err(Refusal::new("ConcurrentRunsExceededException", message));
        }
        let identifier = format!("jr_{}", mint::token(64));
        let document = fresh(&job, input, &identifier, 0);
        self.documents.put(region, RUN, &identifier, document);
        let (stop, stopped) = watch::channel(false);
        let (glue, place, run) = (Arc::clone(self), region.to_owned(), identifier.clone());
        let task = tokio::spawn(async move { run::run(&glue, &place, &run, stopped).await });
        self.runs.keep(region, &identifier, stop, task);
        Ok(json!({ "JobRunId": identifier }))
    }

    pub(super) fn get_job_run(&self, region: &str, input: &Value) -> Answer {
        let run = self.run_of(region, required(input, "JobName")?, required(input, "RunId")?)?;
        Ok(json!({ "JobRun": shown(run) }))
    }

    pub(super) fn get_job_runs(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "JobName")?;
        self.job(region, name)?;
        let mut runs = self.runs_of(region, name);
        runs.sort_by(|one, other| started(other).total_cmp(&started(one)));
        Ok(paged("JobRuns", runs.into_iter().map(shown).collect(), input, 200))
    }

    pub(super) fn batch_stop_job_run(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "JobName")?;
        let mut submitted = vec![];
        let mut errors = vec![];
        for identifier in texts(&input["JobRunIds"]) {
            match self.stop_run(region, name, &identifier) {
                Ok(()) => submitted.push(json!({ "JobName": name, "JobRunId": identifier })),
                Err(refusal) => errors.push(json!({
                    "JobName": name, "JobRunId": identifier,
                    "ErrorDetail": { "ErrorCode": refusal.code(), "ErrorMessage": refusal.message() },
                })),
            }
        }
        Ok(json!({ "SuccessfulSubmissions": submitted, "Errors": errors }))
    }

    fn stop_run(&self, region: &str, name: &str, identifier: &str) -> Result<(), Refusal> {
        let run = self.run_of(region, name, identifier)?;
        // A retry runs under the task of the first attempt.
        let first = identifier.split("_attempt_").next().unwrap_or(identifier);
        if is_active(&run) && self.runs.stop(region, first) {
            self.set_state(region, identifier, "STOPPING");
            return Ok(());
        }
        let state = run["JobRunState"].as_str().unwrap_or_default();
        let message = format!("Job run is in {state} state and can't be stopped");
        Err(Refusal::new("JobRunNotInValidStateTransitionException", message))
    }

    /// Adds the run that follows a failed one; returns its id.
    pub(super) fn add_retry(&self, region: &str, failed: &Value, attempt: u64) -> Option<String> {
        let job = self.job(region, failed["JobName"].as_str()?).ok()?;
        let previous = failed["Id"].as_str()?;
        let first = previous.split("_attempt_").next().unwrap_or(previous);
        let identifier = format!("{first}_attempt_{attempt}");
        let mut document = fresh(&job, &failed["Input"], &identifier, attempt);
        document["PreviousRunId"] = json!(previous);
        self.documents.put(region, RUN, &identifier, document);
        Some(identifier)
    }

    /// Moves a run to a state that is not its last.
    pub(super) fn set_state(&self, region: &str, identifier: &str, state: &str) {
        self.documents.edit(region, RUN, identifier, |run| {
            run["JobRunState"] = json!(state);
            run["LastModifiedOn"] = json!(mint::now_seconds());
        });
    }

    /// Moves a run to its last state.
    pub(super) fn finish_run(&self, region: &str, identifier: &str, state: &str, error: Option<&str>) {
        self.documents.edit(region, RUN, identifier, |run| {
            let now = mint::now_seconds();
            let began = run["RunningSince"].as_f64().unwrap_or(now);
            run["JobRunState"] = json!(state);
            run["CompletedOn"] = json!(now);
            run["LastModifiedOn"] = json!(now);
            run["ExecutionTime"] = json!((now - began).ceil() as u64);
            if let Some(error) = error {
                run["ErrorMessage"] = json!(error);
            }
        });
    }

    /// Ends the runs that the process before left.
    pub(super) fn fail_interrupted_runs(&self) {
        for region in self.documents.regions() {
            for (identifier, _) in self.documents.list(&region, RUN).into_iter().filter(|(_, run)| is_active(run)) {
                self.finish_run(&region, &identifier, "FAILED", Some("The local cloud stopped while the job ran"));
            }
        }
    }

    fn runs_of(&self, region: &str, name: &str) -> Vec<Value> {
        let mut runs = self.all(region, RUN);
        runs.retain(|run| run["JobName"] == name);
        runs
    }

    fn run_of(&self, region: &str, name: &str, identifier: &str) -> Result<Value, Refusal> {
        self.job(region, name)?;
        let run = self.documents.get(region, RUN, identifier).filter(|run| run["JobName"] == name);
        run.ok_or_else(|| absent(format!("Job run {identifier} of job {name} not found")))
    }
}

fn is_active(run: &Value) -> bool {
    run["JobRunState"].as_str().is_some_and(|state| ACTIVE.contains(&state))
}

fn started(run: &Value) -> f64 {
    run["StartedOn"].as_f64().unwrap_or(0.0)
}

/// Returns a run as it is first stored; `Input` is what a retry is made from.
fn fresh(job: &Value, input: &Value, identifier: &str, attempt: u64) -> Value {
    let mut run = json!({
        "Id": identifier, "Attempt": attempt, "JobName": job["Name"], "JobRunState": "STARTING",
        "StartedOn": mint::now_seconds(), "LastModifiedOn": mint::now_seconds(), "PredecessorRuns": [],
        "ExecutionTime": 0, "LogGroupName": run::LOG_GROUP, "JobMode": "SCRIPT", "Input": input,
        "Arguments": if input["Arguments"].is_object() { input["Arguments"].clone() } else { json!({}) },
    });
    for member in ["Timeout", "GlueVersion", "WorkerType", "NumberOfWorkers", "MaxCapacity", "ExecutionClass"] {
        let given = if input[member].is_null() { &job[member] } else { &input[member] };
        if !given.is_null() {
            run[member] = given.clone();
        }
    }
    let capacity = capacity(&run);
    run["MaxCapacity"] = json!(capacity);
    run["AllocatedCapacity"] = json!(capacity.ceil());
    run
}

/// A run without what is kept for ourselves.
fn shown(mut run: Value) -> Value {
    if let Some(members) = run.as_object_mut() {
        members.remove("Input");
        members.remove("RunningSince");
    }
    run
}
