//! Pieces of a state machine: the states of one step, and how they go on.

use serde_json::{Map, Value, json};

use super::servers::RESERVED;
use crate::pipeline::Severity;

/// The longest name of a state is 80 characters; what is appended to the name of a step has fewer than twenty.
const LONGEST: usize = 60;

/// Pause before an attempt that follows a throttled one, in seconds, and how many there are.
const THROTTLED: (u32, u32) = (5, 6);

/// The states of one step, while they are made.
pub(super) struct Piece {
    /// What the names of its states begin with; alone it is the name of the first one.
    name: String,
    /// The state after the step.
    next: String,
    severity: Severity,
    states: Map<String, Value>,
}

impl Piece {
    /// Begins a step; `position` tells apart long names that begin alike.
    pub(super) fn new(name: &str, position: usize, severity: Severity, next: &str) -> Self {
        let name = if name.chars().count() > LONGEST || RESERVED.contains(&name) {
            format!("{} #{position}", name.chars().take(LONGEST - 5).collect::<String>())
        } else {
            name.to_owned()
        };
        Self { name, next: next.to_owned(), severity, states: Map::new() }
    }

    /// Returns the name of one of its states; without a word that of the first one.
    pub(super) fn state(&self, word: &str) -> String {
        if word.is_empty() { self.name.clone() } else { format!("{}: {word}", self.name) }
    }

    /// Returns the name of the state after the step.
    pub(super) fn next(&self) -> String {
        self.next.clone()
    }

    /// Adds a state.
    pub(super) fn add(&mut self, word: &str, state: Value) {
        self.states.insert(self.state(word), state);
    }

    /// Adds a task; what is throttled is tried again, and the failure of a step that only warns is passed over.
    pub(super) fn task(&mut self, word: &str, resource: &str, mut state: Value) {
        state["Type"] = json!("Task");
        state["Resource"] = json!(format!("arn:aws:states:::{resource}"));
        let (seconds, attempts) = THROTTLED;
        let service = service_of(resource);
        let errors = ["ThrottlingException", "TooManyRequestsException", "InternalServiceException"];
        let throttled = json!({
            "ErrorEquals": errors.map(|error| format!("{service}.{error}")),
            "IntervalSeconds": seconds, "MaxAttempts": attempts, "BackoffRate": 2,
        });
        let mut retriers = vec![throttled];
        retriers.extend(state["Retry"].as_array().cloned().unwrap_or_default());
        state["Retry"] = json!(retriers);
        if self.severity == Severity::Warn {
            let passed = json!({ "ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": self.next });
            let mut catchers = state["Catch"].as_array().cloned().unwrap_or_default();
            catchers.push(passed);
            state["Catch"] = json!(catchers);
        }
        self.add(word, state);
    }

    /// Adds the state to which a step comes that has failed.
    pub(super) fn fail(&mut self, error: &str, cause: &str) {
        let state = match self.severity {
            Severity::Error => json!({ "Type": "Fail", "Error": error, "Cause": cause }),
            Severity::Warn => json!({ "Type": "Pass", "Comment": cause, "Next": self.next }),
        };
        self.add("failed", state);
    }

    /// Returns the states.
    pub(super) fn into_states(self) -> Map<String, Value> {
        self.states
    }
}

/// Returns what the names of a service's errors begin with.
fn service_of(resource: &str) -> &'static str {
    let service = resource.trim_start_matches("aws-sdk:").split(':').next().unwrap_or_default();
    match service {
        "athena" => "Athena",
        "redshiftdata" => "RedshiftData",
        _ => "Glue",
    }
}
