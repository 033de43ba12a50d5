//! The walk over the plan: what is ready goes side by side, what builds on a failure is not begun.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;
use tokio::time::Instant;

use super::perform::perform;
use super::{ApplyError, Event, Events, Summary};
use crate::kinds::base::{Cx, Known, Outputs};
use crate::model::{Action, Readiness};
use crate::plan::{Change, Deed, Plan, Work};

/// How many resources are worked on side by side. How many calls a service gets at once is limited by its client.
const AT_ONCE: usize = 200;

struct Ended {
    change: Change,
    outcome: Result<Option<Outputs>, ApplyError>,
    took: Duration,
}

/// Carries out `plan`. When `stop` resolves, calls in flight are finished and nothing new is begun.
pub async fn run(plan: &Plan, cx: &Cx, known: &Known, events: &Events, stop: impl Future<Output = ()>) -> Summary {
    let stopped = watch::Sender::new(false);
    let mut walk = Walk::new(plan, known.clone());
    let mut running: FuturesUnordered<LocalBoxFuture<'static, Ended>> = FuturesUnordered::new();
    tokio::pin!(stop);
    loop {
        while let Some(change) = walk.next(running.len()) {
            running.push(begin(change, cx, &walk.known, events, stopped.subscribe()));
        }
        let ended = tokio::select! {
            ended = running.next() => ended,
            () = &mut stop, if !walk.summary.interrupted => {
                walk.summary.interrupted = true;
                // Waits end now; a call in flight is finished first.
                stopped.send_replace(true);
                events.tell(Event::Interrupted);
                continue;
            }
        };
        let Some(ended) = ended else { break };
        walk.note(ended, events);
    }
    walk.finish()
}

/// What is left to do, and what became of the rest.
struct Walk {
    /// Changes by the number of things they still wait for.
    waiting: BTreeMap<Work, (Change, usize)>,
    /// Who waits for a piece of work.
    waiters: BTreeMap<Work, Vec<Work>>,
    ready: VecDeque<Change>,
    /// What failed or was not begun.
    bad: BTreeSet<Work>,
    known: Known,
    summary: Summary,
}

impl Walk {
    fn new(plan: &Plan, known: Known) -> Self {
        let changes = unfinished(plan);
        let pending: BTreeSet<Work> = changes.iter().map(|change| change.work()).collect();
        let mut walk = Self {
            waiting: BTreeMap::new(),
            waiters: BTreeMap::new(),
            ready: VecDeque::new(),
            bad: BTreeSet::new(),
            known,
            summary: Summary::default(),
        };
        for change in changes {
            let own = change.work();
            let needs: BTreeSet<&Work> =
                change.after.iter().filter(|need| **need != own && pending.contains(*need)).collect();
            for need in &needs {
                walk.waiters.entry((*need).clone()).or_default().push(own.clone());
            }
            if needs.is_empty() {
                walk.ready.push_back(change.clone());
            } else {
                walk.waiting.insert(own, (change.clone(), needs.len()));
            }
        }
        walk
    }

    /// Returns what can begin now.
    fn next(&mut self, running: usize) -> Option<Change> {
        while running < AT_ONCE && !self.summary.interrupted {
            let change = self.ready.pop_front()?;
            let is_held_up = change.after.iter().any(|need| self.bad.contains(need));
            // What was started for a change must not run on because the change failed.
            let is_stop = change.action == Action::Stop
                && !self.bad.contains(&Work { address: change.address.clone(), deed: Deed::Start });
            if !is_held_up || is_stop {
                return Some(change);
            }
            self.bad.insert(change.work());
            self.release(&change.work());
            self.summary.not_begun.push((change.address, change.action));
        }
        None
    }

    /// Sets free what waited for a piece of work.
    fn release(&mut self, done: &Work) {
        for waiter in self.waiters.remove(done).unwrap_or_default() {
            let Some((_, count)) = self.waiting.get_mut(&waiter) else { continue };
            *count -= 1;
            if *count == 0
                && let Some((change, _)) = self.waiting.remove(&waiter)
            {
                self.ready.push_back(change);
            }
        }
    }

    fn note(&mut self, ended: Ended, events: &Events) {
        let Ended { change, outcome, took } = ended;
        let (address, action, work) = (change.address.clone(), change.action, change.work());
        match outcome {
            Ok(outputs) => {
                if let Some(outputs) = outputs {
                    self.known.learn(address.clone(), outputs);
                }
                if action != Action::None {
                    events.tell(Event::Done { address: address.clone(), action, took });
                    self.summary.done.push((address, action));
                }
            }
            Err(error) => {
                let is_unknown = error.leaves_unknown();
                events.tell(Event::Failed { address: address.clone(), action, is_unknown });
                self.bad.insert(work.clone());
                self.summary.failed.push((address, action, error));
            }
        }
        self.release(&work);
    }

    fn finish(mut self) -> Summary {
        let left = self.ready.into_iter().chain(self.waiting.into_values().map(|(change, _)| change));
        self.summary.not_begun.extend(left.map(|change| (change.address, change.action)));
        self.summary
    }
}

/// Returns the changes, and with them what they need that is as declared but still being made: an earlier run was cut
/// off while it waited for it.
fn unfinished(plan: &Plan) -> Vec<&Change> {
    let needed: BTreeSet<&Work> = plan.pending().flat_map(|change| &change.after).collect();
    let is_moving = |change: &Change| {
        let readiness = change.found.as_ref().map(|found| &found.readiness);
        matches!(readiness, Some(Readiness::Pending(_))) && needed.contains(&change.work())
    };
    plan.changes.iter().filter(|change| change.action != Action::None || is_moving(change)).collect()
}

fn begin(
    change: Change,
    cx: &Cx,
    known: &Known,
    events: &Events,
    stopped: watch::Receiver<bool>,
) -> LocalBoxFuture<'static, Ended> {
    let cx = Cx { known: known.clone(), ..cx.clone() };
    let events = events.clone();
    if change.action != Action::None {
        events.tell(Event::Began { address: change.address.clone(), action: change.action });
    }
    Box::pin(async move {
        let since = Instant::now();
        let outcome = perform(&cx, &change, &events, stopped).await;
        Ended { change, outcome, took: since.elapsed() }
    })
}
