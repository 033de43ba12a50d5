//! What happens while a pipeline runs. Views render it.

use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;

use super::record::State;
use super::step::Tally;

/// One thing that happened to a step.
#[derive(Debug, Clone)]
pub struct StepEvent {
    /// The step.
    pub name: String,
    /// What happened.
    pub what: Happening,
}

/// What can happen to a step.
#[derive(Debug, Clone)]
pub enum Happening {
    /// It began.
    Began,
    /// It is on its way.
    Progress {
        /// How far, out of `total`.
        done: u64,
        /// The whole; 0 if not known.
        total: u64,
        /// What is going on.
        text: String,
    },
    /// An attempt failed, and it is tried again.
    Again {
        /// Why it failed.
        why: String,
    },
    /// It ended.
    Ended(StepReport),
}

/// How a step ended.
#[derive(Debug, Clone, Serialize)]
pub struct StepReport {
    /// Its name.
    pub name: String,
    /// How.
    pub state: State,
    /// Seconds.
    pub seconds: f64,
    /// What it counted.
    #[serde(flatten)]
    pub tally: Tally,
    /// Why it failed, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Where the events of one step go; nobody has to listen.
#[derive(Debug, Clone)]
pub struct StepEvents {
    sender: UnboundedSender<StepEvent>,
    name: String,
}

impl StepEvents {
    /// Sends the events of the step `name` to `sender`.
    pub fn new(sender: &UnboundedSender<StepEvent>, name: &str) -> Self {
        Self { sender: sender.clone(), name: name.to_owned() }
    }

    /// Tells of an event.
    pub fn tell(&self, what: Happening) {
        // A view that has gone must not stop the work.
        drop(self.sender.send(StepEvent { name: self.name.clone(), what }));
    }

    /// Tells what is going on.
    pub fn say(&self, text: impl Into<String>) {
        self.tell(Happening::Progress { done: 0, total: 0, text: text.into() });
    }
}
