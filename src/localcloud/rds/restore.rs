//! `RestoreDBInstanceFromDBSnapshot`: a new instance with the data of a snapshot.

use std::sync::Arc;

use super::create::check_identifier;
use super::describe::show;
use super::modify::wanted;
use super::servers::password_statement;
use super::service::{Inner, Request};
use super::state::{Instance, Settings, Snapshot};
use super::{catalog, snapshots, tags};
use crate::localcloud::engine::{self, letters, mysql_server, password};
use crate::localcloud::master_secret::{self, Login};
use crate::localcloud::query::{Form, Refusal};

impl Inner {
    pub(super) async fn restore_instance(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        if !inner.context.has_no_engines() {
            mysql_server().map_err(|error| Refusal::new("InsufficientDBInstanceCapacity", error.to_string()))?;
        }
        let name = form.required("DBSnapshotIdentifier")?.to_lowercase();
        let name = name.rsplit(':').next().unwrap_or(&name);
        let snapshot = inner.read(&request.region, |region| region.snapshots.get(name).cloned());
        let snapshot = snapshot.ok_or_else(|| snapshots::missing(name))?;
        if snapshot.status == "creating" {
            let message = format!("DBSnapshot {name} is not in available state.");
            return Err(Refusal::new("InvalidDBSnapshotState", message));
        }
        let instance = restored(form, &request.region, &snapshot)?;
        inner.check_surroundings(request, &instance).await?;
        let identifier = instance.identifier.clone();
        inner.reserve(&request.region, &instance)?;
        if form.flag("ManageMasterUserPassword") == Some(true) {
            let login = Login { username: instance.master_username.clone(), password: password() };
            match inner.manage_secret(&request.region, &identifier, &login).await {
                Ok(arn) => inner.update(&request.region, &identifier, |held| held.secret_arn = Some(arn)),
                Err(refusal) => {
                    inner.change(&request.region, |region| region.instances.remove(&identifier));
                    return Err(refusal);
                }
            }
        }
        let answer = show(inner, &request.region, &identifier);
        let (shared, region, fate) = (Arc::clone(inner), request.region.clone(), request.fate.clone());
        inner.context.tasks.spawn(async move {
            fate.wait().await;
            match fate.failure() {
                Some(failure) => shared.update(&region, &identifier, |instance| {
                    failure.state("incompatible-restore").clone_into(&mut instance.status);
                }),
                None => shared.finish_restore(&region, &identifier).await,
            }
        });
        Ok(answer)
    }

    /// Copies the data and starts the server; safe to repeat after a crash.
    pub(super) async fn finish_restore(&self, region: &str, identifier: &str) {
        let found = self.read(region, |region| region.instances.get(identifier).cloned());
        let Some((instance, snapshot)) = found.and_then(|it| Some((it.clone(), it.restored_from?))) else { return };
        let folder = self.folder(region, identifier);
        let has_data = folder.exists() || self.context.has_no_engines();
        if !has_data && !engine::copied(self.snapshot_folder(region, &snapshot), folder).await {
            self.update(region, identifier, |instance| "incompatible-restore".clone_into(&mut instance.status));
            return;
        }
        let login = match &instance.secret_arn {
            Some(arn) => master_secret::read(&self.context, region, arn).await.ok(),
            None => None,
        };
        self.bring_up(region, identifier, login.iter().map(password_statement).collect()).await;
        self.update(region, identifier, |instance| instance.restored_from = None);
    }
}

/// Returns the new instance: what the request leaves open is as it was, but for what RDS never takes over.
fn restored(form: &Form, region: &str, snapshot: &Snapshot) -> Result<Instance, Refusal> {
    let identifier = form.required("DBInstanceIdentifier")?.to_lowercase();
    check_identifier("DBInstanceIdentifier", &identifier, 63)?;
    let old = &snapshot.instance;
    let version = &old.engine_version;
    let fresh = Settings {
        port: form.number("Port")?.unwrap_or(old.settings.port),
        parameter_group: format!("default.{}", catalog::family(version)),
        security_groups: Vec::new(),
        public: false,
        multi_az: false,
        deletion_protection: false,
        ..old.settings.clone()
    };
    let settings = wanted(&fresh, form)?;
    catalog::check_class(&settings.class, version)?;
    if settings.storage_gib < old.settings.storage_gib {
        let message = "The allocated storage of a DB instance cannot be decreased.";
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    let tags = form.tags();
    tags::check(&tags)?;
    let subnet_group = form.text("DBSubnetGroupName").filter(|name| *name != "default");
    Ok(Instance {
        identifier,
        resource_id: format!("db-{}", letters(26).to_uppercase()),
        status: "creating".to_owned(),
        settings,
        engine_version: version.clone(),
        master_username: old.master_username.clone(),
        database: old.database.clone(),
        encrypted: old.encrypted,
        zone: form.text("AvailabilityZone").map_or_else(|| format!("{region}a"), str::to_owned),
        subnet_group: subnet_group.map(str::to_lowercase),
        parameters_in_sync: true,
        restored_from: Some(snapshot.identifier.clone()),
        tags,
        ..Instance::default()
    })
}
