//! One change: the write, the wait, and the proof.

use std::time::Duration;

use tokio::time::Instant;

use super::{ApplyError, Event, Events};
use crate::kinds::base::{AnyFound, AnyKind, Cx, KindError, Known, Outputs, Scope};
use crate::model::{Action, Address, Power, Readiness};
use crate::ownership::Owner;
use crate::plan::Change;
use crate::wait::{Backoff, Probe, WaitError, until};

/// How long one write is repeated while AWS says "not yet" or "still in use" (IAM needs up to two minutes).
const WRITE_LIMIT: Duration = Duration::from_secs(150);

/// Carries out one change and returns what others may now use of the resource.
pub(super) async fn perform(cx: &Cx, change: &Change, events: &Events) -> Result<Option<Outputs>, ApplyError> {
    let worker = Worker { cx, change, events };
    match change.action {
        Action::None => Ok(None),
        Action::Create => worker.create().await.map(Some),
        Action::Update => worker.update().await.map(Some),
        Action::Delete => worker.delete().await.map(|()| None),
        Action::Replace => {
            worker.delete().await?;
            worker.create().await.map(Some)
        }
    }
}

struct Worker<'a> {
    cx: &'a Cx,
    change: &'a Change,
    events: &'a Events,
}

impl Worker<'_> {
    fn kind(&self) -> &'static dyn AnyKind {
        self.change.kind
    }

    fn failed(&self, verb: &'static str) -> impl Fn(KindError) -> ApplyError {
        let address = self.change.address.clone();
        move |source| ApplyError::Call { verb, address: address.clone(), source }
    }

    async fn create(&self) -> Result<Outputs, ApplyError> {
        let Some(resource) = &self.change.resource else { return Ok(Outputs::new()) };
        // A reply may have been lost, so a second attempt looks first whether the first one took effect.
        let mut attempts = 0;
        let made = self.repeat(async || {
            attempts += 1;
            if attempts > 1 && self.look().await?.is_some() {
                return Ok(());
            }
            self.kind().create(self.cx, resource).await
        });
        made.await.map_err(self.failed("create"))?;
        let found = self.settle().await?;
        self.prove(&found).await
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
        // AWS refuses to change what is stopped; it is started for the change and stopped again.
        let was_stopped = found.power == Some(Power::Stopped) && !diff.is_empty();
        if was_stopped {
            self.switch(found, true).await?;
        }
        if !diff.is_empty() {
            let written = self.repeat(async || self.kind().update(self.cx, resource, found, &diff).await);
            written.await.map_err(self.failed("update"))?;
        }
        if self.change.retag {
            let tags = resource.tags(&self.cx.known);
            let written = self.repeat(async || self.kind().retag(self.cx, found, &tags).await);
            written.await.map_err(self.failed("tag"))?;
        }
        let seen = self.settle().await?;
        let outputs = self.prove(&seen).await?;
        if was_stopped {
            self.switch(&seen, false).await?;
        }
        Ok(outputs)
    }

    async fn switch(&self, found: &AnyFound, on: bool) -> Result<(), ApplyError> {
        self.kind().switch(self.cx, found, on).await.map_err(self.failed(if on { "start" } else { "stop" }))?;
        self.settle().await.map(drop)
    }

    async fn delete(&self) -> Result<(), ApplyError> {
        let Some(found) = &self.change.found else { return Ok(()) };
        let deleted = self.repeat(async || match self.kind().delete(self.cx, found).await {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => outcome,
        });
        deleted.await.map_err(self.failed("delete"))?;
        let gone = until(self.kind().limit(), polling(), || async {
            Ok::<_, KindError>(match self.look().await? {
                Some(found) => self.pending(&found.readiness),
                None => Probe::Ready(()),
            })
        });
        gone.await.map_err(|error| self.wait_error(error))
    }

    /// Repeats a write while AWS says that it may work a little later.
    async fn repeat(&self, mut write: impl AsyncFnMut() -> Result<(), KindError>) -> Result<(), KindError> {
        let deadline = Instant::now() + WRITE_LIMIT;
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));
        loop {
            match write().await {
                Err(error) if error.is_passing() && Instant::now() < deadline => {
                    self.say(&error.to_string());
                    backoff.sleep().await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Waits until the resource is visible and ready.
    async fn settle(&self) -> Result<AnyFound, ApplyError> {
        let ready = until(self.kind().limit(), polling(), || async {
            let Some(found) = self.look().await? else { return Ok(Probe::Pending("not visible yet".into())) };
            Ok::<_, KindError>(match found.readiness.clone() {
                Readiness::Ready => Probe::Ready(found),
                other => self.pending(&other),
            })
        });
        ready.await.map_err(|error| self.wait_error(error))
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
        let mut known = self.cx.known.clone();
        known.learn(self.change.address.clone(), found.outputs.clone());
        let diff = self.kind().diff(resource, found, &known);
        if diff.is_empty() {
            return Ok(found.outputs.clone());
        }
        let fields = diff.0.iter().map(|change| {
            let want = change.want.as_deref().unwrap_or("(unknown)");
            format!("{} is `{}`, declared `{want}`", change.field, change.seen)
        });
        let fields = fields.collect::<Vec<_>>().join("; ");
        Err(ApplyError::NotAsDeclared { address: self.change.address.clone(), fields })
    }

    /// Finds the resource in a fresh listing of its kind. Another one of the kind may vanish while its details are
    /// read; then the listing is simply old and is made again.
    async fn look(&self) -> Result<Option<AnyFound>, KindError> {
        const LISTINGS: u8 = 3;
        for _ in 1..LISTINGS {
            match self.list_and_find().await {
                Err(error) if error.is_not_found() => {}
                outcome => return outcome,
            }
        }
        self.list_and_find().await
    }

    async fn list_and_find(&self) -> Result<Option<AnyFound>, KindError> {
        find(self.cx, self.kind(), &self.cx.known, &self.change.address, self.name()).await
    }

    fn name(&self) -> Option<String> {
        let declared = self.change.resource.as_ref().and_then(crate::kinds::base::Resource::identity);
        declared.or_else(|| self.change.found.as_ref().map(|found| found.name.clone()))
    }

    fn say(&self, status: &str) {
        let address = self.change.address.clone();
        self.events.tell(Event::Waiting { address, status: status.to_owned() });
    }

    fn wait_error(&self, error: WaitError<KindError>) -> ApplyError {
        let address = self.change.address.clone();
        match error {
            WaitError::Failed(why) => ApplyError::Broken { address, why },
            WaitError::TimedOut { limit, last } => ApplyError::TimedOut { address, limit, last },
            WaitError::Look(source) => ApplyError::Call { verb: "read", address, source },
        }
    }
}

/// Lists one kind and picks the resource at `address`, by name or, where it has none, by its tag.
pub(super) async fn find(
    cx: &Cx,
    kind: &'static dyn AnyKind,
    known: &Known,
    address: &Address,
    name: Option<String>,
) -> Result<Option<AnyFound>, KindError> {
    let stack = &known.stack.name;
    let scope = Scope { stack: stack.clone(), names: name.iter().cloned().collect() };
    let mut listing = kind.list(cx, &scope).await?;
    let position = listing.iter().position(|found| match &name {
        Some(name) => found.name == *name,
        None => found.tags.owner(stack) == Owner::Ours(address.clone()),
    });
    Ok(position.map(|position| listing.swap_remove(position)))
}

/// Quick at first for what takes a moment, then every fifteen seconds for databases.
fn polling() -> Backoff {
    Backoff::new(Duration::from_millis(150), Duration::from_secs(15))
}
