//! `ModifyDBInstance`.

use std::sync::Arc;

use super::catalog;
use super::create::{check_settings, master_password};
use super::describe::show;
use super::parameter_groups::{self, find_group};
use super::servers::password_statement;
use super::service::{Inner, Request};
use super::state::{Instance, Settings};
use crate::localcloud::engine::{mariadb, password};
use crate::localcloud::master_secret::{self, Login};
use crate::localcloud::query::{Form, Refusal};

/// What else a request asks for, beside settings.
#[derive(Debug, Default)]
struct Extras {
    login: Option<Login>,
    manages_secret: bool,
    restarts: bool,
}

impl Inner {
    pub(super) async fn modify_instance(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let identifier = form.required("DBInstanceIdentifier")?.to_lowercase();
        let immediately = form.flag("ApplyImmediately").unwrap_or(false);
        let extras = inner.change(&request.region, |region| {
            let groups = form.text("DBParameterGroupName").map(|name| find_group(region, &name.to_lowercase()));
            if let Some(None) = groups {
                return Err(parameter_groups::missing(form.text("DBParameterGroupName").unwrap_or_default()));
            }
            let instance = region.instance(&identifier)?;
            if instance.status != "available" {
                let message = format!("Database instance {identifier} is not in available state.");
                return Err(Refusal::new("InvalidDBInstanceState", message));
            }
            accept(instance, form, immediately)
        })?;
        inner.carry_out(request, &identifier, extras).await?;
        let answer = show(inner, &request.region, &identifier);
        Self::settle(inner, request, &identifier);
        Ok(answer)
    }

    /// Creates or drops the managed secret and changes the password inside the server.
    async fn carry_out(self: &Arc<Self>, request: &Request, identifier: &str, extras: Extras) -> Result<(), Refusal> {
        if let Some(login) = &extras.login {
            let old = self.read(&request.region, |region| {
                region.instances.get(identifier).and_then(|instance| instance.secret_arn.clone())
            });
            let new = match extras.manages_secret {
                true if old.is_some() => old.clone(),
                true => Some(self.manage_secret(&request.region, identifier, login).await?),
                false => None,
            };
            if (old.is_none() || new.is_none()) && !self.context.has_no_engines() {
                let key = Self::fleet_key(&request.region, identifier);
                let unreachable = || Refusal::new("InvalidDBInstanceState", "The server does not answer.");
                let (port, admin) = self.fleet.door(&key).await.ok_or_else(unreachable)?;
                let changed = mariadb::run(port, &admin, &[password_statement(login)]).await;
                changed.map_err(|error| Refusal::new("InternalFailure", error.to_string()))?;
            }
            if let (Some(arn), None) = (&old, &new) {
                master_secret::delete(&self.context, &request.region, arn).await;
            }
            self.update(&request.region, identifier, |instance| instance.secret_arn = new);
        }
        if extras.restarts {
            self.update(&request.region, identifier, |instance| {
                instance.port = instance.settings.port;
                "rebooting".clone_into(&mut instance.status);
            });
            Self::restart_in_background(self, &request.region, identifier, &request.fate);
        }
        Ok(())
    }

    /// Ends `modifying` a moment later; a restart ends its own status.
    fn settle(inner: &Arc<Self>, request: &Request, identifier: &str) {
        let tasks = inner.context.tasks.clone();
        let (inner, region, identifier) = (Arc::clone(inner), request.region.clone(), identifier.to_owned());
        let fate = request.fate.clone();
        tasks.spawn(async move {
            tokio::time::sleep(inner.context.settling()).await;
            fate.wait().await;
            inner.update(&region, &identifier, |instance| {
                if instance.status == "modifying" {
                    "available".clone_into(&mut instance.status);
                }
            });
        });
    }
}

/// Takes the changes into the instance, now or for later, and says what else is to be done.
fn accept(instance: &mut Instance, form: &Form, immediately: bool) -> Result<Extras, Refusal> {
    let current = instance.pending.clone().unwrap_or_else(|| instance.settings.clone());
    let wanted = wanted(&current, form)?;
    check_change(instance, &wanted)?;
    let password_change = form.text("MasterUserPassword").is_some() || form.text("ManageMasterUserPassword").is_some();
    let applies_pending = immediately && instance.pending.is_some();
    if wanted == current && !password_change && !applies_pending {
        return Err(Refusal::new("InvalidParameterCombination", "No modifications were requested"));
    }
    let mut extras = Extras::default();
    if password_change {
        let given = master_password(form)?;
        extras.manages_secret = given.is_none();
        let username = instance.master_username.clone();
        extras.login = Some(Login { username, password: given.unwrap_or_else(password) });
    }
    if wanted.parameter_group != instance.settings.parameter_group {
        // Even dynamic parameters of a newly associated group wait for a reboot.
        instance.parameters_in_sync = false;
    }
    let now = if immediately { wanted.clone() } else { Settings { ..at_once(&instance.settings, &wanted) } };
    extras.restarts = now.port != instance.settings.port;
    instance.pending = (now != wanted).then_some(wanted);
    instance.engine_version.clone_from(&now.engine_version);
    instance.settings = now;
    "modifying".clone_into(&mut instance.status);
    Ok(extras)
}

/// Returns the settings with what RDS applies at once also without `ApplyImmediately`.
fn at_once(current: &Settings, wanted: &Settings) -> Settings {
    Settings {
        class: current.class.clone(),
        storage_gib: current.storage_gib,
        storage_type: current.storage_type.clone(),
        engine_version: current.engine_version.clone(),
        multi_az: current.multi_az,
        ..wanted.clone()
    }
}

/// Returns the settings with what a request says over what is.
pub(super) fn wanted(current: &Settings, form: &Form) -> Result<Settings, Refusal> {
    let text = |name: &str, current: &String| form.text(name).unwrap_or(current).to_owned();
    let version = match form.text("EngineVersion") {
        Some(version) => catalog::version(Some(version))?.to_owned(),
        None => current.engine_version.clone(),
    };
    let wanted = Settings {
        class: text("DBInstanceClass", &current.class),
        storage_gib: form.number("AllocatedStorage")?.unwrap_or(current.storage_gib),
        max_storage_gib: form.number("MaxAllocatedStorage")?.or(current.max_storage_gib),
        storage_type: text("StorageType", &current.storage_type),
        engine_version: version,
        port: form.number("DBPortNumber")?.unwrap_or(current.port),
        public: form.flag("PubliclyAccessible").unwrap_or(current.public),
        multi_az: form.flag("MultiAZ").unwrap_or(current.multi_az),
        backup_retention_days: form.number("BackupRetentionPeriod")?.unwrap_or(current.backup_retention_days),
        backup_window: text("PreferredBackupWindow", &current.backup_window),
        maintenance_window: text("PreferredMaintenanceWindow", &current.maintenance_window),
        deletion_protection: form.flag("DeletionProtection").unwrap_or(current.deletion_protection),
        minor_upgrades: form.flag("AutoMinorVersionUpgrade").unwrap_or(current.minor_upgrades),
        copy_tags_to_snapshot: form.flag("CopyTagsToSnapshot").unwrap_or(current.copy_tags_to_snapshot),
        parameter_group: text("DBParameterGroupName", &current.parameter_group).to_lowercase(),
        security_groups: form.list("VpcSecurityGroupIds").unwrap_or_else(|| current.security_groups.clone()),
        lifecycle_support: text("EngineLifecycleSupport", &current.lifecycle_support),
    };
    check_settings(&wanted)?;
    Ok(wanted)
}

fn check_change(instance: &Instance, wanted: &Settings) -> Result<(), Refusal> {
    let held = &instance.settings;
    if wanted.storage_gib < held.storage_gib {
        let message = "The allocated storage of a DB instance cannot be decreased.";
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    if wanted.class != held.class {
        catalog::check_class(&wanted.class, &wanted.engine_version)?;
    }
    let downgrade = format!("Cannot upgrade mysql from {} to {}", held.engine_version, wanted.engine_version);
    if catalog::sortable(&wanted.engine_version) < catalog::sortable(&held.engine_version) {
        return Err(Refusal::new("InvalidParameterCombination", downgrade));
    }
    Ok(())
}
