//! `DeleteDBInstance` and the snapshot that it leaves.

use std::sync::Arc;

use super::create::check_identifier;
use super::describe::show;
use super::events::Event;
use super::service::{Inner, Request};
use super::snapshots;
use super::state::Snapshot;
use crate::localcloud::engine;
use crate::localcloud::master_secret;
use crate::localcloud::query::{Refusal, Tags};

impl Inner {
    pub(super) fn delete_instance(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let identifier = form.required("DBInstanceIdentifier")?.to_lowercase();
        let snapshot = form.text("FinalDBSnapshotIdentifier").map(str::to_lowercase);
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
            instance.final_snapshot.clone_from(&snapshot);
            let instance = instance.clone();
            if let Some(name) = snapshot {
                let tags = if instance.settings.copy_tags_to_snapshot { instance.tags.clone() } else { Tags::new() };
                let status = "creating".to_owned();
                let kept = Snapshot { identifier: name.clone(), status, created: inner.now(), instance, tags };
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

    /// Stops the server and clears away what belonged to the instance.
    pub(super) async fn finish_deletion(&self, region: &str, identifier: &str) {
        self.fleet.stop(&Self::fleet_key(region, identifier)).await;
        let Some(instance) = self.read(region, |found| found.instances.get(identifier).cloned()) else { return };
        let folder = self.folder(region, identifier);
        let kept = instance.final_snapshot.as_ref().map(|name| self.snapshot_folder(region, name));
        // After a crash the data may be where they are to go already, and without engines there are none.
        let cleared = if folder.is_dir() { engine::retire(folder, kept.as_deref()) } else { Ok(()) };
        if let Err(error) = &cleared {
            tracing::error!(identifier, %error, "could not clear away the data folder");
        }
        if let Some(arn) = &instance.secret_arn {
            master_secret::delete(&self.context, region, arn).await;
        }
        self.note(region, identifier, Event::Deleted);
        self.change(region, |found| {
            found.instances.remove(identifier);
            found.promote_replicas_of(identifier);
            let snapshot = instance.final_snapshot.and_then(|name| found.snapshots.get_mut(&name));
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
            "FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot.",
        )),
        (false, None) => Err(Refusal::new(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )),
        (false, Some(name)) if is_taken => Err(snapshots::exists(name)),
        (false, Some(name)) => check_identifier("FinalDBSnapshotIdentifier", name, snapshots::LONGEST_NAME),
        (true, None) => Ok(()),
    }
}
