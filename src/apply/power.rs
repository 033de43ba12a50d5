//! Starting and stopping what is billed by the hour.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;

use super::perform::read;
use super::{ApplyError, Event, Events, Summary};
use crate::kinds::base::{AnyFound, Cx, KindError, Resource};
use crate::model::{Action, Address, Power};
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

/// Brings everything that can be stopped to one side and waits until it is there. What is there already is left alone.
pub async fn switch(stack: &Stack, cx: &Cx, observed: &Observed, way: Switch, events: &Events) -> Summary {
    let due = observed.ours.iter().filter_map(|(address, found)| {
        let power = found.power?;
        (power != way.target()).then_some((stack.resource(address)?, found))
    });
    let outcomes = join_all(due.map(|(resource, found)| one(cx, resource, found, way, events))).await;
    let mut summary = Summary::default();
    for (address, outcome) in outcomes {
        match outcome {
            Ok(()) => summary.done.push((address, Action::Update)),
            Err(error) => summary.failed.push((address, Action::Update, error)),
        }
    }
    summary
}

async fn one(
    cx: &Cx,
    resource: &Resource,
    found: &AnyFound,
    way: Switch,
    events: &Events,
) -> (Address, Result<(), ApplyError>) {
    let (address, action) = (resource.address.clone(), Action::Update);
    events.tell(Event::Began { address: address.clone(), action });
    let since = Instant::now();
    let outcome = turn(cx, resource, found, way, events).await;
    events.tell(match &outcome {
        Ok(()) => Event::Done { address: address.clone(), action, took: since.elapsed() },
        Err(error) => Event::Failed { address: address.clone(), action, is_unknown: error.leaves_unknown() },
    });
    (address, outcome)
}

async fn turn(cx: &Cx, resource: &Resource, found: &AnyFound, way: Switch, events: &Events) -> Result<(), ApplyError> {
    let (kind, address) = (resource.kind, &resource.address);
    // What is moving already (a creation, a stop of a minute ago) must arrive before it can be turned.
    let settled =
        if found.power == Some(Power::Changing) { arrive(cx, resource, None, events).await? } else { found.clone() };
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
    arrive(cx, resource, Some(way.target()), events).await.map(drop)
}

/// Waits until the resource stands still: at `target`, or anywhere.
async fn arrive(cx: &Cx, resource: &Resource, target: Option<Power>, events: &Events) -> Result<AnyFound, ApplyError> {
    let (kind, address) = (resource.kind, resource.address.clone());
    let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(20));
    let arrived = until(kind.limit(), backoff, || async {
        let found = read(cx, kind, &address, resource.identity()).await?;
        Ok::<_, KindError>(match found {
            None => Probe::Failed("it is gone".into()),
            Some(found) => {
                let stands = found.power != Some(Power::Changing) && target.is_none_or(|to| found.power == Some(to));
                if stands && found.readiness == crate::model::Readiness::Ready {
                    Probe::Ready(found)
                } else {
                    let status = match &found.readiness {
                        crate::model::Readiness::Pending(status) => status.clone(),
                        other => format!("{other:?}").to_lowercase(),
                    };
                    events.tell(Event::Waiting { address: address.clone(), status: status.clone() });
                    Probe::Pending(status)
                }
            }
        })
    });
    arrived.await.map_err(|error| match error {
        WaitError::Failed(why) => ApplyError::Broken { address: resource.address.clone(), why },
        WaitError::TimedOut { limit, last } => ApplyError::TimedOut { address: resource.address.clone(), limit, last },
        WaitError::Look(source) => ApplyError::call("read", resource.address.clone(), source, None),
    })
}
