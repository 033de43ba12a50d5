//! The MySQL instance itself.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_rds::types::DbInstance;
use serde::Serialize;

use super::rds_tags;
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{Cx, Diff, Found, Kind, KindError, Known, Outputs, Scope};
use crate::kinds::listening::comparable_port;
use crate::model::{Address, BilledItem, Effect, Power, Readiness};
use crate::ownership::Tags;

/// Never pay for Extended Support without having asked for it.
const LIFECYCLE: &str = "open-source-rds-extended-support-disabled";

/// An RDS instance.
pub struct Instance;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// Its identifier.
    pub identifier: String,
    /// Its class.
    pub class: String,
    /// Its major version.
    pub version: String,
    /// Its storage.
    pub storage_gib: i32,
    /// Whether it has a public address.
    pub public: bool,
    /// Its port.
    pub port: i32,
    /// For how many days backups are kept.
    pub backup_retention_days: i32,
    /// The master user.
    pub username: String,
    /// Where it may be put.
    pub subnet_group: Address,
    /// Its parameters.
    pub parameter_group: Address,
    /// Who may reach it.
    pub security_group: Address,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    identifier: String,
    arn: String,
    status: String,
    class: String,
    version: String,
    storage_gib: i32,
    public: bool,
    port: i32,
    backup_retention_days: i32,
    username: String,
    parameter_group: String,
    needs_reboot: bool,
    security_groups: Vec<String>,
    endpoint: Option<(String, i32)>,
    secret_arn: Option<String>,
    is_modifying: bool,
}

#[async_trait]
impl Kind for Instance {
    const NAME: &'static str = "mysql";
    const LIMIT: Duration = Duration::from_secs(3600);
    const OUTPUTS: &'static [&'static str] = &["identifier", "arn", "username", "endpoint", "port", "secret_arn"];
    const HOLDS_DATA: bool = true;
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.identifier.clone())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        // A public instance needs a way out of its VPC before it is made.
        let mut needs = vec![want.subnet_group.clone(), want.parameter_group.clone(), want.security_group.clone()];
        if want.public {
            needs.push(Address::new("route_table", crate::kinds::network::NAME));
        }
        needs
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        // "8.4" reads back as "8.4.7".
        let same_version = seen.version == want.version || seen.version.starts_with(&format!("{}.", want.version));
        let version = if same_version { want.version.clone() } else { seen.version.clone() };
        let groups = known.get(&want.security_group, "id");
        let reboot = if seen.needs_reboot { "pending reboot" } else { "in sync" };
        Diff::new()
            .field("username", &want.username, &seen.username, Effect::Replace("RDS cannot rename the master user"))
            .in_place("class", &want.class, &seen.class)
            .in_place("version", &want.version, version)
            .in_place("storage_gib", want.storage_gib, seen.storage_gib)
            .in_place("public", want.public, seen.public)
            .in_place("backup_retention_days", want.backup_retention_days, seen.backup_retention_days)
            .maybe("parameter_group", known.get(&want.parameter_group, "name"), &seen.parameter_group, Effect::InPlace)
            .field("parameters", "in sync", reboot, Effect::Reboot)
            .maybe("security_group", groups, seen.security_groups.join(", "), Effect::InPlace)
            .in_place("port", want.port, comparable_port(seen.endpoint.as_ref(), want.port, seen.port))
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
        diff.has_any(&["port"])
    }

    fn readiness(&self, seen: &Seen) -> Readiness {
        match seen.status.as_str() {
            "available" | "storage-optimization" if !seen.is_modifying => Readiness::Ready,
            "stopped" => Readiness::Ready,
            "failed" | "incompatible-network" | "incompatible-parameters" | "incompatible-restore" | "storage-full" => {
                Readiness::Failed(format!("RDS says `{}`", seen.status))
            }
            status => Readiness::Pending(status.to_owned()),
        }
    }

    fn billing(&self, want: &Spec) -> Vec<BilledItem> {
        let mut items = vec![BilledItem::while_running(format!("rds:{}", want.class), 1)];
        if want.public {
            items.push(BilledItem::while_running("vpc:public-ipv4", 1));
        }
        items.push(BilledItem::always("rds:gp3-gib", u32::try_from(want.storage_gib).unwrap_or_default()));
        items.push(BilledItem::always("secretsmanager:secret", 1));
        items
    }

    fn power(&self, seen: &Seen) -> Option<Power> {
        Some(match seen.status.as_str() {
            "stopped" => Power::Stopped,
            "starting" | "stopping" | "creating" | "deleting" => Power::Changing,
            _ => Power::Running,
        })
    }

    async fn list(&self, cx: &Cx, _scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.rds.describe_db_instances().into_paginator().items().send();
        let mut found = vec![];
        while let Some(instance) = pages.next().await {
            let mut instance = instance.named("rds:DescribeDBInstances")?;
            let tags = rds_tags::seen(instance.tag_list.take());
            let seen = observe(instance);
            found.push(Found { name: seen.identifier.clone(), tags, seen });
        }
        Ok(found)
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
            .storage_type("gp3")
            .storage_encrypted(true)
            .publicly_accessible(want.public)
            .port(want.port)
            .backup_retention_period(want.backup_retention_days)
            .master_username(&want.username)
            .manage_master_user_password(true)
            .db_subnet_group_name(cx.known.need(&want.subnet_group, "name")?)
            .db_parameter_group_name(cx.known.need(&want.parameter_group, "name")?)
            .vpc_security_group_ids(cx.known.need(&want.security_group, "id")?)
            .copy_tags_to_snapshot(true)
            .set_tags(Some(rds_tags::list(tags)));
        match call.send().await.named("rds:CreateDBInstance") {
            Err(error) if error.trouble != Trouble::Exists => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, diff: &Diff) -> Result<(), KindError> {
        let asks_reboot = diff.0.iter().any(|change| change.field == "parameters");
        if diff.0.len() > usize::from(asks_reboot) {
            modify(cx, want, diff).await?;
        }
        if asks_reboot {
            let call = cx.aws.rds.reboot_db_instance().db_instance_identifier(&seen.identifier);
            call.send().await.named("rds:RebootDBInstance")?;
        }
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        Ok(rds_tags::write(cx, &seen.arn, tags).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        if seen.status == "deleting" {
            return Ok(());
        }
        let call = cx.aws.rds.delete_db_instance().db_instance_identifier(&seen.identifier);
        let call = call.skip_final_snapshot(true).delete_automated_backups(true);
        match call.send().await.named("rds:DeleteDBInstance") {
            Err(error) if error.is_not_found() || error.message.contains("already being deleted") => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }

    async fn switch(&self, cx: &Cx, seen: &Seen, on: bool) -> Result<(), KindError> {
        let identifier = &seen.identifier;
        if on {
            let call = cx.aws.rds.start_db_instance().db_instance_identifier(identifier);
            call.send().await.named("rds:StartDBInstance")?;
        } else {
            let call = cx.aws.rds.stop_db_instance().db_instance_identifier(identifier);
            call.send().await.named("rds:StopDBInstance")?;
        }
        Ok(())
    }
}

fn observe(instance: DbInstance) -> Seen {
    let group = instance.db_parameter_groups.unwrap_or_default().into_iter().next();
    let groups = instance.vpc_security_groups.unwrap_or_default().into_iter();
    let endpoint = instance.endpoint.and_then(|endpoint| Some((endpoint.address?, endpoint.port?)));
    let pending = instance.pending_modified_values;
    let is_modifying = pending.is_some_and(|pending| {
        pending.db_instance_class.is_some()
            || pending.allocated_storage.is_some()
            || pending.backup_retention_period.is_some()
            || pending.engine_version.is_some()
    });
    Seen {
        identifier: instance.db_instance_identifier.unwrap_or_default(),
        arn: instance.db_instance_arn.unwrap_or_default(),
        status: instance.db_instance_status.unwrap_or_default(),
        class: instance.db_instance_class.unwrap_or_default(),
        version: instance.engine_version.unwrap_or_default(),
        storage_gib: instance.allocated_storage.unwrap_or_default(),
        public: instance.publicly_accessible.unwrap_or_default(),
        port: endpoint.as_ref().map(|(_, port)| *port).unwrap_or_default(),
        backup_retention_days: instance.backup_retention_period.unwrap_or_default(),
        username: instance.master_username.unwrap_or_default(),
        needs_reboot: group.as_ref().and_then(|group| group.parameter_apply_status.as_deref())
            == Some("pending-reboot"),
        parameter_group: group.and_then(|group| group.db_parameter_group_name).unwrap_or_default(),
        security_groups: groups.filter_map(|group| group.vpc_security_group_id).collect(),
        secret_arn: instance.master_user_secret.and_then(|secret| secret.secret_arn),
        endpoint,
        is_modifying,
    }
}

async fn modify(cx: &Cx, want: &Spec, diff: &Diff) -> Result<(), KindError> {
    let mut call = cx.aws.rds.modify_db_instance().db_instance_identifier(&want.identifier).apply_immediately(true);
    for change in &diff.0 {
        call = match change.field.as_str() {
            "class" => call.db_instance_class(&want.class),
            "version" => call.engine_version(&want.version).allow_major_version_upgrade(true),
            "storage_gib" => call.allocated_storage(want.storage_gib),
            "public" => call.publicly_accessible(want.public),
            "backup_retention_days" => call.backup_retention_period(want.backup_retention_days),
            "parameter_group" => call.db_parameter_group_name(cx.known.need(&want.parameter_group, "name")?),
            "security_group" => call.vpc_security_group_ids(cx.known.need(&want.security_group, "id")?),
            "port" => call.db_port_number(want.port),
            _ => call,
        };
    }
    call.send().await.named("rds:ModifyDBInstance")?;
    Ok(())
}
