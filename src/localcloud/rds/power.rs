//! Start, stop and reboot.

use std::sync::Arc;
use std::time::Duration;

use super::describe::show;
use super::service::{Inner, Request};
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
        inner.update(&request.region, &identifier, |instance| instance.automatic_restart = None);
        let answer = show(inner, &request.region, &identifier);
        Self::start_in_background(inner, &request.region, &identifier, vec![], &request.fate);
        Ok(answer)
    }

    pub(super) fn stop_instance(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let not_available = |name: &str| format!("Instance {name} is not in available state.");
        let identifier = inner.move_status(request, &["available"], "stopping", not_available)?;
        let answer = show(inner, &request.region, &identifier);
        let (shared, region, fate) = (Arc::clone(inner), request.region.clone(), request.fate.clone());
        inner.context.tasks.spawn(async move {
            shared.fleet.stop(&Self::fleet_key(&region, &identifier)).await;
            fate.wait().await;
            shared.update(&region, &identifier, |instance| {
                // Deleted meanwhile.
                if instance.status == "stopping" {
                    "stopped".clone_into(&mut instance.status);
                    instance.automatic_restart = Some(timestamp(shared.context.clock.now() + LONGEST_STOP));
                }
            });
        });
        Ok(answer)
    }

    pub(super) fn reboot_instance(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let not_available = |name: &str| format!("Instance {name} is not in available state.");
        let identifier =
            inner.move_status(request, &["available", "incompatible-parameters"], "rebooting", not_available)?;
        let answer = show(inner, &request.region, &identifier);
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
