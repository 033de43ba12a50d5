//! What RDS reports of an instance.

use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::DbInstance;
use jiff::Timestamp;

use super::rds_tags;
use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Cx, Found};
use crate::kinds::present::present;

/// The operation that reads all of it.
pub(super) const READ: &str = "rds:DescribeDBInstances";

/// Never pay for Extended Support without having asked for it.
pub(super) const LIFECYCLE: &str = "open-source-rds-extended-support-disabled";

/// What is observed of an instance. A change that RDS keeps for its maintenance window counts as made: it will come.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "these are the switches that RDS reports")]
pub struct Seen {
    pub(super) identifier: String,
    pub(super) arn: String,
    pub(super) resource_id: String,
    pub(super) status: String,
    pub(super) class: String,
    pub(super) version: String,
    pub(super) storage_gib: i32,
    pub(super) public: bool,
    pub(super) port: i32,
    pub(super) backup_retention_days: i32,
    pub(super) username: String,
    pub(super) parameter_group: String,
    pub(super) parameter_status: String,
    pub(super) subnet_group: String,
    pub(super) security_groups: Vec<String>,
    pub(super) deletion_protection: bool,
    pub(super) encrypted: bool,
    pub(super) multi_az: bool,
    pub(super) storage_type: String,
    /// What is provisioned, or comes with the storage.
    pub(super) iops: i32,
    /// Whether it stays, for a price, when its version is out of standard support.
    pub(super) has_extended_support: bool,
    pub(super) endpoint: Option<(String, i32)>,
    pub(super) secret_arn: Option<String>,
    /// Whether it copies another instance, or others copy it: then RDS does not stop it.
    pub(super) replicates: bool,
    /// Whether it was ever available.
    pub(super) was_made: bool,
    /// When it was made.
    pub(super) made_at: Option<Timestamp>,
    /// When RDS starts it again by itself, if it is stopped.
    pub(super) restarts_at: Option<Timestamp>,
    /// Whether a change has been accepted and not begun.
    pub(super) has_pending: bool,
}

impl Seen {
    /// Returns whether it is off, or goes off or on: then the next start brings its parameters into effect.
    pub(super) fn will_start(&self) -> bool {
        matches!(self.status.as_str(), "stopped" | "stopping" | "starting")
    }

    /// Returns whether only a restart brings its parameters into effect.
    pub(super) fn waits_for_reboot(&self) -> bool {
        self.parameter_status == "pending-reboot" && !self.will_start()
    }
}

/// Lists the instances of the account, all pages.
pub(super) async fn instances(cx: &Cx) -> Result<Vec<DbInstance>, AwsError> {
    let mut pages = cx.aws.rds.describe_db_instances().into_paginator().items().send();
    let mut all = vec![];
    while let Some(instance) = pages.next().await {
        all.push(instance.named(READ)?);
    }
    Ok(all)
}

/// Reads one instance.
pub(super) async fn instance(cx: &Cx, identifier: &str) -> Result<Option<DbInstance>, AwsError> {
    let call = cx.aws.rds.describe_db_instances().db_instance_identifier(identifier);
    let answer = present(call.send().await.named(READ))?;
    Ok(answer.and_then(|answer| answer.db_instances.unwrap_or_default().into_iter().next()))
}

/// Returns what a listing finds of an instance.
pub(super) fn found(instance: &DbInstance) -> Found<Seen> {
    let seen = observe(instance);
    Found { name: seen.identifier.clone(), tags: rds_tags::seen(instance.tag_list.clone()), seen }
}

fn moment(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(time.secs()).ok()
}

fn observe(instance: &DbInstance) -> Seen {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let group = instance.db_parameter_groups().first();
    let groups = instance.vpc_security_groups().iter().filter(|group| group.status() != Some("removing"));
    let mut security_groups: Vec<String> = groups.filter_map(|group| group.vpc_security_group_id.clone()).collect();
    security_groups.sort_unstable();
    let endpoint = instance.endpoint().and_then(|endpoint| Some((endpoint.address.clone()?, endpoint.port?)));
    let pending = instance.pending_modified_values();
    let number = |later: Option<i32>, now: Option<i32>| later.or(now).unwrap_or_default();
    Seen {
        identifier: text(&instance.db_instance_identifier),
        arn: text(&instance.db_instance_arn),
        resource_id: text(&instance.dbi_resource_id),
        status: text(&instance.db_instance_status),
        class: pending
            .and_then(|later| later.db_instance_class.clone())
            .unwrap_or_else(|| text(&instance.db_instance_class)),
        version: pending
            .and_then(|later| later.engine_version.clone())
            .unwrap_or_else(|| text(&instance.engine_version)),
        storage_gib: number(pending.and_then(|later| later.allocated_storage), instance.allocated_storage),
        public: instance.publicly_accessible.unwrap_or_default(),
        port: endpoint.as_ref().map(|(_, port)| *port).unwrap_or_default(),
        backup_retention_days: number(
            pending.and_then(|later| later.backup_retention_period),
            instance.backup_retention_period,
        ),
        username: text(&instance.master_username),
        parameter_group: group.and_then(|group| group.db_parameter_group_name.clone()).unwrap_or_default(),
        parameter_status: group.and_then(|group| group.parameter_apply_status.clone()).unwrap_or_default(),
        subnet_group: instance
            .db_subnet_group()
            .and_then(|group| group.db_subnet_group_name.clone())
            .unwrap_or_default(),
        security_groups,
        deletion_protection: instance.deletion_protection.unwrap_or_default(),
        encrypted: instance.storage_encrypted.unwrap_or_default(),
        multi_az: pending.and_then(|later| later.multi_az).or(instance.multi_az).unwrap_or_default(),
        storage_type: pending
            .and_then(|later| later.storage_type.clone())
            .unwrap_or_else(|| text(&instance.storage_type)),
        iops: number(pending.and_then(|later| later.iops), instance.iops),
        // RDS enrols what says nothing of it.
        has_extended_support: instance.engine_lifecycle_support() != Some(LIFECYCLE),
        secret_arn: instance.master_user_secret().and_then(|secret| secret.secret_arn.clone()),
        replicates: instance.read_replica_source_db_instance_identifier.is_some()
            || !instance.read_replica_db_instance_identifiers().is_empty(),
        was_made: instance.instance_create_time.is_some(),
        made_at: instance.instance_create_time.as_ref().and_then(moment),
        restarts_at: instance.automatic_restart_time.as_ref().and_then(moment),
        has_pending: pending.is_some_and(|later| {
            later.db_instance_class.is_some()
                || later.engine_version.is_some()
                || later.allocated_storage.is_some()
                || later.backup_retention_period.is_some()
                || later.multi_az.is_some()
        }),
        endpoint,
    }
}
