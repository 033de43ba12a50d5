//! DB snapshots: taken of a running instance, or left by a deleted one.
//!
//! RDS copies a volume; here the server stops for the moment in which its data folder is copied.

use std::path::PathBuf;
use std::sync::Arc;

use super::answer::write_snapshot;
use super::create::check_identifier;
use super::service::{Inner, Request};
use super::state::{Region, Snapshot, arn};
use super::tags;
use crate::localcloud::engine;
use crate::localcloud::query::{Refusal, Xml, page};

/// The longest name of a snapshot, in letters.
pub(super) const LONGEST_NAME: usize = 255;

impl Inner {
    pub(super) fn create_snapshot(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let name = form.required("DBSnapshotIdentifier")?.to_lowercase();
        check_identifier("DBSnapshotIdentifier", &name, LONGEST_NAME)?;
        let identifier = form.required("DBInstanceIdentifier")?.to_lowercase();
        let given = form.tags();
        tags::check(&given)?;
        let answer = inner.change(&request.region, |region| {
            if region.snapshots.contains_key(&name) {
                return Err(exists(&name));
            }
            let instance = region.instance(&identifier)?;
            if instance.status != "available" {
                let message = format!(
                    "Cannot create a snapshot because the database instance {identifier} is not currently in the \
                     available state."
                );
                return Err(Refusal::new("InvalidDBInstanceState", message));
            }
            "backing-up".clone_into(&mut instance.status);
            let instance = instance.clone();
            let copied = instance.settings.copy_tags_to_snapshot && given.is_empty();
            let tags = if copied { instance.tags.clone() } else { given };
            let status = "creating".to_owned();
            let snapshot = Snapshot { identifier: name.clone(), status, created: inner.now(), instance, tags };
            let write = |xml: &mut Xml| write_snapshot(xml, &request.region, &snapshot);
            let answer = Xml::default().group("DBSnapshot", write).finish();
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
        self.bring_up(region, identifier, vec![]).await;
    }

    pub(super) fn describe_snapshots(&self, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let last = |name: &str| name.rsplit(':').next().unwrap_or(name).to_lowercase();
        let (name, instance) = (form.text("DBSnapshotIdentifier").map(last), form.text("DBInstanceIdentifier"));
        // Nothing here takes automated snapshots.
        let of_type = form.text("SnapshotType").is_none_or(|kind| kind == "manual");
        let found: Vec<(String, Snapshot)> = self.read(&request.region, |region| {
            let all = region.snapshots.iter().map(|(name, snapshot)| (name.clone(), snapshot.clone()));
            all.filter(|(key, snapshot)| {
                of_type
                    && name.as_ref().is_none_or(|name| name == key)
                    && instance.is_none_or(|instance| instance.eq_ignore_ascii_case(&snapshot.instance.identifier))
            })
            .collect()
        });
        if let (Some(name), true) = (name, found.is_empty()) {
            return Err(missing(&name));
        }
        let (found, marker) = page(form, found)?;
        let write = |xml: &mut Xml, snapshot: Snapshot| write_snapshot(xml, &request.region, &snapshot);
        Ok(Xml::default().list("DBSnapshots", "DBSnapshot", found, write).maybe("Marker", marker).finish())
    }

    pub(super) fn delete_snapshot(&self, request: &Request) -> Result<String, Refusal> {
        let name = request.form.required("DBSnapshotIdentifier")?.to_lowercase();
        let mut snapshot = self.change(&request.region, |region| {
            if region.snapshots.get(&name).ok_or_else(|| missing(&name))?.status == "creating" {
                let message = format!("DBSnapshot {name} is in state creating and cannot be deleted.");
                return Err(Refusal::new("InvalidDBSnapshotState", message));
            }
            region.snapshots.remove(&name).ok_or_else(|| missing(&name))
        })?;
        "deleted".clone_into(&mut snapshot.status);
        if let Err(error) = engine::retire(self.snapshot_folder(&request.region, &name), None) {
            tracing::error!(arn = arn(&request.region, "snapshot", &name), %error, "could not remove a snapshot");
        }
        let write = |xml: &mut Xml| write_snapshot(xml, &request.region, &snapshot);
        Ok(Xml::default().group("DBSnapshot", write).finish())
    }

    pub(super) fn snapshot_folder(&self, region: &str, name: &str) -> PathBuf {
        self.context.home.engine("mysql-snapshots", &format!("{region}/{name}"))
    }
}

impl Region {
    /// Forgets the snapshots that were being taken when the process ended; those of deletions are finished instead.
    pub(super) fn forget_unfinished_snapshots(&mut self) {
        let finals: Vec<String> = self.instances.values().filter_map(|it| it.final_snapshot.clone()).collect();
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

/// Says that there is no such snapshot.
pub(super) fn missing(name: &str) -> Refusal {
    Refusal::not_found("DBSnapshotNotFound", format!("DBSnapshot {name} not found."))
}

/// Says that the name is taken.
pub(super) fn exists(name: &str) -> Refusal {
    let message = format!("Cannot create the snapshot because a snapshot with the identifier {name} already exists.");
    Refusal::new("DBSnapshotAlreadyExists", message)
}
