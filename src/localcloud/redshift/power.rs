//! Pause, resume and reboot.

use std::sync::Arc;

use super::describe::show;
use super::events::Event;
use super::service::{Inner, Request};
use super::state::{Region, missing_cluster};
use crate::localcloud::faults::Fate;
use crate::localcloud::query::Refusal;

impl Inner {
    pub(super) fn pause_cluster(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        inner.read(&request.region, |region| may_pause(region, request))?;
        let identifier = inner.move_status(request, "available", "pausing", "pause")?;
        let answer = show(inner, &request.region, &identifier);
        let (shared, region, fate) = (Arc::clone(inner), request.region.clone(), request.fate.clone());
        inner.context.tasks.spawn(async move {
            shared.fleet.stop(&Self::fleet_key(&region, &identifier)).await;
            fate.wait().await;
            shared.has_paused(&region, &identifier);
        });
        Ok(answer)
    }

    /// Ends a pause.
    pub(super) fn has_paused(&self, region: &str, identifier: &str) {
        self.update(region, identifier, |cluster| "paused".clone_into(&mut cluster.status));
        self.note(region, identifier, Event::Paused);
    }

    pub(super) fn resume_cluster(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let identifier = inner.move_status(request, "paused", "resuming", "resume")?;
        inner.update(&request.region, &identifier, |cluster| cluster.awaited = Some(Event::Resumed));
        let answer = show(inner, &request.region, &identifier);
        Self::start_in_background(inner, &request.region, &identifier, None, &request.fate);
        Ok(answer)
    }

    pub(super) fn reboot_cluster(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let identifier = inner.move_status(request, "available", "rebooting", "reboot")?;
        inner.update(&request.region, &identifier, |cluster| cluster.awaited = Some(Event::Rebooted));
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
            inner.bring_up(&region, &identifier, None).await;
        });
    }

    fn move_status(&self, request: &Request, from: &str, to: &str, verb: &str) -> Result<String, Refusal> {
        let identifier = request.form.required("ClusterIdentifier")?.to_lowercase();
        self.change(&request.region, |region| {
            let cluster = region.cluster(&identifier)?;
            if cluster.status != from {
                let message = format!(
                    "You can't {verb} cluster {identifier} because it is {}. Wait until it is {from}.",
                    cluster.status
                );
                return Err(Refusal::new("InvalidClusterState", message));
            }
            to.clone_into(&mut cluster.status);
            Ok(identifier)
        })
    }
}

/// Refuses to pause what Redshift never pauses, whatever its state.
fn may_pause(region: &Region, request: &Request) -> Result<(), Refusal> {
    let identifier = request.form.required("ClusterIdentifier")?.to_lowercase();
    let cluster = region.clusters.get(&identifier).ok_or_else(|| missing_cluster(&identifier))?;
    if cluster.settings.multi_az {
        let message = format!("You can't pause cluster {identifier} because it is a Multi-AZ cluster.");
        return Err(Refusal::new("UnsupportedOperation", message));
    }
    if cluster.settings.snapshot_retention_days == 0 {
        let message = format!("You can't pause cluster {identifier} because its automated snapshots are turned off.");
        return Err(Refusal::new("InvalidClusterState", message));
    }
    Ok(())
}
