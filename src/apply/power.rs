//! Starting and stopping what is billed by the hour.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;

use super::perform::read;
use super::{ApplyError, Event, Events, Summary};
use crate::kinds::base::{AnyFound, AnyKind, Cx, KindError};
use crate::model::{Action, Address, Power, Readiness};
use crate::plan::Observed;
use crate::spec::Stack;
use crate::wait::{Backoff, Probe, WaitError, until};

/// How long a start or stop is repeated that AWS refuses because something else is being done.
const SWITCH_LIMIT: Duration = Duration::from_secs(300);

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Start and resume.
    On,
    /// Stop and pause.
    Off,
}

impl Switch {
    fn target(self) -> Power {
        match self {
            Self::On => Power::Running,
            Self::Off => Power::Stopped,
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::On => "start",
            Self::Off => "stop",
        }
    }
}

/// One thing that can be started and stopped, as it was found.
#[derive(Clone)]
pub struct Switchable {
    /// The way to it.
    pub cx: Cx,
    /// Its kind.
    pub kind: &'static dyn AnyKind,
    /// Under which address it is told of.
    pub address: Address,
    /// What was found.
    pub found: AnyFound,
}

/// Brings everything that can be stopped to one side and waits until it is there. What is there already is left alone.
/// What left the file is stopped as well, as it is billed all the same, but never started.
pub async fn switch(stack: &Stack, cx: &Cx, observed: &Observed, way: Switch, events: &Events) -> Summary {
    let due = observed.ours.iter().filter_map(|(address, found)| {
        let power = found.power?;
        let kind = stack.resource(address).filter(|_| power != way.target())?.kind;
        Some(Switchable { cx: cx.clone(), kind, address: address.clone(), found: found.clone() })
    });
    let left = observed
        .orphans
        .iter()
        .filter(|orphan| way == Switch::Off && orphan.found.power.is_some_and(|power| power != way.target()));
    let left = left.map(|orphan| Switchable {
        cx: cx.clone(),
        kind: orphan.kind,
        address: orphan.address.clone(),
        found: orphan.found.clone(),
    });
    switch_all(&due.chain(left).collect::<Vec<_>>(), way, events).await
}

/// Brings these to one side, side by side, and waits until they are there.
pub async fn switch_all(due: &[Switchable], way: Switch, events: &Events) -> Summary {
    let outcomes = join_all(due.iter().map(|thing| one(thing, way, events))).await;
    let mut summary = Summary::default();
    for (thing, outcome) in due.iter().zip(outcomes) {
        match outcome {
            Ok(()) => summary.done.push((thing.address.clone(), Action::Update)),
            Err(error) => summary.failed.push((thing.address.clone(), Action::Update, error)),
        }
    }
    summary
}

async fn one(thing: &Switchable, way: Switch, events: &Events) -> Result<(), ApplyError> {
    let (address, action) = (thing.address.clone(), Action::Update);
    events.tell(Event::Began { address: address.clone(), action });
    let since = Instant::now();
    let outcome = turn(thing, way, events).await;
    events.tell(match &outcome {
        Ok(()) => Event::Done { address, action, took: since.elapsed() },
        Err(error) => Event::Failed { address, action, is_unknown: error.leaves_unknown() },
    });
    outcome
}

async fn turn(thing: &Switchable, way: Switch, events: &Events) -> Result<(), ApplyError> {
    let Switchable { cx, kind, address, found } = thing;
    // What is moving already (a creation, a change, a stop of a minute ago) must arrive before it can be turned.
    let is_moving = found.power == Some(Power::Changing) || matches!(found.readiness, Readiness::Pending(_));
    let settled = if is_moving { arrive(thing, None, events).await? } else { found.clone() };
    if settled.power == Some(way.target()) {
        return Ok(());
    }
    let refused = |source| ApplyError::call(way.verb(), address.clone(), source, None);
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));
    let deadline = Instant::now() + SWITCH_LIMIT;
    // A backup that begins just now makes AWS refuse a stop for some seconds.
    while let Err(error) = kind.switch(cx, &settled, way == Switch::On).await {
        if !error.is_passing() || Instant::now() >= deadline {
            return Err(refused(error));
        }
        events.tell(Event::Waiting { address: address.clone(), status: error.to_string() });
        backoff.sleep().await;
    }
    arrive(thing, Some(way.target()), events).await.map(drop)
}

/// Waits until the resource stands still: at `target`, or anywhere.
async fn arrive(thing: &Switchable, target: Option<Power>, events: &Events) -> Result<AnyFound, ApplyError> {
    let Switchable { cx, kind, address, found: before } = thing;
    let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(20));
    let arrived = until(kind.limit(), backoff, || async {
        let found = read(cx, *kind, address, Some(before.name.clone())).await?;
        Ok::<_, KindError>(match found {
            None => Probe::Failed("it is gone".into()),
            // Something else that was given the name in the meantime is not touched.
            Some(found) if found.tags.mark() != before.tags.mark() => Probe::Failed("it is no longer ours".into()),
            Some(found) => {
                let stands = found.power != Some(Power::Changing) && target.is_none_or(|to| found.power == Some(to));
                if stands && found.readiness == Readiness::Ready {
                    Probe::Ready(found)
                } else {
                    let status = match &found.readiness {
                        Readiness::Pending(status) => status.clone(),
                        other => format!("{other:?}").to_lowercase(),
                    };
                    events.tell(Event::Waiting { address: address.clone(), status: status.clone() });
                    Probe::Pending(status)
                }
            }
        })
    });
    arrived.await.map_err(|error| match error {
        WaitError::Failed(why) => ApplyError::Broken { address: address.clone(), why },
        WaitError::TimedOut { limit, last } => ApplyError::TimedOut { address: address.clone(), limit, last },
        WaitError::Look(source) => ApplyError::call("read", address.clone(), source, None),
    })
}
