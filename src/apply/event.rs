//! What happens while a plan is carried out. Views render it; nothing here prints.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::model::{Action, Address};

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// Work on a resource began.
    Began {
        /// The resource.
        address: Address,
        /// What is done to it.
        action: Action,
    },
    /// A resource is not ready yet; AWS's own status.
    Waiting {
        /// The resource.
        address: Address,
        /// The status.
        status: String,
    },
    /// A resource is as declared, or gone.
    Done {
        /// The resource.
        address: Address,
        /// What was done to it.
        action: Action,
        /// How long it took.
        took: Duration,
    },
    /// The person interrupted; calls in flight are finished.
    Interrupted,
    /// Work on a resource failed.
    Failed {
        /// The resource.
        address: Address,
        /// What was done to it.
        action: Action,
        /// Whether it was left on its way, so that its end is unknown.
        is_unknown: bool,
    },
}

/// Where events go; nobody has to listen.
#[derive(Debug, Clone)]
pub struct Events(UnboundedSender<Event>);

impl Events {
    /// Sends events to `sender`.
    pub fn new(sender: UnboundedSender<Event>) -> Self {
        Self(sender)
    }

    /// Tells of an event.
    pub fn tell(&self, event: Event) {
        // A view that has gone must not stop the work.
        drop(self.0.send(event));
    }
}

/// How it ended.
#[derive(Debug, Default)]
pub struct Summary {
    /// What was done.
    pub done: Vec<(Address, Action)>,
    /// What failed, and why.
    pub failed: Vec<(Address, Action, super::ApplyError)>,
    /// What was not begun because something before it failed or the person interrupted.
    pub not_begun: Vec<(Address, Action)>,
    /// Whether the person interrupted.
    pub interrupted: bool,
}

impl Summary {
    /// Returns whether everything was done.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.not_begun.is_empty() && !self.interrupted
    }
}
