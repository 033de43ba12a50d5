//! Cluster snapshots: taken of a running cluster, or left by a deleted one.
//!
//! Redshift copies blocks; here the server stops for the moment in which its data folder is copied.

use std::path::PathBuf;
use std::sync::Arc;

use super::answer::write_snapshot;
use super::describe::has_tags;
use super::service::{Inner, Request};
use super::state::{Region, Snapshot};
use super::tags;
use crate::localcloud::engine;
use crate::localcloud::query::{Refusal, Xml, page};

impl Inner {
    pub(super) fn create_snapshot(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let name = form.required("SnapshotIdentifier")?.to_owned();
        check_name(&name)?;
        let identifier = form.required("ClusterIdentifier")?.to_lowercase();
        let given = form.tags();
        tags::check(&given)?;
        let answer = inner.change(&request.region, |region| {
            if region.snapshots.contains_key(&name) {
                return Err(exists(&name));
            }
            let cluster = region.cluster(&identifier)?;
            if cluster.status != "available" {
                let message = format!("You can't take a snapshot of cluster {identifier}: it is {}.", cluster.status);
                return Err(Refusal::new("InvalidClusterState", message));
            }
            "modifying".clone_into(&mut cluster.status);
            let (cluster, status) = (cluster.clone(), "creating".to_owned());
            let snapshot = Snapshot { identifier: name.clone(), status, created: inner.now(), cluster, tags: given };
            let write = |xml: &mut Xml| write_snapshot(xml, &request.region, &snapshot);
            let answer = Xml::default().group("Snapshot", write).finish();
            region.snapshots.insert(name.clone(), snapshot);
            Ok(answer)
        })?;
        let (inner, region) = (Arc::clone(inner), request.region.clone());
        let tasks = inner.context.tasks.clone();
        tasks.spawn(async move { inner.take_snapshot(&region, &identifier, &name).await });
        Ok(answer)
    }

    async fn take_snapshot(&self, region: &str, identifier: &str, name: &str) {
        self.fleet.stop(&Self::fleet_key(region, identifier)).await;
        let folder = self.folder(region, identifier);
        let copied = !folder.is_dir() || engine::copied(folder, self.snapshot_folder(region, name)).await;
        self.change(region, |region| settle(region, name, copied));
        self.bring_up(region, identifier, None).await;
    }

    pub(super) fn describe_snapshots(&self, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let (name, cluster) = (form.text("SnapshotIdentifier"), form.text("ClusterIdentifier"));
        // Nothing here takes automated snapshots.
        let of_type = form.text("SnapshotType").is_none_or(|kind| kind == "manual");
        let found: Vec<(String, Snapshot)> = self.read(&request.region, |region| {
            let all = region.snapshots.iter().map(|(name, snapshot)| (name.clone(), snapshot.clone()));
            all.filter(|(key, snapshot)| {
                of_type
                    && name.is_none_or(|name| name == key)
                    && cluster.is_none_or(|cluster| cluster == snapshot.cluster.identifier)
                    && has_tags(form, &snapshot.tags)
            })
            .collect()
        });
        if let (Some(name), true) = (name, found.is_empty()) {
            return Err(missing(name));
        }
        let (found, marker) = page(form, found)?;
        let write = |xml: &mut Xml, snapshot: Snapshot| write_snapshot(xml, &request.region, &snapshot);
        Ok(Xml::default().list("Snapshots", "Snapshot", found, write).maybe("Marker", marker).finish())
    }

    pub(super) fn delete_snapshot(&self, request: &Request) -> Result<String, Refusal> {
        let name = request.form.required("SnapshotIdentifier")?;
        let mut snapshot = self.change(&request.region, |region| {
            if region.snapshots.get(name).ok_or_else(|| missing(name))?.status == "creating" {
                let message = format!("Snapshot {name} is being created and cannot be deleted.");
                return Err(Refusal::new("InvalidClusterSnapshotState", message));
            }
            region.snapshots.remove(name).ok_or_else(|| missing(name))
        })?;
        "deleted".clone_into(&mut snapshot.status);
        if let Err(error) = engine::retire(self.snapshot_folder(&request.region, name), None) {
            tracing::error!(name, %error, "could not remove a snapshot");
        }
        let write = |xml: &mut Xml| write_snapshot(xml, &request.region, &snapshot);
        Ok(Xml::default().group("Snapshot", write).finish())
    }

    pub(super) fn snapshot_folder(&self, region: &str, name: &str) -> PathBuf {
        self.context.home.engine("postgres-snapshots", &format!("{region}/{name}"))
    }
}

impl Region {
    /// Forgets the snapshots that were being taken when the process ended; those of deletions are finished instead.
    pub(super) fn forget_unfinished_snapshots(&mut self) {
        let finals: Vec<String> = self.clusters.values().filter_map(|it| it.final_snapshot.clone()).collect();
        self.snapshots.retain(|name, snapshot| snapshot.status != "creating" || finals.contains(name));
    }
}

/// Ends the making of a snapshot; one that could not be made is none.
fn settle(region: &mut Region, name: &str, is_whole: bool) {
    if !is_whole {
        region.snapshots.remove(name);
    }
    if let Some(snapshot) = region.snapshots.get_mut(name) {
        "available".clone_into(&mut snapshot.status);
    }
}

/// Refuses names that Redshift refuses.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let good = name.len() <= 255
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
        && !name.ends_with('-')
        && !name.contains("--");
    let message = "The parameter SnapshotIdentifier is not a valid identifier. It must begin with a letter, contain \
                   only letters, digits and hyphens, and not end with a hyphen or contain two in a row.";
    if good { Ok(()) } else { Err(Refusal::new("InvalidParameterValue", message)) }
}

/// Says that there is no such snapshot.
pub(super) fn missing(name: &str) -> Refusal {
    Refusal::not_found("ClusterSnapshotNotFound", format!("Snapshot {name} not found."))
}

/// Says that the name is taken.
pub(super) fn exists(name: &str) -> Refusal {
    Refusal::new("ClusterSnapshotAlreadyExists", format!("Snapshot {name} already exists."))
}
