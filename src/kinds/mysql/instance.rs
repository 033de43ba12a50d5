//! The MySQL instance itself.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use super::observed::{self, LIFECYCLE, READ, Seen};
use super::version::Standing;
use super::{
    billing, change, events, parameter_group, permissions, preflight, rds_tags, removal, snapshots, subnet_group,
    version,
};
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{
    Attribute, Cx, Diff, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope,
};
use crate::kinds::listening::comparable_port;
use crate::model::{Address, Backup, BilledItem, Effect, Power, Readiness, Since};
use crate::ownership::Tags;

const USER_IS_FIXED: &str = "RDS cannot rename the master user";
const ENCRYPTION_IS_FIXED: &str = "RDS encrypts an instance when it is made, or never";
const PLACE_IS_FIXED: &str = "RDS cannot move an instance to other subnets of its network";
const STORAGE_GROWS: &str = "storage only grows";
const VERSION_RISES: &str = "RDS does not go back to an older release";

/// An RDS instance.
pub struct Instance;

/// What is declared of it.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "these are the switches that a person can set")]
pub struct Spec {
    /// Its identifier.
    pub identifier: String,
    /// Its class.
    pub class: String,
    /// Its version: the release series, or a release.
    pub version: String,
    /// Its storage.
    pub storage_gib: i32,
    /// Whether it has a public address.
    pub public: bool,
    /// Its port.
    pub port: i32,
    /// For how many days backups are kept.
    pub backup_retention_days: i32,
    /// Whether a second server stands by in another zone.
    pub multi_az: bool,
    /// Whether nobody can delete it.
    pub deletion_protection: bool,
    /// Whether its storage is encrypted.
    pub encrypted: bool,
    /// The master user.
    pub username: String,
    /// The database that RDS makes together with it, where no schema makes it.
    pub database: Option<String>,
    /// Where it may be put.
    pub subnet_group: Address,
    /// Its parameters; without them it uses AWS's own group.
    pub parameter_group: Option<Address>,
    /// Who may reach it.
    pub security_group: Address,
}

impl Spec {
    /// Returns the name of the parameter group that it uses.
    pub(super) fn parameter_group_name(&self) -> String {
        match self.parameter_group {
            Some(_) => parameter_group::name(&self.identifier, &self.version),
            None => format!("default.{}", version::family(&self.version)),
        }
    }

    /// Returns the name of its subnet group.
    pub(super) fn subnet_group_name(&self) -> String {
        subnet_group::name(&self.identifier)
    }

    /// Compares whether the server works with the parameters of its group. A group that is about to change in a way
    /// that asks for a restart is not known, so the restart is foreseen. What is off starts with them anyway.
    fn parameters(&self, seen: &Seen, known: &Known) -> (&'static str, &'static str) {
        let is_changing = self.parameter_group.as_ref().is_some_and(|group| known.get(group, "name").is_none());
        let uses_it = seen.parameter_group == self.parameter_group_name();
        if seen.waits_for_reboot() {
            ("in effect", "pending reboot")
        } else if is_changing && uses_it && !seen.will_start() {
            ("changed, in effect after a restart", "in effect")
        } else {
            ("in effect", "in effect")
        }
    }
}

#[async_trait]
impl Kind for Instance {
    const NAME: &'static str = "mysql";
    const LIMIT: Duration = Duration::from_secs(3600);
    const OUTPUTS: &'static [&'static str] = &["identifier", "arn", "username", "endpoint", "port", "secret_arn"];
    const HOLDS_DATA: bool = true;
    const CAN_STOP: bool = true;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("identifier", READ),
        Attribute::running("class", READ),
        // Back to an older release there is only a replacement, and so there is to less storage.
        Attribute::running("version", READ),
        Attribute::running("storage_gib", READ),
        Attribute::running("public", READ),
        Attribute::running("port", READ),
        Attribute::running("backup_retention_days", READ),
        Attribute::running("multi_az", READ),
        Attribute::running("deletion_protection", READ),
        Attribute::replace("encrypted", READ, ENCRYPTION_IS_FIXED),
        Attribute::replace("username", READ, USER_IS_FIXED),
        Attribute::ignored("database", "RDS makes it together with the instance and never afterwards"),
        Attribute::replace("subnet_group", READ, PLACE_IS_FIXED),
        Attribute::reboot("parameter_group", READ),
        Attribute::reboot("parameters", READ),
        Attribute::running("security_group", READ),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.identifier.clone())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        // A public instance needs a way out of its VPC before it is made.
        let way_out = want.public.then(|| Address::new("route_table", crate::kinds::network::NAME));
        let mut needs = vec![want.subnet_group.clone(), want.security_group.clone()];
        needs.extend(want.parameter_group.iter().cloned().chain(way_out));
        needs
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let (version, version_effect) = match version::standing(&want.version, &seen.version) {
            Standing::AsDeclared => (&want.version, Effect::Running),
            Standing::Behind => (&seen.version, Effect::Running),
            Standing::Ahead => (&seen.version, Effect::Replace(VERSION_RISES)),
        };
        let shrinks = want.storage_gib < seen.storage_gib;
        let storage_effect = if shrinks { Effect::Replace(STORAGE_GROWS) } else { Effect::Running };
        let port = comparable_port(seen.endpoint.as_ref(), want.port, seen.port);
        let groups = seen.security_groups.join(", ");
        let (parameters, parameters_now) = want.parameters(seen, known);
        let (place, running) = (known.get(&want.subnet_group, "name"), Effect::Running);
        Diff::new()
            .field("username", &want.username, &seen.username, Effect::Replace(USER_IS_FIXED))
            .field("encrypted", want.encrypted, seen.encrypted, Effect::Replace(ENCRYPTION_IS_FIXED))
            .maybe("subnet_group", place, &seen.subnet_group, Effect::Replace(PLACE_IS_FIXED))
            .field("class", &want.class, &seen.class, running)
            .field("version", &want.version, version, version_effect)
            .field("storage_gib", want.storage_gib, seen.storage_gib, storage_effect)
            .field("public", want.public, seen.public, running)
            .field("port", want.port, port, running)
            .field("backup_retention_days", want.backup_retention_days, seen.backup_retention_days, running)
            .field("multi_az", want.multi_az, seen.multi_az, running)
            .field("deletion_protection", want.deletion_protection, seen.deletion_protection, running)
            .field("parameter_group", want.parameter_group_name(), &seen.parameter_group, Effect::Reboot)
            .field("parameters", parameters, parameters_now, Effect::Reboot)
            .maybe("security_group", known.get(&want.security_group, "id"), groups, running)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        let mut outputs = Outputs::from([
            ("identifier", seen.identifier.clone()),
            ("arn", seen.arn.clone()),
            ("username", seen.username.clone()),
        ]);
        if let Some((host, port)) = &seen.endpoint {
            outputs.insert("endpoint", host.clone());
            outputs.insert("port", port.to_string());
        }
        outputs.extend(seen.secret_arn.clone().map(|arn| ("secret_arn", arn)));
        outputs
    }

    fn changes_outputs(&self, diff: &Diff) -> bool {
        diff.0.iter().any(|change| change.field == "port")
    }

    fn readiness(&self, seen: &Seen) -> Readiness {
        match seen.status.as_str() {
            "available" | "storage-optimization" | "stopped" => Readiness::Ready,
            "failed" | "incompatible-network" | "incompatible-parameters" | "incompatible-restore" | "storage-full" => {
                Readiness::Failed(format!("RDS says `{}`", seen.status))
            }
            status => Readiness::Pending(status.to_owned()),
        }
    }

    fn billing(&self, want: &Spec) -> Vec<BilledItem> {
        billing::of_declared(want)
    }

    fn billed(&self, seen: &Seen) -> Vec<BilledItem> {
        billing::of_seen(seen)
    }

    async fn backups(&self, cx: &Cx, seen: &Seen) -> Result<Vec<Backup>, KindError> {
        snapshots::list(cx, seen).await
    }

    fn power(&self, seen: &Seen) -> Option<Power> {
        Some(match seen.status.as_str() {
            "stopped" => Power::Stopped,
            "starting" | "stopping" | "creating" | "deleting" => Power::Changing,
            _ => Power::Running,
        })
    }

    fn restarts_at(&self, seen: &Seen) -> Option<Timestamp> {
        seen.restarts_at
    }

    async fn running_since(&self, cx: &Cx, seen: &Seen) -> Result<Option<Since>, KindError> {
        match self.power(seen) {
            Some(Power::Running) => Ok(Some(events::running_since(cx, seen).await?)),
            _ => Ok(None),
        }
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        permissions::of_instance(want, meta)
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let all = scope.shared.once(READ, observed::instances(cx)).await?;
        let found = all.iter().map(observed::found);
        Ok(found.filter(|found| scope.covers(&found.name, &found.tags)).collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = &one.name else { return Ok(None) };
        Ok(observed::instance(cx, name).await?.as_ref().map(observed::found))
    }

    async fn has_data(&self, _cx: &Cx, seen: &Seen) -> Result<bool, KindError> {
        Ok(seen.was_made)
    }

    async fn preflight(&self, cx: &Cx, want: &Spec) -> Result<Vec<Finding>, KindError> {
        preflight::of_instance(cx, want).await
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let call = cx
            .aws
            .rds
            .create_db_instance()
            .db_instance_identifier(&want.identifier)
            .db_instance_class(&want.class)
            .engine("mysql")
            .engine_version(&want.version)
            .engine_lifecycle_support(LIFECYCLE)
            .allocated_storage(want.storage_gib)
            .storage_type(billing::STORAGE)
            .storage_encrypted(want.encrypted)
            .set_db_name(want.database.clone())
            .publicly_accessible(want.public)
            .port(want.port)
            .backup_retention_period(want.backup_retention_days)
            .multi_az(want.multi_az)
            .deletion_protection(want.deletion_protection)
            .master_username(&want.username)
            .manage_master_user_password(true)
            .db_subnet_group_name(cx.known.need(&want.subnet_group, "name")?)
            .db_parameter_group_name(want.parameter_group_name())
            .vpc_security_group_ids(cx.known.need(&want.security_group, "id")?)
            .copy_tags_to_snapshot(true)
            .set_tags(Some(rds_tags::list(tags)));
        match call.send().await.named("rds:CreateDBInstance") {
            Err(error) if error.trouble != Trouble::Exists => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, diff: &Diff) -> Result<(), KindError> {
        change::carry_out(cx, want, diff).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        Ok(rds_tags::write(cx, &seen.arn, tags, gone).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        removal::delete(cx, seen).await
    }

    async fn switch(&self, cx: &Cx, seen: &Seen, on: bool) -> Result<(), KindError> {
        change::switch(cx, seen, on).await
    }
}
