//! One change: the write, the wait, and the proof.

use std::cell::RefCell;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{ApplyError, Event, Events};
use crate::kinds::base::{AnyFound, AnyKind, Cx, Diff, KindError, One, Outputs, Resource};
use crate::model::{Action, Address, Readiness};
use crate::ownership::Owner;
use crate::plan::{Change, Retag};
use crate::wait::{Backoff, Probe, WaitError, until};

/// How long one write is repeated while AWS says "not yet" or "still in use" (IAM needs up to two minutes).
const WRITE_LIMIT: Duration = Duration::from_secs(150);

/// How many times a write is repeated that got no answer.
const LOST_REPLIES: u8 = 4;

/// Carries out one change and returns what others may now use of the resource.
pub(super) async fn perform(
    cx: &Cx,
    change: &Change,
    events: &Events,
    stopped: watch::Receiver<bool>,
) -> Result<Option<Outputs>, ApplyError> {
    let worker = Worker { cx, change, events, stopped };
    match change.action {
        // It is as declared, but others cannot use it yet.
        Action::None => Ok(Some(worker.settle().await?.outputs)),
        // The old one was deleted by a piece of work of its own.
        Action::Create | Action::Replace => worker.create().await.map(Some),
        Action::Update => worker.update().await.map(Some),
        Action::Delete => worker.delete().await.map(|()| None),
        Action::Adopt => worker.adopt().await.map(Some),
        Action::Start => worker.switch(true).await.map(Some),
        Action::Stop => worker.switch(false).await.map(Some),
    }
}

struct Worker<'a> {
    cx: &'a Cx,
    change: &'a Change,
    events: &'a Events,
    /// Turns true when the person interrupts.
    stopped: watch::Receiver<bool>,
}

impl Worker<'_> {
    fn kind(&self) -> &'static dyn AnyKind {
        self.change.kind
    }

    fn address(&self) -> Address {
        self.change.address.clone()
    }

    fn failed(&self, verb: &'static str) -> impl Fn(Refused) -> ApplyError {
        let address = self.address();
        move |refused| match refused {
            Refused::Interrupted => ApplyError::Interrupted { address: address.clone(), status: String::new() },
            Refused::By { last, first } => ApplyError::call(verb, address.clone(), last, first),
        }
    }

    async fn create(&self) -> Result<Outputs, ApplyError> {
        let Some(resource) = &self.change.resource else { return Ok(Outputs::new()) };
        // A reply may have been lost, so a second attempt looks first whether the first one took effect.
        let mut attempts = 0;
        let made = self.repeat(WRITE_LIMIT, async || {
            attempts += 1;
            if attempts > 1 && self.look().await?.is_some() {
                return Ok(());
            }
            self.kind().create(self.cx, resource).await
        });
        made.await.map_err(self.failed("create"))?;
        let mut found = self.settle().await?;
        if attempts > 1 {
            // The attempt whose reply was lost, or that was refused half way, may have left some of it undone.
            let (diff, retag) = (self.diff(resource, &found), Retag::of(resource, &found, &self.cx.known));
            if !diff.is_empty() || !retag.is_empty() {
                self.write(resource, &found, &diff, &retag).await?;
                found = self.settle().await?;
            }
        }
        self.prove(&found).await
    }

    /// Compares with what the resource offers itself.
    fn diff(&self, resource: &Resource, found: &AnyFound) -> Diff {
        let mut known = self.cx.known.clone();
        known.learn(self.address(), found.outputs.clone());
        self.kind().diff(resource, found, &known)
    }

    async fn update(&self) -> Result<Outputs, ApplyError> {
        let (Some(resource), Some(found)) = (&self.change.resource, &self.change.found) else {
            return Ok(Outputs::new());
        };
        // An earlier run may have been cut off while it was being made; half of it cannot be compared, let alone
        // changed, so what differs is decided again once it is whole.
        let is_moving = matches!(found.readiness, Readiness::Pending(_));
        let settled = if is_moving { self.settle().await? } else { found.clone() };
        let found = &settled;
        let diff = if is_moving { self.kind().diff(resource, found, &self.cx.known) } else { self.change.diff.clone() };
        self.write(resource, found, &diff, &self.change.retag).await?;
        let seen = self.settle().await?;
        self.prove(&seen).await
    }

    async fn adopt(&self) -> Result<Outputs, ApplyError> {
        let Some(found) = &self.change.found else { return Ok(Outputs::new()) };
        self.retag(found, &self.change.retag).await?;
        Ok(found.outputs.clone())
    }

    /// Writes fields, then tags: the hash in the tags says that the fields were applied.
    async fn write(&self, resource: &Resource, found: &AnyFound, diff: &Diff, retag: &Retag) -> Result<(), ApplyError> {
        if !diff.is_empty() {
            let written = self.repeat(WRITE_LIMIT, async || self.kind().update(self.cx, resource, found, diff).await);
            written.await.map_err(self.failed("update"))?;
        }
        self.retag(found, retag).await
    }

    async fn retag(&self, found: &AnyFound, retag: &Retag) -> Result<(), ApplyError> {
        if retag.is_empty() {
            return Ok(());
        }
        let written =
            self.repeat(WRITE_LIMIT, async || self.kind().retag(self.cx, found, &retag.set, &retag.gone).await);
        written.await.map_err(self.failed("tag"))
    }

    async fn switch(&self, on: bool) -> Result<Outputs, ApplyError> {
        let found = self.settle().await?;
        let switched = self.repeat(WRITE_LIMIT, async || self.kind().switch(self.cx, &found, on).await);
        switched.await.map_err(self.failed(if on { "start" } else { "stop" }))?;
        Ok(self.settle().await?.outputs)
    }

    async fn delete(&self) -> Result<(), ApplyError> {
        let Some(found) = &self.change.found else { return Ok(()) };
        // What is still in use, such as by a network interface that lingers, may be freed as late as its kind allows.
        let deleted = self.repeat(WRITE_LIMIT.max(self.kind().limit()), async || {
            match self.kind().delete(self.cx, found).await {
                Err(error) if error.is_not_found() => Ok(()),
                outcome => outcome,
            }
        });
        deleted.await.map_err(self.failed("delete"))?;
        self.wait(|| async {
            Ok(match self.look().await? {
                Some(found) if self.is_somebody_elses(&found) => Probe::Ready(()),
                Some(found) => self.pending(&found.readiness),
                None => Probe::Ready(()),
            })
        })
        .await
    }

    /// Another one may have been made under the same name right away.
    fn is_somebody_elses(&self, found: &AnyFound) -> bool {
        self.kind().is_tagged() && found.tags.owner(&self.cx.known.stack.name) == Owner::Foreign
    }

    /// Repeats a write while AWS says that it may work a little later. The first refusal is kept: the last one is
    /// often only its echo.
    async fn repeat(
        &self,
        limit: Duration,
        mut write: impl AsyncFnMut() -> Result<(), KindError>,
    ) -> Result<(), Refused> {
        let deadline = Instant::now() + limit;
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));
        let mut first = None;
        let mut lost = 0;
        loop {
            match write().await {
                Ok(()) => return Ok(()),
                // Every write is safe to repeat, so one without an answer is; but not for ever.
                Err(error) if error.is_lost() && lost < LOST_REPLIES => {
                    lost += 1;
                    self.say(&error.to_string());
                    first.get_or_insert(error);
                }
                Err(last) if !last.is_passing() || Instant::now() >= deadline => {
                    return Err(Refused::By { last, first });
                }
                Err(error) => {
                    self.say(&error.to_string());
                    first.get_or_insert(error);
                }
            }
            tokio::select! {
                () = backoff.sleep() => {}
                () = self.interrupted() => return Err(Refused::Interrupted),
            }
        }
    }

    async fn interrupted(&self) {
        let mut stopped = self.stopped.clone();
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the resource is visible and ready.
    async fn settle(&self) -> Result<AnyFound, ApplyError> {
        self.wait(|| async {
            let Some(found) = self.look().await? else { return Ok(Probe::Pending("not visible yet".into())) };
            Ok(match found.readiness.clone() {
                Readiness::Ready => Probe::Ready(found),
                other => self.pending(&other),
            })
        })
        .await
    }

    /// Looks until the probe is ready, or the person interrupts: then what the resource comes to is unknown.
    async fn wait<T, Looking>(&self, look: impl Fn() -> Looking) -> Result<T, ApplyError>
    where
        Looking: Future<Output = Result<Probe<T>, KindError>>,
    {
        let status = RefCell::new(String::new());
        let waiting = until(self.kind().limit(), polling(), || async {
            let probe = look().await?;
            if let Probe::Pending(last) = &probe {
                status.borrow_mut().clone_from(last);
            }
            Ok(probe)
        });
        let outcome = tokio::select! {
            biased;
            outcome = waiting => Some(outcome),
            () = self.interrupted() => None,
        };
        match outcome {
            Some(outcome) => outcome.map_err(|error| self.wait_error(error)),
            // It may have arrived meanwhile: one last look tells.
            None => match look().await {
                Ok(Probe::Ready(found)) => Ok(found),
                _ => Err(ApplyError::Interrupted { address: self.address(), status: status.into_inner() }),
            },
        }
    }

    fn pending<T>(&self, readiness: &Readiness) -> Probe<T> {
        match readiness {
            Readiness::Pending(status) => {
                self.say(status);
                Probe::Pending(status.clone())
            }
            Readiness::Failed(why) if self.change.action != Action::Delete => Probe::Failed(why.clone()),
            Readiness::Failed(why) => Probe::Pending(why.clone()),
            Readiness::Ready => Probe::Pending("still there".into()),
        }
    }

    /// Reads the resource again and compares: a difference now is a mistake of the kind, or of somebody else.
    async fn prove(&self, found: &AnyFound) -> Result<Outputs, ApplyError> {
        let Some(resource) = &self.change.resource else { return Ok(found.outputs.clone()) };
        let diff = self.diff(resource, found);
        if diff.is_empty() {
            return Ok(found.outputs.clone());
        }
        let fields = diff.0.iter().map(|change| {
            let want = change.want.as_deref().unwrap_or("(unknown)");
            format!("{} is `{}`, declared `{want}`", change.field, change.seen)
        });
        let fields = fields.collect::<Vec<_>>().join("; ");
        Err(ApplyError::NotAsDeclared { address: self.address(), fields })
    }

    /// Reads the resource again. It may vanish while its details are read; then it is simply read once more.
    async fn look(&self) -> Result<Option<AnyFound>, KindError> {
        const READS: u8 = 3;
        for _ in 1..READS {
            match self.read_again().await {
                Err(error) if error.is_not_found() => {}
                outcome => return outcome,
            }
        }
        self.read_again().await
    }

    async fn read_again(&self) -> Result<Option<AnyFound>, KindError> {
        // What was found knows its own name: what is deleted may be declared under another one by now.
        let found = self.change.found.as_ref().filter(|_| self.change.action == Action::Delete);
        let name = match found {
            Some(found) if self.change.resource.is_none() => Some(found.name.clone()),
            _ => self.change.resource.as_ref().and_then(Resource::identity),
        };
        read(self.cx, self.kind(), &self.change.address, name).await
    }

    fn say(&self, status: &str) {
        self.events.tell(Event::Waiting { address: self.address(), status: status.to_owned() });
    }

    fn wait_error(&self, error: WaitError<KindError>) -> ApplyError {
        let address = self.address();
        match error {
            WaitError::Failed(why) => ApplyError::Broken { address, why },
            WaitError::TimedOut { limit, last } => ApplyError::TimedOut { address, limit, last },
            WaitError::Look(source) => ApplyError::call("read", address, source, None),
        }
    }
}

/// Why a write was given up.
enum Refused {
    /// AWS refused it, at last and, if another time before, at first.
    By { last: KindError, first: Option<KindError> },
    /// The person interrupted while it was waiting for another attempt.
    Interrupted,
}

/// Reads the resource at `address` again, by name or, where it has none, by its tag.
pub(super) async fn read(
    cx: &Cx,
    kind: &'static dyn AnyKind,
    address: &Address,
    name: Option<String>,
) -> Result<Option<AnyFound>, KindError> {
    kind.read(cx, &One { stack: cx.known.stack.name.clone(), address: address.clone(), name }).await
}

/// Quick at first for what takes a moment, then every fifteen seconds for databases.
fn polling() -> Backoff {
    Backoff::gentle(Duration::from_millis(150), Duration::from_secs(15))
}
