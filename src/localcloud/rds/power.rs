//! Start, stop and reboot.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::describe::show;
use super::events::Event;
use super::service::{Inner, Request};
use super::state::Instance;
use crate::localcloud::faults::Fate;
use crate::localcloud::query::{Refusal, timestamp};

/// How long RDS leaves an instance stopped.
const LONGEST_STOP: Duration = Duration::from_secs(7 * 24 * 3600);

impl Inner {
    pub(super) fn start_instance(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let identifier = inner.move_status(request, &["stopped"], "starting", |name| {
            format!(
                "Instance {name} cannot be started as it is not in one of the following statuses: 'stopped, \
                 inaccessible-encryption-credentials-recoverable, incompatible-network (if applicable)'."
            )
        })?;
        inner.update(&request.region, &identifier, |instance| {
            instance.automatic_restart = None;
            instance.awaited = Some((Event::Started, None));
        });
        let answer = show(inner, &request.region, &identifier);
        Self::start_in_background(inner, &request.region, &identifier, vec![], &request.fate);
        Ok(answer)
    }

    pub(super) fn stop_instance(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let name = request.form.required("DBInstanceIdentifier")?.to_lowercase();
        inner.read(&request.region, |region| region.may_stop(&name))?;
        let not_available = |name: &str| format!("Instance {name} is not in available state.");
        let identifier = inner.move_status(request, &["available"], "stopping", not_available)?;
        let answer = show(inner, &request.region, &identifier);
        let (shared, region, fate) = (Arc::clone(inner), request.region.clone(), request.fate.clone());
        inner.context.tasks.spawn(async move {
            shared.fleet.stop(&Self::fleet_key(&region, &identifier)).await;
            fate.wait().await;
            Self::has_stopped(&shared, &region, &identifier);
        });
        Ok(answer)
    }

    /// Ends a stop, unless the instance was deleted meanwhile.
    pub(super) fn has_stopped(inner: &Arc<Self>, region: &str, identifier: &str) {
        let now = inner.context.clock.now();
        let stopped = inner.change(region, |region| {
            let instance = region.instances.get_mut(identifier).filter(|instance| instance.status == "stopping")?;
            "stopped".clone_into(&mut instance.status);
            instance.automatic_restart = Some(timestamp(now + LONGEST_STOP));
            let stopped = instance.clone();
            region.note(identifier, Event::Stopped, now, now);
            Some(stopped)
        });
        if let Some(instance) = stopped {
            Self::start_when_due(inner, region, &instance);
        }
    }

    /// Waits until an instance has been stopped for as long as RDS allows, and starts it if it still is.
    pub(super) fn start_when_due(inner: &Arc<Self>, region: &str, instance: &Instance) {
        let due = instance.automatic_restart.as_ref().and_then(|due| due.parse().ok());
        let Some(due) = due else { return };
        let tasks = inner.context.tasks.clone();
        let (inner, region, identifier) = (Arc::clone(inner), region.to_owned(), instance.identifier.clone());
        tasks.spawn(async move {
            inner.context.clock.sleep_until(due).await;
            Self::start_overdue(&inner, &region, &identifier);
        });
    }

    /// Starts an instance whose stop has expired. It is told as of when it expired: the clock may have been moved past
    /// that at once.
    pub(super) fn start_overdue(inner: &Arc<Self>, region: &str, identifier: &str) {
        let now = inner.context.clock.now();
        let is_overdue = inner.change(region, |region| {
            let instance = region.instances.get_mut(identifier).filter(|instance| instance.status == "stopped")?;
            let due: Timestamp = instance.automatic_restart.as_ref()?.parse().ok()?;
            if due > now {
                return None;
            }
            instance.automatic_restart = None;
            instance.awaited = Some((Event::Started, Some(due)));
            "starting".clone_into(&mut instance.status);
            region.note(identifier, Event::StopExpired, due, now);
            Some(())
        });
        if is_overdue.is_some() {
            tracing::warn!(identifier, "starting the MySQL server again after seven days");
            Self::start_in_background(inner, region, identifier, vec![], &Fate::default());
        }
    }

    pub(super) fn reboot_instance(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let not_available = |name: &str| format!("Instance {name} is not in available state.");
        let identifier =
            inner.move_status(request, &["available", "incompatible-parameters"], "rebooting", not_available)?;
        let answer = show(inner, &request.region, &identifier);
        inner.note(&request.region, &identifier, Event::ShutDown);
        inner.update(&request.region, &identifier, |instance| instance.awaited = Some((Event::Restarted, None)));
        Self::restart_in_background(inner, &request.region, &identifier, &request.fate);
        Ok(answer)
    }

    /// Stops the server and starts it with what it should have now.
    pub(super) fn restart_in_background(inner: &Arc<Self>, region: &str, identifier: &str, fate: &Fate) {
        let tasks = inner.context.tasks.clone();
        let (inner, region, identifier) = (Arc::clone(inner), region.to_owned(), identifier.to_owned());
        let fate = fate.clone();
        tasks.spawn(async move {
            inner.fleet.stop(&Self::fleet_key(&region, &identifier)).await;
            fate.wait().await;
            inner.bring_up(&region, &identifier, vec![]).await;
        });
    }

    /// Moves an instance from one of some statuses to another, or refuses because it has none of them.
    fn move_status(
        &self,
        request: &Request,
        from: &[&str],
        to: &str,
        refusal: impl FnOnce(&str) -> String,
    ) -> Result<String, Refusal> {
        let identifier = request.form.required("DBInstanceIdentifier")?.to_lowercase();
        self.change(&request.region, |region| {
            let instance = region.instance(&identifier)?;
            if !from.contains(&instance.status.as_str()) {
                return Err(Refusal::new("InvalidDBInstanceState", refusal(&identifier)));
            }
            to.clone_into(&mut instance.status);
            Ok(identifier)
        })
    }
}
