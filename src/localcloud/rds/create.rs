//! `CreateDBInstance`.

use std::sync::Arc;

use super::describe::show;
use super::events::Event;
use super::parameter_groups::{self, find_group};
use super::servers::first_statements;
use super::service::{Inner, Request};
use super::state::{Instance, Settings, arn};
use super::{catalog, subnet_groups, tags};
use crate::localcloud::engine::{letters, mysql_server, password, uuid};
use crate::localcloud::master_secret::{self, Login};
use crate::localcloud::query::{Form, Refusal};
use crate::localcloud::subnets;

const EXTENDED_SUPPORT: &str = "open-source-rds-extended-support";

impl Inner {
    pub(super) async fn create_instance(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        if !inner.context.has_no_engines() {
            mysql_server().map_err(|error| Refusal::new("InsufficientDBInstanceCapacity", error.to_string()))?;
        }
        let mut instance = instance(form, &request.region)?;
        let given_password = master_password(form)?;
        inner.check_surroundings(request, &instance).await?;
        let login = Login {
            username: instance.master_username.clone(),
            password: given_password.clone().unwrap_or_else(password),
        };
        let identifier = instance.identifier.clone();
        inner.reserve(&request.region, &instance)?;
        if given_password.is_none() {
            match inner.manage_secret(&request.region, &identifier, &login).await {
                Ok(arn) => instance.secret_arn = Some(arn),
                Err(refusal) => {
                    inner.change(&request.region, |region| region.instances.remove(&identifier));
                    return Err(refusal);
                }
            }
        }
        inner.update(&request.region, &identifier, |held| held.secret_arn.clone_from(&instance.secret_arn));
        let answer = show(inner, &request.region, &identifier);
        let statements = first_statements(&instance, &login);
        Self::start_in_background(inner, &request.region, &identifier, statements, &request.fate);
        Ok(answer)
    }

    /// Creates the secret that RDS manages for the master user, and returns its ARN.
    pub(super) async fn manage_secret(&self, region: &str, identifier: &str, login: &Login) -> Result<String, Refusal> {
        let owner = arn(region, "db", identifier);
        let name = format!("rds!db-{}", uuid());
        let created = master_secret::create(&self.context, region, &name, login, ("rds", &owner)).await;
        created.map_err(|error| Refusal::new("InternalFailure", error.to_string()))
    }

    /// Takes the name, so that a second create is refused from now on.
    pub(super) fn reserve(&self, region: &str, instance: &Instance) -> Result<(), Refusal> {
        let created = self.now();
        self.change(region, |region| {
            if region.instances.contains_key(&instance.identifier) {
                return Err(Refusal::new("DBInstanceAlreadyExists", "DB instance already exists"));
            }
            let event = if instance.restored_from.is_some() { Event::Restored } else { Event::Created };
            let instance = Instance { created, awaited: Some((event, None)), ..instance.clone() };
            region.instances.insert(instance.identifier.clone(), instance);
            Ok(())
        })
    }

    /// Checks the groups that the instance names, and whether its network lets the public in.
    pub(super) async fn check_surroundings(&self, request: &Request, instance: &Instance) -> Result<(), Refusal> {
        let settings = &instance.settings;
        let vpc = self.read(&request.region, |region| {
            if region.instances.contains_key(&instance.identifier) {
                return Err(Refusal::new("DBInstanceAlreadyExists", "DB instance already exists"));
            }
            let group = find_group(region, &settings.parameter_group)
                .ok_or_else(|| parameter_groups::missing(&settings.parameter_group))?;
            if group.family != catalog::family(&instance.engine_version) {
                let message = format!(
                    "The Parameter Group {} with DBParameterGroupFamily {} can't be used for this instance. Please \
                     use a Parameter Group with DBParameterGroupFamily {}",
                    group.name,
                    group.family,
                    catalog::family(&instance.engine_version)
                );
                return Err(Refusal::new("InvalidParameterCombination", message));
            }
            let Some(name) = &instance.subnet_group else { return Ok(None) };
            let group = region.subnet_groups.get(name).ok_or_else(|| subnet_groups::missing(name))?;
            Ok(Some(group.vpc.clone()))
        })?;
        match vpc {
            Some(vpc) if settings.public => {
                let refused = subnets::bars_the_public(&self.context, &request.region, &vpc).await;
                let because = |why| format!("Cannot create a publicly accessible DBInstance. {why}");
                refused.map_or(Ok(()), |why| Err(Refusal::new("InvalidVPCNetworkStateFault", because(why))))
            }
            _ => Ok(()),
        }
    }
}

/// Reads and checks what a request declares.
fn instance(form: &Form, region: &str) -> Result<Instance, Refusal> {
    let identifier = form.required("DBInstanceIdentifier")?.to_lowercase();
    check_identifier("DBInstanceIdentifier", &identifier, 63)?;
    let class = form.required("DBInstanceClass")?;
    let engine = form.required("Engine")?;
    if engine != "mysql" {
        return Err(Refusal::new("InvalidParameterValue", format!("Invalid DB engine: {engine}")));
    }
    let version = catalog::version(form.text("EngineVersion"))?;
    catalog::check_class(class, version)?;
    let settings = settings(form, class, version)?;
    let master_username = form.required("MasterUsername")?.to_owned();
    check_name("MasterUsername", &master_username, 16)?;
    let database = form.text("DBName").filter(|name| !name.is_empty()).map(str::to_owned);
    database.as_deref().map_or(Ok(()), |name| check_name("DBName", name, 64))?;
    if master_username == "rdsadmin" {
        let message = "MasterUsername rdsadmin cannot be used as it is a reserved word used by the engine";
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let tags = form.tags();
    tags::check(&tags)?;
    let subnet_group = form.text("DBSubnetGroupName").filter(|name| *name != "default");
    Ok(Instance {
        identifier,
        resource_id: format!("db-{}", letters(26).to_uppercase()),
        status: "creating".to_owned(),
        settings,
        engine_version: version.to_owned(),
        master_username,
        database,
        encrypted: form.flag("StorageEncrypted").unwrap_or(false),
        zone: form.text("AvailabilityZone").map_or_else(|| format!("{region}a"), str::to_owned),
        subnet_group: subnet_group.map(str::to_lowercase),
        parameters_in_sync: true,
        tags,
        ..Instance::default()
    })
}

fn settings(form: &Form, class: &str, version: &str) -> Result<Settings, Refusal> {
    let has_iops = form.text("Iops").is_some();
    let default_type = if has_iops { "io1" } else { "gp3" };
    let lifecycle_support = form.text("EngineLifecycleSupport").unwrap_or(EXTENDED_SUPPORT).to_owned();
    if version.starts_with("8.0.") && lifecycle_support != EXTENDED_SUPPORT {
        let message = format!("The engine version {version} is past its end of standard support.");
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    let settings = Settings {
        class: class.to_owned(),
        storage_gib: form.number("AllocatedStorage")?.unwrap_or(0),
        max_storage_gib: form.number("MaxAllocatedStorage")?,
        storage_type: form.text("StorageType").unwrap_or(default_type).to_owned(),
        engine_version: version.to_owned(),
        port: form.number("Port")?.unwrap_or(3306),
        public: form.flag("PubliclyAccessible").unwrap_or(false),
        multi_az: form.flag("MultiAZ").unwrap_or(false),
        backup_retention_days: form.number("BackupRetentionPeriod")?.unwrap_or(1),
        backup_window: form.text("PreferredBackupWindow").unwrap_or("05:00-05:30").to_owned(),
        maintenance_window: form.text("PreferredMaintenanceWindow").unwrap_or("sun:06:00-sun:06:30").to_owned(),
        deletion_protection: form.flag("DeletionProtection").unwrap_or(false),
        minor_upgrades: form.flag("AutoMinorVersionUpgrade").unwrap_or(true),
        copy_tags_to_snapshot: form.flag("CopyTagsToSnapshot").unwrap_or(false),
        parameter_group: match form.text("DBParameterGroupName") {
            Some(name) => name.to_lowercase(),
            None => format!("default.{}", catalog::family(version)),
        },
        security_groups: form.list("VpcSecurityGroupIds").unwrap_or_default(),
        lifecycle_support,
    };
    check_settings(&settings)?;
    Ok(settings)
}

/// Refuses what is out of range.
pub(super) fn check_settings(settings: &Settings) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::new("InvalidParameterValue", message));
    if !(20..=65536).contains(&settings.storage_gib) {
        return refuse(format!(
            "Invalid storage size for engine name mysql and storage type {}: {}",
            settings.storage_type, settings.storage_gib
        ));
    }
    if settings.backup_retention_days > 35 {
        return refuse(format!("Invalid backup retention period: {}", settings.backup_retention_days));
    }
    if settings.port < 1150 {
        return refuse(format!("Invalid Port: {} is not in the range 1150-65535", settings.port));
    }
    if !["gp2", "gp3", "io1", "io2", "standard"].contains(&settings.storage_type.as_str()) {
        return refuse(format!("Invalid storage type: {}", settings.storage_type));
    }
    Ok(())
}

/// Returns the password that a person gave; none if RDS is to manage it.
pub(super) fn master_password(form: &Form) -> Result<Option<String>, Refusal> {
    let managed = form.flag("ManageMasterUserPassword").unwrap_or(false);
    match (form.text("MasterUserPassword"), managed) {
        (Some(_), true) => Err(Refusal::new(
            "InvalidParameterCombination",
            "You can't specify MasterUserPassword for an instance with ManageMasterUserPassword enabled.",
        )),
        (None, false) => Err(Refusal::new(
            "InvalidParameterValue",
            "The parameter MasterUserPassword must be provided and must not be blank.",
        )),
        (None, true) => Ok(None),
        (Some(password), false) => check_password(password).map(|()| Some(password.to_owned())),
    }
}

fn check_password(password: &str) -> Result<(), Refusal> {
    let because = |why: &str| {
        let message = format!("The parameter MasterUserPassword is not a valid password {why}");
        Err(Refusal::new("InvalidParameterValue", message))
    };
    if password.len() < 8 {
        return because("because it is shorter than 8 characters.");
    }
    if password.len() > 41 {
        return because("because it is longer than 41 characters.");
    }
    if !password.chars().all(|letter| letter.is_ascii_graphic() && !"/@\"'".contains(letter)) {
        return because("Only printable ASCII characters besides '/', '@', '\"', ' ' may be used.");
    }
    Ok(())
}

/// Refuses names that RDS refuses.
pub(super) fn check_identifier(parameter: &str, identifier: &str, longest: usize) -> Result<(), Refusal> {
    let good = identifier.len() <= longest
        && identifier.starts_with(|first: char| first.is_ascii_lowercase())
        && identifier.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
        && !identifier.ends_with('-')
        && !identifier.contains("--");
    if good {
        return Ok(());
    }
    let message = format!(
        "The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain only \
         ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
    );
    Err(Refusal::new("InvalidParameterValue", message))
}

fn check_name(parameter: &str, name: &str, longest: usize) -> Result<(), Refusal> {
    let good = name.len() <= longest
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let message = || format!("{parameter} must begin with a letter and contain only alphanumeric characters.");
    if good { Ok(()) } else { Err(Refusal::new("InvalidParameterValue", message())) }
}
