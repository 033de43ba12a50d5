//! `DeleteDBInstance` and the snapshots that it leaves.

use std::path::PathBuf;
use std::sync::Arc;

use super::answer::write_snapshot;
use super::describe::show;
use super::service::{Inner, Request};
use super::state::{Snapshot, arn};
use crate::localcloud::engine;
use crate::localcloud::master_secret;
use crate::localcloud::query::{Refusal, Xml, now, page};

impl Inner {
    pub(super) fn delete_instance(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let identifier = form.required("DBInstanceIdentifier")?.to_lowercase();
        let snapshot = form.text("FinalDBSnapshotIdentifier").map(str::to_owned);
        let skips = form.flag("SkipFinalSnapshot").unwrap_or(false);
        inner.change(&request.region, |region| {
            let has_snapshot = snapshot.as_ref().is_some_and(|name| region.snapshots.contains_key(name));
            let instance = region.instance(&identifier)?;
            if instance.status == "deleting" {
                let message = format!("Instance {identifier} is already being deleted.");
                return Err(Refusal::new("InvalidDBInstanceState", message));
            }
            check_final_snapshot(skips, snapshot.as_deref(), has_snapshot)?;
            if instance.settings.deletion_protection {
                let message = "Cannot delete protected DB Instance, please disable deletion protection and try again.";
                return Err(Refusal::new("InvalidParameterCombination", message));
            }
            "deleting".clone_into(&mut instance.status);
            Ok(())
        })?;
        let answer = show(inner, &request.region, &identifier);
        let (inner, region) = (Arc::clone(inner), request.region.clone());
        tokio::spawn(async move { inner.finish_deletion(&region, &identifier, snapshot).await });
        Ok(answer)
    }

    /// Stops the server and clears away what belonged to the instance.
    pub(super) async fn finish_deletion(&self, region: &str, identifier: &str, snapshot: Option<String>) {
        self.fleet.stop(&Self::fleet_key(region, identifier)).await;
        let kept = snapshot.as_ref().map(|name| self.snapshot_folder(region, name));
        if let Err(error) = engine::retire(self.folder(region, identifier), kept.as_deref()) {
            tracing::error!(identifier, %error, "could not clear away the data folder");
        }
        let secret = self.read(region, |found| found.instances.get(identifier).and_then(|it| it.secret_arn.clone()));
        if let Some(arn) = secret {
            master_secret::delete(&self.context, region, &arn).await;
        }
        self.change(region, |found| {
            let Some(instance) = found.instances.remove(identifier) else { return };
            if let Some(name) = snapshot {
                let tags =
                    if instance.settings.copy_tags_to_snapshot { instance.tags.clone() } else { Default::default() };
                let kept = Snapshot { identifier: name.clone(), created: now(), instance, tags };
                found.snapshots.insert(name, kept);
            }
        });
    }

    pub(super) fn describe_snapshots(&self, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let (name, instance) = (form.text("DBSnapshotIdentifier"), form.text("DBInstanceIdentifier"));
        let found: Vec<(String, Snapshot)> = self.read(&request.region, |region| {
            let all = region.snapshots.iter().map(|(name, snapshot)| (name.clone(), snapshot.clone()));
            all.filter(|(key, snapshot)| {
                name.is_none_or(|name| name == key)
                    && instance.is_none_or(|instance| instance == snapshot.instance.identifier)
            })
            .collect()
        });
        if let (Some(name), true) = (name, found.is_empty()) {
            return Err(missing_snapshot(name));
        }
        let (found, marker) = page(form, found)?;
        let write = |xml: &mut Xml, snapshot: Snapshot| write_snapshot(xml, &request.region, &snapshot);
        Ok(Xml::default().list("DBSnapshots", "DBSnapshot", found, write).maybe("Marker", marker).finish())
    }

    pub(super) fn delete_snapshot(&self, request: &Request) -> Result<String, Refusal> {
        let name = request.form.required("DBSnapshotIdentifier")?;
        let removed = self.change(&request.region, |region| region.snapshots.remove(name));
        let snapshot = removed.ok_or_else(|| missing_snapshot(name))?;
        if let Err(error) = engine::retire(self.snapshot_folder(&request.region, name), None) {
            tracing::error!(arn = arn(&request.region, "snapshot", name), %error, "could not remove a snapshot");
        }
        let write = |xml: &mut Xml| write_snapshot(xml, &request.region, &snapshot);
        Ok(Xml::default().group("DBSnapshot", write).finish())
    }

    fn snapshot_folder(&self, region: &str, name: &str) -> PathBuf {
        self.context.home.engine("mysql-snapshots", &format!("{region}/{name}"))
    }
}

fn missing_snapshot(name: &str) -> Refusal {
    Refusal::not_found("DBSnapshotNotFound", format!("DBSnapshot {name} not found."))
}

fn check_final_snapshot(skips: bool, name: Option<&str>, is_taken: bool) -> Result<(), Refusal> {
    match (skips, name) {
        (true, Some(_)) => Err(Refusal::new(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot.",
        )),
        (false, None) => Err(Refusal::new(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )),
        (false, Some(name)) if is_taken => {
            let message =
                format!("Cannot create the snapshot because a snapshot with the identifier {name} already exists.");
            Err(Refusal::new("DBSnapshotAlreadyExists", message))
        }
        _ => Ok(()),
    }
}
