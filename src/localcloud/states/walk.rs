//! One execution, from its first state to its end.

use std::sync::Arc;

use futures::future::{BoxFuture, try_join_all};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::asl::{Fault, Scope, fill, get, holds, set, value_of};
use super::executions::End;
use super::machines::MACHINE;
use super::service::States;
use super::tasks::Caller;

/// What `Retry` assumes where it says nothing: seconds, attempts, growth.
const RETRY: (f64, u64, f64) = (1.0, 3, 2.0);

/// A walk through a state machine.
pub(super) struct Walk {
    states: Arc<States>,
    region: String,
    key: String,
    definition: Value,
    role: String,
    /// The context object, without the state.
    context: Value,
}

impl Walk {
    /// Prepares a walk.
    pub(super) fn new(states: Arc<States>, region: &str, key: &str, machine: &Value, input: &Value) -> Self {
        let definition = machine["definition"].as_str().unwrap_or_default();
        let started = states.context.clock.now().to_string();
        let name = key.rsplit(':').next().unwrap_or_default();
        let context = json!({
            "Execution": {
                "Id": machine["stateMachineArn"].as_str().unwrap_or_default().replace(":stateMachine:", ":execution:")
                    + ":" + name,
                "Input": input, "Name": name, "RoleArn": machine["roleArn"], "StartTime": started,
            },
            "StateMachine": { "Id": machine["stateMachineArn"], "Name": machine["name"] },
        });
        Self {
            states,
            region: region.to_owned(),
            key: key.to_owned(),
            definition: serde_json::from_str(definition).unwrap_or_default(),
            role: machine["roleArn"].as_str().unwrap_or_default().to_owned(),
            context,
        }
    }

    /// Walks to the end and notes it.
    pub(super) async fn run(&self, input: Value) {
        let work = self.machine(&self.definition, input);
        let end = match self.definition["TimeoutSeconds"].as_i64() {
            Some(seconds) => tokio::select! {
                outcome = work => end_of(outcome),
                () = self.sleep(seconds) => End::TimedOut,
            },
            None => end_of(work.await),
        };
        self.states.finish(&self.region, &self.key, &end);
    }

    /// Walks through a machine, or through one branch of a parallel state.
    fn machine<'a>(&'a self, machine: &'a Value, input: Value) -> BoxFuture<'a, Result<Value, Fault>> {
        Box::pin(async move {
            let mut name = machine["StartAt"].as_str().unwrap_or_default();
            let mut data = input;
            loop {
                let state = &machine["States"][name];
                let kind = state["Type"].as_str().unwrap_or_default();
                self.check_machine()?;
                let details = json!({ "name": name, "input": data.to_string() });
                self.note(&format!("{kind}StateEntered"), "stateEnteredEventDetails", details);
                let (output, next) = self.state(name, state, data).await?;
                let details = json!({ "name": name, "output": output.to_string() });
                self.note(&format!("{kind}StateExited"), "stateExitedEventDetails", details);
                match next {
                    Some(next) => (name, data) = (next, output),
                    None => return Ok(output),
                }
            }
        })
    }

    /// Does what a state says; returns its output and the state after it.
    async fn state<'a>(
        &'a self,
        name: &str,
        state: &'a Value,
        input: Value,
    ) -> Result<(Value, Option<&'a str>), Fault> {
        let mut context = self.context.clone();
        let entered = self.states.context.clock.now().to_string();
        context["State"] = json!({ "Name": name, "EnteredTime": entered, "RetryCount": 0 });
        let scope = Scope { input: &input, context: &context };
        let chosen = through(&state["InputPath"], scope)?;
        let inner = Scope { input: &chosen, context: &context };
        let next = state["Next"].as_str();
        match state["Type"].as_str().unwrap_or_default() {
            "Succeed" => Ok((through(&state["OutputPath"], inner)?, None)),
            "Fail" => Err(failure(state, inner)?),
            "Choice" => Ok((through(&state["OutputPath"], inner)?, Some(choose(state, inner)?))),
            "Wait" => {
                self.states.context.clock.sleep_until(self.wake(state, inner)?).await;
                Ok((through(&state["OutputPath"], inner)?, next))
            }
            "Pass" => {
                let given =
                    if state["Parameters"].is_null() { chosen.clone() } else { fill(&state["Parameters"], inner)? };
                let result = if state["Result"].is_null() { given } else { state["Result"].clone() };
                Ok((output(state, scope, result)?, next))
            }
            _ => self.attempts(state, scope, inner).await,
        }
    }

    /// Does a task or a parallel state, again as often as `Retry` says, or goes where `Catch` says.
    async fn attempts<'a>(
        &'a self,
        state: &'a Value,
        scope: Scope<'_>,
        inner: Scope<'_>,
    ) -> Result<(Value, Option<&'a str>), Fault> {
        let mut spent = vec![0_u64; state["Retry"].as_array().map_or(0, Vec::len)];
        loop {
            let outcome = match self.once(state, inner).await {
                Ok(result) => output(state, scope, result),
                Err(fault) => Err(fault),
            };
            let fault = match outcome {
                Ok(output) => return Ok((output, state["Next"].as_str())),
                Err(fault) => fault,
            };
            let details = json!({ "error": fault.error, "cause": fault.cause });
            self.note("TaskFailed", "taskFailedEventDetails", details);
            if let Some(pause) = pause(&state["Retry"], &fault, &mut spent) {
                tokio::time::sleep(pause).await;
                continue;
            }
            let mut catchers = state["Catch"].as_array().into_iter().flatten();
            let Some(catcher) = catchers.find(|one| catches(one, &fault)) else { return Err(fault) };
            let shown = json!({ "Error": fault.error, "Cause": fault.cause });
            let caught = json!({ "ResultPath": catcher.get("ResultPath").cloned().unwrap_or_else(|| json!("$")) });
            return Ok((output(&caught, scope, shown)?, catcher["Next"].as_str()));
        }
    }

    async fn once(&self, state: &Value, inner: Scope<'_>) -> Result<Value, Fault> {
        let given =
            if state["Parameters"].is_null() { inner.input.clone() } else { fill(&state["Parameters"], inner)? };
        let result = if state["Type"] == "Parallel" {
            let branches = state["Branches"].as_array().into_iter().flatten();
            Value::Array(try_join_all(branches.map(|branch| self.machine(branch, given.clone()))).await?)
        } else {
            let caller = Caller { context: &self.states.context, region: &self.region, role: &self.role };
            let work = caller.perform(state["Resource"].as_str().unwrap_or_default(), &given);
            match state["TimeoutSeconds"].as_i64() {
                Some(seconds) => tokio::select! {
                    outcome = work => outcome?,
                    () = self.sleep(seconds) => return Err(Fault::new("States.Timeout", "")),
                },
                None => work.await?,
            }
        };
        if state["ResultSelector"].is_null() {
            return Ok(result);
        }
        fill(&state["ResultSelector"], Scope { input: &result, context: inner.context })
    }

    async fn sleep(&self, seconds: i64) {
        let clock = &self.states.context.clock;
        clock.sleep_until(later(clock.now(), seconds)).await;
    }

    /// Returns when a `Wait` state ends.
    fn wake(&self, state: &Value, scope: Scope<'_>) -> Result<Timestamp, Fault> {
        let at = |path: &str| state[path].as_str().map(|path| value_of(path, scope)).transpose();
        let wrong = || Fault::runtime("the time to wait for is no time");
        if let Some(moment) = at("TimestampPath")?.or_else(|| state.get("Timestamp").cloned()) {
            return moment.as_str().and_then(|moment| moment.parse().ok()).ok_or_else(wrong);
        }
        let seconds = at("SecondsPath")?.unwrap_or_else(|| state["Seconds"].clone());
        let seconds = seconds.as_i64().filter(|seconds| *seconds >= 0).ok_or_else(wrong)?;
        Ok(later(self.states.context.clock.now(), seconds))
    }

    /// A machine that is deleted does not go on.
    fn check_machine(&self) -> Result<(), Fault> {
        let name = self.key.split(':').next().unwrap_or_default();
        match self.states.documents.get(&self.region, MACHINE, name) {
            Some(machine) if machine["status"] != "DELETING" => Ok(()),
            _ => Err(Fault::runtime("the state machine is deleted")),
        }
    }

    fn note(&self, kind: &str, member: &str, details: Value) {
        self.states.note(&self.region, &self.key, kind, Some((member, details)));
    }
}

fn end_of(outcome: Result<Value, Fault>) -> End {
    match outcome {
        Ok(output) => End::Succeeded(output),
        Err(fault) => End::Failed(fault),
    }
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// Follows `InputPath` or `OutputPath`: left out it is everything, `null` is nothing.
fn through(path: &Value, scope: Scope<'_>) -> Result<Value, Fault> {
    // Indexing gives `null` for what is left out, too; no definition of ours says `null` here.
    match path.as_str() {
        None | Some("$") => Ok(scope.input.clone()),
        Some(path) => get(path, scope)?.ok_or_else(|| Fault::runtime(format!("Invalid path '{path}'"))),
    }
}

/// Joins a result with the input of its state as `ResultPath` says, and takes of it what `OutputPath` says.
fn output(state: &Value, scope: Scope<'_>, result: Value) -> Result<Value, Fault> {
    let joined = match state.get("ResultPath") {
        None => result,
        Some(Value::String(path)) => set(scope.input.clone(), path, result)?,
        Some(_) => scope.input.clone(),
    };
    through(&state["OutputPath"], Scope { input: &joined, context: scope.context })
}

fn choose<'a>(state: &'a Value, scope: Scope<'_>) -> Result<&'a str, Fault> {
    for rule in state["Choices"].as_array().into_iter().flatten() {
        if holds(rule, scope)? {
            return Ok(rule["Next"].as_str().unwrap_or_default());
        }
    }
    let none = || Fault::new("States.NoChoiceMatched", "no choice holds and there is no default");
    state["Default"].as_str().ok_or_else(none)
}

fn failure(state: &Value, scope: Scope<'_>) -> Result<Fault, Fault> {
    let text = |plain: &str| -> Result<String, Fault> {
        match state[format!("{plain}Path")].as_str() {
            Some(path) => Ok(value_of(path, scope)?.as_str().unwrap_or_default().to_owned()),
            None => Ok(state[plain].as_str().unwrap_or_default().to_owned()),
        }
    };
    Ok(Fault::new(text("Error")?, text("Cause")?))
}

/// Returns whether a retrier or a catcher is for a fault.
fn catches(one: &Value, fault: &Fault) -> bool {
    let mut names = one["ErrorEquals"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let is_runtime = fault.error == "States.Runtime";
    names.any(|name| match name {
        "States.ALL" => !is_runtime,
        "States.TaskFailed" => !is_runtime && fault.error != "States.Timeout",
        name => name == fault.error,
    })
}

/// Returns how long to wait before another attempt; `None` if there is none left.
fn pause(retriers: &Value, fault: &Fault, spent: &mut [u64]) -> Option<std::time::Duration> {
    let mut retriers = retriers.as_array().into_iter().flatten().zip(spent);
    let (retrier, spent) = retriers.find(|(retrier, _)| catches(retrier, fault))?;
    let (seconds, attempts, growth) = RETRY;
    if *spent >= retrier["MaxAttempts"].as_u64().unwrap_or(attempts) {
        return None;
    }
    let growth = retrier["BackoffRate"].as_f64().unwrap_or(growth);
    let exponent = i32::try_from(*spent).unwrap_or(i32::MAX);
    let seconds = retrier["IntervalSeconds"].as_f64().unwrap_or(seconds) * growth.powi(exponent);
    *spent += 1;
    let longest = retrier["MaxDelaySeconds"].as_f64().unwrap_or(f64::MAX);
    std::time::Duration::try_from_secs_f64(seconds.min(longest)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_for_each_retrier_and_pauses_grow() {
        let retriers = json!([
            { "ErrorEquals": ["Glue.ConcurrentRunsExceededException"], "IntervalSeconds": 2, "MaxAttempts": 2 },
            { "ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 9, "MaxDelaySeconds": 5 },
        ]);
        let mut spent = [0, 0];
        let mut seconds =
            |error: &str| pause(&retriers, &Fault::new(error, ""), &mut spent).map(|pause| pause.as_secs());
        let busy = "Glue.ConcurrentRunsExceededException";
        assert_eq!([seconds(busy), seconds(busy), seconds(busy)], [Some(2), Some(4), None]);
        assert_eq!([seconds("Other"), seconds("Other")], [Some(5), None]);
        assert_eq!(seconds("States.Runtime"), None);
    }

    #[test]
    fn results_join_the_input_as_the_state_says() {
        let (input, context) = (json!({ "a": 1 }), json!({}));
        let scope = Scope { input: &input, context: &context };
        let joined = |state: Value| output(&state, scope, json!({ "b": 2 })).unwrap();
        assert_eq!(joined(json!({})), json!({ "b": 2 }));
        assert_eq!(joined(json!({ "ResultPath": null })), json!({ "a": 1 }));
        assert_eq!(joined(json!({ "ResultPath": "$.r", "OutputPath": "$.r" })), json!({ "b": 2 }));
    }
}
