//! The faults that are set, and what they do to a call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::fate::{Fate, can_be_slow, can_fail};
use super::fault::{Effect, Fault};
use super::propagation::Propagation;
use super::request::Asked;
use super::words::{Words, broken, denied, throttled};

/// The faults of one local cloud. Clones are the same faults.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    standing: Vec<Standing>,
    propagation: Propagation,
}

/// A fault that is set, with its counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The fault.
    pub fault: Fault,
    /// How many calls it matched, those that it let through included.
    pub matched: u64,
    /// How many calls it struck.
    pub struck: u64,
}

/// What is to be done with a call.
#[derive(Debug, Default)]
pub(in super::super) struct Verdict {
    /// How long it waits first.
    pub(in super::super) wait: Duration,
    /// How it is struck, if it is.
    pub(in super::super) strike: Option<Strike>,
    /// What becomes of what it begins.
    pub(in super::super) fate: Fate,
    names: Vec<&'static str>,
}

/// How a call is struck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Strike {
    /// It is refused.
    Refuse(Words),
    /// The connection is closed before it is carried out.
    Reset,
    /// The connection is closed after it was carried out.
    LostReply,
}

impl Faults {
    /// Replaces all faults; their counts begin anew.
    pub fn set(&self, faults: Vec<Fault>) {
        self.lock().standing = faults.into_iter().map(Standing::new).collect();
    }

    /// Adds a fault behind the others.
    pub fn add(&self, fault: Fault) {
        self.lock().standing.push(Standing::new(fault));
    }

    /// Takes all faults away.
    pub fn clear(&self) {
        self.set(Vec::new());
    }

    /// Returns the faults that are set, with their counts.
    pub fn standing(&self) -> Vec<Standing> {
        self.lock().standing.clone()
    }

    /// Decides what becomes of a call. Faults are looked at in order: delays add up, and the first one that refuses
    /// the call or closes the connection decides.
    pub(in super::super) fn decide(&self, asked: &Asked) -> Verdict {
        let mut verdict = Verdict::default();
        let mut book = self.lock();
        let Book { standing, propagation } = &mut *book;
        for one in standing {
            if !one.fault.is_about(asked) || !applies(&one.fault.does, asked, propagation) {
                continue;
            }
            one.matched += 1;
            if one.matched <= one.fault.skip || one.fault.times.is_some_and(|times| one.struck >= times) {
                continue;
            }
            one.struck += 1;
            verdict.take(&one.fault.does, asked, propagation);
            if verdict.strike.is_some() {
                break;
            }
        }
        verdict
    }

    /// Remembers what a successful call created.
    pub(in super::super) fn note(&self, asked: &Asked) {
        self.lock().propagation.note(asked);
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    fn new(fault: Fault) -> Self {
        Self { fault, matched: 0, struck: 0 }
    }
}

impl Fault {
    fn is_about(&self, asked: &Asked) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|it| it == "*" || it == found);
        is(&self.service, &asked.service)
            && is(&self.operation, &asked.operation)
            && self.target.as_ref().is_none_or(|piece| asked.mentions(piece))
    }
}

impl Verdict {
    /// Takes what one more fault does.
    fn take(&mut self, does: &Effect, asked: &Asked, propagation: &Propagation) {
        self.names.push(does.name());
        self.strike = match does {
            Effect::Latency { millis } => return self.wait += Duration::from_millis(*millis),
            Effect::Slow { millis } => return self.fate.delay(*millis),
            Effect::Fail { state, reason } => return self.fate.fail(state.clone(), reason.clone()),
            Effect::Throttle => Some(Strike::Refuse(throttled(asked))),
            Effect::Denied => Some(Strike::Refuse(denied(asked))),
            Effect::Error { status, code, message } => {
                Some(Strike::Refuse(broken(asked, *status, code.as_deref(), message.as_deref())))
            }
            Effect::NotPropagated { millis } => {
                let refused = propagation.refusal(asked, Duration::from_millis(*millis));
                refused.map(|(status, code, message)| Strike::Refuse(Words::new(status, code, message)))
            }
            Effect::Reset => Some(Strike::Reset),
            Effect::LostReply => Some(Strike::LostReply),
        };
    }

    /// Returns the names of the faults that struck.
    pub(in super::super) fn names(&self) -> Option<String> {
        (!self.names.is_empty()).then(|| self.names.join("+"))
    }
}

/// Returns whether an effect means anything for a call, so that others do not use up its counts.
fn applies(does: &Effect, asked: &Asked, propagation: &Propagation) -> bool {
    match does {
        Effect::Slow { .. } => can_be_slow(&asked.service, &asked.operation),
        Effect::Fail { .. } => can_fail(&asked.service, &asked.operation),
        Effect::NotPropagated { millis } => propagation.refusal(asked, Duration::from_millis(*millis)).is_some(),
        _ => true,
    }
}
