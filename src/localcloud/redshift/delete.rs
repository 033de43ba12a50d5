//! `DeleteCluster` and the snapshots that it leaves.

use std::path::PathBuf;
use std::sync::Arc;

use super::answer::write_snapshot;
use super::describe::{has_tags, show};
use super::service::{Inner, Request};
use super::state::Snapshot;
use crate::localcloud::engine;
use crate::localcloud::master_secret;
use crate::localcloud::query::{Refusal, Xml, now, page};

impl Inner {
    pub(super) fn delete_cluster(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let identifier = form.required("ClusterIdentifier")?.to_lowercase();
        let snapshot = form.text("FinalClusterSnapshotIdentifier").map(str::to_owned);
        let skips = form.flag("SkipFinalClusterSnapshot").unwrap_or(false);
        inner.change(&request.region, |region| {
            let is_taken = snapshot.as_ref().is_some_and(|name| region.snapshots.contains_key(name));
            let cluster = region.cluster(&identifier)?;
            if !["available", "paused", "failed"].contains(&cluster.status.as_str()) {
                let message = format!("There is an operation running on the Cluster: it is {}.", cluster.status);
                return Err(Refusal::new("InvalidClusterState", message));
            }
            check_final_snapshot(skips, snapshot.as_deref(), is_taken)?;
            let status = if snapshot.is_some() { "final-snapshot" } else { "deleting" };
            status.clone_into(&mut cluster.status);
            Ok(())
        })?;
        let answer = show(inner, &request.region, &identifier);
        let (inner, region) = (Arc::clone(inner), request.region.clone());
        tokio::spawn(async move { inner.finish_deletion(&region, &identifier, snapshot).await });
        Ok(answer)
    }

    /// Stops the server and clears away what belonged to the cluster.
    pub(super) async fn finish_deletion(&self, region: &str, identifier: &str, snapshot: Option<String>) {
        self.fleet.stop(&Self::fleet_key(region, identifier)).await;
        let kept = snapshot.as_ref().map(|name| self.snapshot_folder(region, name));
        if let Err(error) = engine::retire(self.folder(region, identifier), kept.as_deref()) {
            tracing::error!(identifier, %error, "could not clear away the data folder");
        }
        let secret = self.read(region, |found| found.clusters.get(identifier).and_then(|it| it.secret_arn.clone()));
        if let Some(arn) = secret {
            master_secret::delete(&self.context, region, &arn).await;
        }
        self.change(region, |found| {
            let Some(cluster) = found.clusters.remove(identifier) else { return };
            if let Some(name) = snapshot {
                let tags = cluster.tags.clone();
                found.snapshots.insert(name.clone(), Snapshot { identifier: name, created: now(), cluster, tags });
            }
        });
    }

    pub(super) fn describe_snapshots(&self, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let (name, cluster) = (form.text("SnapshotIdentifier"), form.text("ClusterIdentifier"));
        let found: Vec<(String, Snapshot)> = self.read(&request.region, |region| {
            let all = region.snapshots.iter().map(|(name, snapshot)| (name.clone(), snapshot.clone()));
            all.filter(|(key, snapshot)| {
                name.is_none_or(|name| name == key)
                    && cluster.is_none_or(|cluster| cluster == snapshot.cluster.identifier)
                    && has_tags(form, &snapshot.tags)
            })
            .collect()
        });
        if let (Some(name), true) = (name, found.is_empty()) {
            return Err(missing_snapshot(name));
        }
        let (found, marker) = page(form, found)?;
        let write = |xml: &mut Xml, snapshot: Snapshot| write_snapshot(xml, &snapshot);
        Ok(Xml::default().list("Snapshots", "Snapshot", found, write).maybe("Marker", marker).finish())
    }

    pub(super) fn delete_snapshot(&self, request: &Request) -> Result<String, Refusal> {
        let name = request.form.required("SnapshotIdentifier")?;
        let removed = self.change(&request.region, |region| region.snapshots.remove(name));
        let snapshot = removed.ok_or_else(|| missing_snapshot(name))?;
        if let Err(error) = engine::retire(self.snapshot_folder(&request.region, name), None) {
            tracing::error!(name, %error, "could not remove a snapshot");
        }
        Ok(Xml::default().group("Snapshot", |xml| write_snapshot(xml, &snapshot)).finish())
    }

    fn snapshot_folder(&self, region: &str, name: &str) -> PathBuf {
        self.context.home.engine("postgres-snapshots", &format!("{region}/{name}"))
    }
}

fn missing_snapshot(name: &str) -> Refusal {
    Refusal::not_found("ClusterSnapshotNotFound", format!("Snapshot {name} not found."))
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
        (false, Some(name)) if is_taken => {
            Err(Refusal::new("ClusterSnapshotAlreadyExists", format!("Snapshot {name} already exists.")))
        }
        _ => Ok(()),
    }
}
