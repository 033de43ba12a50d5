//! The walk over the plan: what is ready goes side by side, what builds on a failure is not begun.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;

use super::perform::perform;
use super::{ApplyError, Event, Events, Summary};
use crate::kinds::base::{Cx, Known, Outputs};
use crate::plan::{Change, Plan, Work};

/// How many resources are worked on side by side.
const AT_ONCE: usize = 10;

struct Ended {
    change: Change,
    outcome: Result<Option<Outputs>, ApplyError>,
    took: Duration,
}

/// Carries out `plan`. When `stop` resolves, calls in flight are finished and nothing new is begun.
pub async fn run(plan: &Plan, cx: &Cx, known: &Known, events: &Events, stop: impl Future<Output = ()>) -> Summary {
    let mut summary = Summary::default();
    let mut waiting: Vec<Change> = plan.pending().cloned().collect();
    let mut open: BTreeSet<Work> = waiting.iter().map(Change::work).collect();
    let mut bad: BTreeSet<Work> = BTreeSet::new();
    let mut known = known.clone();
    let mut running: FuturesUnordered<LocalBoxFuture<'static, Ended>> = FuturesUnordered::new();
    tokio::pin!(stop);
    loop {
        if !summary.interrupted {
            let (ready, blocked) = split(waiting, &open, AT_ONCE.saturating_sub(running.len()));
            waiting = blocked;
            for change in ready {
                if change.after.iter().any(|need| bad.contains(need)) {
                    open.remove(&change.work());
                    bad.insert(change.work());
                    summary.not_begun.push((change.address, change.action));
                    continue;
                }
                running.push(begin(change, cx, &known, events));
            }
        }
        // A change that was passed over may have set others free.
        if running.is_empty() && !summary.interrupted && waiting.iter().any(|change| is_ready(change, &open)) {
            continue;
        }
        let ended = tokio::select! {
            ended = running.next() => ended,
            () = &mut stop, if !summary.interrupted => {
                summary.interrupted = true;
                events.tell(Event::Interrupted);
                continue;
            }
        };
        let Some(Ended { change, outcome, took }) = ended else { break };
        open.remove(&change.work());
        let failures = summary.failed.len();
        note(&change, outcome, took, &mut known, &mut summary, events);
        if summary.failed.len() > failures {
            bad.insert(change.work());
        }
    }
    summary.not_begun.extend(waiting.into_iter().map(|change| (change.address, change.action)));
    summary
}

fn begin(change: Change, cx: &Cx, known: &Known, events: &Events) -> LocalBoxFuture<'static, Ended> {
    let cx = Cx { aws: cx.aws.clone(), known: known.clone() };
    let events = events.clone();
    events.tell(Event::Began { address: change.address.clone(), action: change.action });
    Box::pin(async move {
        let since = Instant::now();
        let outcome = perform(&cx, &change, &events).await;
        Ended { change, outcome, took: since.elapsed() }
    })
}

fn note(
    change: &Change,
    outcome: Result<Option<Outputs>, ApplyError>,
    took: Duration,
    known: &mut Known,
    summary: &mut Summary,
    events: &Events,
) {
    let (address, action) = (change.address.clone(), change.action);
    match outcome {
        Ok(outputs) => {
            if let Some(outputs) = outputs {
                known.learn(address.clone(), outputs);
            }
            events.tell(Event::Done { address: address.clone(), action, took });
            summary.done.push((address, action));
        }
        Err(error) => {
            events.tell(Event::Failed { address: address.clone(), action });
            summary.failed.push((address, action, error));
        }
    }
}

fn is_ready(change: &Change, open: &BTreeSet<Work>) -> bool {
    let own = change.work();
    !change.after.iter().any(|need| *need != own && open.contains(need))
}

/// Takes up to `places` changes whose needs are all settled.
fn split(waiting: Vec<Change>, open: &BTreeSet<Work>, places: usize) -> (Vec<Change>, Vec<Change>) {
    let (mut ready, mut blocked) = (vec![], vec![]);
    for change in waiting {
        if ready.len() < places && is_ready(&change, open) { ready.push(change) } else { blocked.push(change) }
    }
    (ready, blocked)
}
