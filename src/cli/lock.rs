//! The lease that a command holds while it writes.

use super::session::{Session, one};
use crate::apply;
use crate::diag::Diagnostic;
use crate::kinds::base::Resource;
use crate::ownership::{Holder, Lease, Owner};

/// What holds the lease, or will once there is a bucket to keep it in.
pub(super) struct Lock {
    command: &'static str,
    lease: Option<Lease>,
}

impl Lock {
    /// Takes the lease if the bucket that keeps it exists and is ours. A stack without a bucket has no lease.
    pub(super) async fn take(session: &Session, command: &'static str) -> Result<Self, Vec<Diagnostic>> {
        let mut lock = Self { command, lease: None };
        let Some(bucket) = apply::lease_bucket(&session.stack) else { return Ok(lock) };
        let found = apply::read(&session.cx, bucket).await.map_err(one)?;
        let is_ours = |owner| matches!(owner, Owner::Ours(_));
        if found.is_some_and(|found| is_ours(found.tags.owner(&session.stack.name))) {
            lock.hold(session, bucket).await?;
        }
        Ok(lock)
    }

    /// Takes the lease in a bucket that was made just now.
    pub(super) async fn hold(&mut self, session: &Session, bucket: &Resource) -> Result<(), Vec<Diagnostic>> {
        let name = bucket.identity().unwrap_or_default();
        let holder = Holder::this_process(self.command);
        self.lease = Some(Lease::take(&session.cx.aws, &name, holder).await.map_err(one)?);
        Ok(())
    }

    /// Returns whether the lease is held.
    pub(super) fn is_held(&self) -> bool {
        self.lease.is_some()
    }

    /// Gives the lease back.
    pub(super) async fn release(self) {
        if let Some(lease) = self.lease {
            lease.release().await;
        }
    }
}
