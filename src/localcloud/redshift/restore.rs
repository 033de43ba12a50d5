//! `RestoreFromClusterSnapshot`: a new cluster with the data of a snapshot.

use std::sync::Arc;

use super::create::check_identifier;
use super::describe::show;
use super::modify::wanted;
use super::service::{Inner, Request};
use super::snapshots;
use super::state::{Cluster, Settings, Snapshot};
use crate::localcloud::engine::{self, password, postgres_folder, uuid};
use crate::localcloud::master_secret::{self, Login};
use crate::localcloud::query::{Form, Refusal};

impl Inner {
    pub(super) async fn restore_cluster(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        if !inner.context.has_no_engines() {
            postgres_folder().map_err(|error| Refusal::new("InsufficientClusterCapacity", error.to_string()))?;
        }
        let given = form.text("SnapshotIdentifier").or_else(|| form.text("SnapshotArn")).unwrap_or_default();
        let name = given.rsplit('/').next().unwrap_or(given);
        let snapshot = inner.read(&request.region, |region| region.snapshots.get(name).cloned());
        let snapshot = snapshot.ok_or_else(|| snapshots::missing(name))?;
        if snapshot.status == "creating" {
            let message = format!("Snapshot {name} is not available yet.");
            return Err(Refusal::new("InvalidClusterSnapshotState", message));
        }
        let cluster = restored(form, &request.region, &snapshot)?;
        let identifier = cluster.identifier.clone();
        let login = Login { username: cluster.master_username.clone(), password: password() };
        inner.reserve(&request.region, cluster)?;
        if form.flag("ManageMasterPassword") == Some(true) {
            match inner.manage_secret(&request.region, &identifier, &login).await {
                Ok(arn) => inner.update(&request.region, &identifier, |cluster| cluster.secret_arn = Some(arn)),
                Err(refusal) => {
                    inner.change(&request.region, |region| region.clusters.remove(&identifier));
                    return Err(refusal);
                }
            }
        }
        let answer = show(inner, &request.region, &identifier);
        let (shared, region, fate) = (Arc::clone(inner), request.region.clone(), request.fate.clone());
        inner.context.tasks.spawn(async move {
            fate.wait().await;
            match fate.failure() {
                Some(failure) => shared.update(&region, &identifier, |cluster| {
                    failure.state("incompatible-restore").clone_into(&mut cluster.status);
                }),
                None => shared.finish_restore(&region, &identifier).await,
            }
        });
        Ok(answer)
    }

    /// Copies the data and starts the server; safe to repeat after a crash.
    pub(super) async fn finish_restore(&self, region: &str, identifier: &str) {
        let found = self.read(region, |region| region.clusters.get(identifier).cloned());
        let Some((cluster, snapshot)) = found.and_then(|it| Some((it.clone(), it.restored_from?))) else { return };
        let folder = self.folder(region, identifier);
        let has_data = folder.exists() || self.context.has_no_engines();
        if !has_data && !engine::copied(self.snapshot_folder(region, &snapshot), folder).await {
            self.update(region, identifier, |cluster| "incompatible-restore".clone_into(&mut cluster.status));
            return;
        }
        let login = match &cluster.secret_arn {
            Some(arn) => master_secret::read(&self.context, region, arn).await.ok(),
            None => None,
        };
        self.bring_up(region, identifier, login).await;
        self.update(region, identifier, |cluster| cluster.restored_from = None);
    }
}

/// Returns the new cluster: what the request leaves open is as it was, but for what Redshift never takes over.
fn restored(form: &Form, region: &str, snapshot: &Snapshot) -> Result<Cluster, Refusal> {
    let identifier = form.required("ClusterIdentifier")?.to_owned();
    check_identifier(&identifier)?;
    let old = &snapshot.cluster;
    let fresh = Settings { security_groups: Vec::new(), public: false, ..old.settings.clone() };
    let role_list = form.list("IamRoles").unwrap_or_default();
    let subnet_group = form.text("ClusterSubnetGroupName").filter(|name| *name != "default").map(str::to_lowercase);
    Ok(Cluster {
        identifier,
        namespace: uuid(),
        status: "creating".to_owned(),
        settings: wanted(&fresh, form)?,
        database: old.database.clone(),
        master_username: old.master_username.clone(),
        zone: form.text("AvailabilityZone").map_or_else(|| format!("{region}a"), str::to_owned),
        subnet_group,
        default_role: form.text("DefaultIamRoleArn").map(str::to_owned),
        roles: role_list.into_iter().map(|role| (role, "in-sync".to_owned())).collect(),
        restored_from: Some(snapshot.identifier.clone()),
        ..Cluster::default()
    })
}
