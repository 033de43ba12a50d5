//! Things that are on their way: made slowly, deleted slowly, or failed, because a fault says so.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::Network;
use crate::localcloud::faults::Fate;

/// The state of something that is not simply there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Transition {
    state: String,
    /// In milliseconds since 1970.
    until: i64,
    next: Next,
}

/// What follows.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Next {
    Usual,
    State(String),
    Gone,
}

impl Network {
    /// Lets something new be pending for a while, and fail after that, if its fate is so.
    pub(super) fn begin(&mut self, id: &str, fate: &Fate) {
        let next = match fate.failure() {
            Some(failure) => Next::State(failure.state("failed").to_owned()),
            None if fate.slow().is_zero() => return,
            None => Next::Usual,
        };
        self.transitions.insert(id.to_owned(), Transition { state: "pending".to_owned(), until: after(fate), next });
    }

    /// Lets something be deleted slowly; returns whether it has to be there meanwhile.
    pub(super) fn begin_deletion(&mut self, id: &str, fate: &Fate) -> bool {
        if fate.slow().is_zero() {
            self.transitions.remove(id);
            return false;
        }
        let transition = Transition { state: "deleting".to_owned(), until: after(fate), next: Next::Gone };
        self.transitions.insert(id.to_owned(), transition);
        true
    }

    /// Returns the state of something; `None` if its deletion is over.
    pub(super) fn state_of<'a>(&'a self, id: &str, usual: &'a str) -> Option<&'a str> {
        let Some(transition) = self.transitions.get(id) else { return Some(usual) };
        if now() < transition.until {
            return Some(&transition.state);
        }
        match &transition.next {
            Next::Usual => Some(usual),
            Next::State(state) => Some(state),
            Next::Gone => None,
        }
    }

    /// Returns the things of a kind, such as `vpce-`, whose deletion is over, and forgets that it ever began.
    pub(super) fn take_gone(&mut self, prefix: &str) -> Vec<String> {
        let over = |id: &&String| id.starts_with(prefix) && self.state_of(id, "").is_none();
        let gone: Vec<String> = self.transitions.keys().filter(over).cloned().collect();
        for id in &gone {
            self.transitions.remove(id);
        }
        gone
    }
}

fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

fn after(fate: &Fate) -> i64 {
    now().saturating_add(i64::try_from(fate.slow().as_millis()).unwrap_or(i64::MAX))
}
