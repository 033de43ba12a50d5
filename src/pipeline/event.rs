//! What happens while a pipeline runs. Views render it.

use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;

use super::Tally;

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum StepEvent {
    /// A step began.
    Began {
        /// Its name.
        name: String,
    },
    /// A step is on its way.
    Progress {
        /// How far, out of `total`.
        done: u64,
        /// The whole; 0 if not known.
        total: u64,
        /// What is going on.
        text: String,
    },
    /// A step ended well.
    Done(StepReport),
    /// A step ended badly.
    Failed {
        /// Its name.
        name: String,
    },
}

/// How a step ended.
#[derive(Debug, Clone, Serialize)]
pub struct StepReport {
    /// Its name.
    pub name: String,
    /// Seconds.
    pub seconds: f64,
    /// Rows in, out and rejected.
    #[serde(flatten)]
    pub tally: Tally,
}

impl StepReport {
    /// Builds the report of a step.
    pub fn new(name: &str, took: Duration, tally: Tally) -> Self {
        Self { name: name.to_owned(), seconds: took.as_secs_f64(), tally }
    }
}

/// Where events go; nobody has to listen.
#[derive(Debug, Clone)]
pub struct StepEvents(UnboundedSender<StepEvent>);

impl StepEvents {
    /// Sends events to `sender`.
    pub fn new(sender: UnboundedSender<StepEvent>) -> Self {
        Self(sender)
    }

    /// Tells of an event.
    pub fn tell(&self, event: StepEvent) {
        // A view that has gone must not stop the work.
        drop(self.0.send(event));
    }

    /// Tells what is going on.
    pub fn say(&self, text: impl Into<String>) {
        self.tell(StepEvent::Progress { done: 0, total: 0, text: text.into() });
    }
}
