//! `DeleteCluster` and the snapshot that it leaves.

use std::sync::Arc;

use super::describe::show;
use super::events::Event;
use super::service::{Inner, Request};
use super::snapshots::{check_name, exists};
use super::state::Snapshot;
use crate::localcloud::engine;
use crate::localcloud::master_secret;
use crate::localcloud::query::Refusal;

impl Inner {
    pub(super) fn delete_cluster(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let identifier = form.required("ClusterIdentifier")?.to_lowercase();
        let snapshot = form.text("FinalClusterSnapshotIdentifier").map(str::to_owned);
        let skips = form.flag("SkipFinalClusterSnapshot").unwrap_or(false);
        inner.change(&request.region, |region| {
            let is_taken = snapshot.as_ref().is_some_and(|name| region.snapshots.contains_key(name));
            let cluster = region.cluster(&identifier)?;
            let is_at_rest = ["available", "paused", "failed"].contains(&cluster.status.as_str());
            if !is_at_rest && !cluster.status.starts_with("incompatible-") {
                let message = format!("There is an operation running on the Cluster: it is {}.", cluster.status);
                return Err(Refusal::new("InvalidClusterState", message));
            }
            check_final_snapshot(skips, snapshot.as_deref(), is_taken)?;
            let status = if snapshot.is_some() { "final-snapshot" } else { "deleting" };
            status.clone_into(&mut cluster.status);
            cluster.final_snapshot.clone_from(&snapshot);
            let cluster = cluster.clone();
            if let Some(name) = snapshot {
                let (status, tags) = ("creating".to_owned(), cluster.tags.clone());
                let kept = Snapshot { identifier: name.clone(), status, created: inner.now(), cluster, tags };
                region.snapshots.insert(name, kept);
            }
            Ok(())
        })?;
        let answer = show(inner, &request.region, &identifier);
        let (shared, region, fate) = (Arc::clone(inner), request.region.clone(), request.fate.clone());
        inner.context.tasks.spawn(async move {
            fate.wait().await;
            shared.finish_deletion(&region, &identifier).await;
        });
        Ok(answer)
    }

    /// Stops the server and clears away what belonged to the cluster.
    pub(super) async fn finish_deletion(&self, region: &str, identifier: &str) {
        self.fleet.stop(&Self::fleet_key(region, identifier)).await;
        let Some(cluster) = self.read(region, |found| found.clusters.get(identifier).cloned()) else { return };
        let folder = self.folder(region, identifier);
        let kept = cluster.final_snapshot.as_ref().map(|name| self.snapshot_folder(region, name));
        // After a crash the data may be where they are to go already, and without engines there are none.
        let cleared = if folder.is_dir() { engine::retire(folder, kept.as_deref()) } else { Ok(()) };
        if let Err(error) = &cleared {
            tracing::error!(identifier, %error, "could not clear away the data folder");
        }
        if let Some(arn) = &cluster.secret_arn {
            master_secret::delete(&self.context, region, arn).await;
        }
        self.note(region, identifier, Event::Deleted);
        self.change(region, |found| {
            found.clusters.remove(identifier);
            let snapshot = cluster.final_snapshot.and_then(|name| found.snapshots.get_mut(&name));
            if let Some(snapshot) = snapshot {
                let status = if cleared.is_ok() { "available" } else { "failed" };
                status.clone_into(&mut snapshot.status);
            }
        });
    }
}

fn check_final_snapshot(skips: bool, name: Option<&str>, is_taken: bool) -> Result<(), Refusal> {
    match (skips, name) {
        (true, Some(_)) => Err(Refusal::new(
            "InvalidParameterCombination",
            "FinalClusterSnapshotIdentifier can not be specified when deleting with SkipFinalClusterSnapshot.",
        )),
        (false, None) => Err(Refusal::new(
            "InvalidParameterCombination",
            "FinalClusterSnapshotIdentifier is required unless SkipFinalClusterSnapshot is specified.",
        )),
        (false, Some(name)) if is_taken => Err(exists(name)),
        (false, Some(name)) => check_name(name),
        (true, None) => Ok(()),
    }
}
