//! Pause, resume and reboot.

use std::sync::Arc;

use super::describe::show;
use super::service::{Inner, Request};
use crate::localcloud::query::Refusal;

impl Inner {
    pub(super) fn pause_cluster(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let identifier = inner.move_status(request, "available", "pausing", "pause")?;
        let (shared, region, name) = (Arc::clone(inner), request.region.clone(), identifier.clone());
        tokio::spawn(async move {
            shared.fleet.stop(&Self::fleet_key(&region, &name)).await;
            shared.update(&region, &name, |cluster| "paused".clone_into(&mut cluster.status));
        });
        Ok(show(inner, &request.region, &identifier))
    }

    pub(super) fn resume_cluster(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let identifier = inner.move_status(request, "paused", "resuming", "resume")?;
        Self::start_in_background(inner, &request.region, &identifier, None);
        Ok(show(inner, &request.region, &identifier))
    }

    pub(super) fn reboot_cluster(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let identifier = inner.move_status(request, "available", "rebooting", "reboot")?;
        Self::restart_in_background(inner, &request.region, &identifier);
        Ok(show(inner, &request.region, &identifier))
    }

    /// Stops the server and starts it with what it should have now.
    pub(super) fn restart_in_background(inner: &Arc<Self>, region: &str, identifier: &str) {
        let (inner, region, identifier) = (Arc::clone(inner), region.to_owned(), identifier.to_owned());
        tokio::spawn(async move {
            inner.fleet.stop(&Self::fleet_key(&region, &identifier)).await;
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
