//! What is known of a run: kept in the output bucket, so that it survives the laptop.

mod history;
mod recorder;

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use history::History;
pub use recorder::{Memory, Recorder};

use super::step::Tally;
use super::{Facts, Planned};

/// How far a run or a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It was not begun yet.
    Waiting,
    /// It goes on, or its process was killed.
    Running,
    /// It ended well.
    Done,
    /// It ended badly.
    Failed,
    /// It ended badly, and its severity is `warn`.
    Warned,
    /// It was not begun, because something before it failed.
    Skipped,
    /// It was left out on purpose.
    LeftOut,
    /// A person stopped it.
    Interrupted,
}

impl State {
    /// Returns whether what comes after it may begin.
    pub fn lets_on(self) -> bool {
        matches!(self, Self::Done | Self::Warned | Self::LeftOut)
    }
}

/// One step of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StepRecord {
    /// Its name.
    pub name: String,
    /// What it does: `job`.
    pub kind: String,
    /// How far it is.
    pub state: State,
    /// When its last attempt began.
    #[serde(default)]
    pub began: Option<Timestamp>,
    /// When it ended.
    #[serde(default)]
    pub ended: Option<Timestamp>,
    /// Attempts so far.
    #[serde(default)]
    pub attempts: u32,
    /// What it counted.
    #[serde(flatten)]
    pub tally: Tally,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
    /// What the step itself noted down, such as the id of a job run.
    #[serde(default)]
    pub memory: Option<Value>,
}

impl StepRecord {
    /// Returns how long the last attempt took, in seconds.
    pub fn seconds(&self) -> Option<f64> {
        Some(self.ended?.duration_since(self.began?).as_secs_f64())
    }
}

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunRecord {
    /// The version of this form.
    pub version: u32,
    /// Its id, which begins with the time at which it began.
    pub id: String,
    /// The stack.
    pub stack: String,
    /// Who began it: `ana@laptop`.
    pub by: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    #[serde(default)]
    pub ended: Option<Timestamp>,
    /// How far it is.
    pub state: State,
    /// The files, as paths of the machine on which it began.
    pub data: Vec<PathBuf>,
    /// How often it was taken up again.
    #[serde(default)]
    pub resumed: u32,
    /// The steps, in their order.
    pub steps: Vec<StepRecord>,
    /// What the steps found out.
    pub facts: Facts,
}

impl RunRecord {
    /// Begins the record of a run.
    pub fn new(stack: &str, by: String, data: Vec<PathBuf>, steps: &[Planned<'_>]) -> Self {
        let began = Timestamp::now();
        let mark: String = std::iter::repeat_with(fastrand::alphanumeric).take(4).collect();
        let id = format!("{}-{}", began.strftime("%Y%m%dT%H%M%SZ"), mark.to_lowercase());
        let step = |planned: &Planned<'_>| StepRecord::new(&planned.table.name, planned.table.kind());
        let (stack, steps) = (stack.to_owned(), steps.iter().map(step).collect());
        let facts = Facts::default();
        Self { version: 1, id, stack, by, began, ended: None, state: State::Running, data, resumed: 0, steps, facts }
    }

    /// Takes the run up again with the steps as they are declared now: what is done stays done.
    pub fn resume(&mut self, steps: &[Planned<'_>]) {
        let mut old = std::mem::take(&mut self.steps);
        for planned in steps {
            let name = &planned.table.name;
            let known = old.iter().position(|step| step.name == *name && step.kind == planned.table.kind());
            let mut step = match known {
                Some(at) => old.remove(at),
                None => StepRecord::new(name, planned.table.kind()),
            };
            if !step.state.lets_on() {
                step.state = State::Waiting;
            }
            self.steps.push(step);
        }
        self.state = State::Running;
        self.ended = None;
        self.resumed += 1;
    }

    /// Returns the sum of what the steps cost, in US dollars; `None` if no step told.
    pub fn usd(&self) -> Option<f64> {
        let told: Vec<f64> = self.steps.iter().filter_map(|step| step.tally.usd).collect();
        (!told.is_empty()).then(|| told.iter().sum())
    }

    /// Returns how long it took, in seconds, if it has ended.
    pub fn seconds(&self) -> Option<f64> {
        Some(self.ended?.duration_since(self.began).as_secs_f64())
    }
}

impl StepRecord {
    fn new(name: &str, kind: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            state: State::Waiting,
            began: None,
            ended: None,
            attempts: 0,
            tally: Tally::default(),
            error: None,
            memory: None,
        }
    }
}
