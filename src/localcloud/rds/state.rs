//! What RDS remembers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::query::{Refusal, Tags};

/// Everything, by region.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) regions: BTreeMap<String, Region>,
}

/// What one region has.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Region {
    pub(super) instances: BTreeMap<String, Instance>,
    pub(super) parameter_groups: BTreeMap<String, ParameterGroup>,
    pub(super) subnet_groups: BTreeMap<String, SubnetGroup>,
    pub(super) snapshots: BTreeMap<String, Snapshot>,
}

/// A DB instance.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Instance {
    pub(super) identifier: String,
    pub(super) resource_id: String,
    pub(super) status: String,
    /// What a person may declare.
    pub(super) settings: Settings,
    /// Settings that wait for the next maintenance window.
    pub(super) pending: Option<Settings>,
    pub(super) engine_version: String,
    pub(super) master_username: String,
    pub(super) database: Option<String>,
    pub(super) encrypted: bool,
    pub(super) zone: String,
    /// The port that the server really listens on.
    pub(super) port: u16,
    pub(super) created: String,
    pub(super) automatic_restart: Option<String>,
    pub(super) secret_arn: Option<String>,
    pub(super) subnet_group: Option<String>,
    pub(super) parameters_in_sync: bool,
    pub(super) tags: Tags,
}

/// The settings of an instance that can be modified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    pub(super) class: String,
    pub(super) storage_gib: u32,
    pub(super) max_storage_gib: Option<u32>,
    pub(super) storage_type: String,
    pub(super) engine_version: String,
    pub(super) port: u16,
    pub(super) public: bool,
    pub(super) multi_az: bool,
    pub(super) backup_retention_days: u32,
    pub(super) backup_window: String,
    pub(super) maintenance_window: String,
    pub(super) deletion_protection: bool,
    pub(super) minor_upgrades: bool,
    pub(super) copy_tags_to_snapshot: bool,
    pub(super) parameter_group: String,
    pub(super) security_groups: Vec<String>,
    pub(super) lifecycle_support: String,
}

/// A DB parameter group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct ParameterGroup {
    pub(super) name: String,
    pub(super) family: String,
    pub(super) description: String,
    /// What a person set: name to value and apply method.
    pub(super) parameters: BTreeMap<String, (String, String)>,
    pub(super) tags: Tags,
}

/// A DB subnet group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct SubnetGroup {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) vpc: String,
    /// Subnet to zone.
    pub(super) subnets: BTreeMap<String, String>,
    pub(super) tags: Tags,
}

/// What is left of a deleted instance.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Snapshot {
    pub(super) identifier: String,
    pub(super) created: String,
    pub(super) instance: Instance,
    pub(super) tags: Tags,
}

impl Region {
    /// Finds an instance.
    pub(super) fn instance(&mut self, identifier: &str) -> Result<&mut Instance, Refusal> {
        let missing = || Refusal::not_found("DBInstanceNotFound", format!("DBInstance {identifier} not found."));
        self.instances.get_mut(&identifier.to_lowercase()).ok_or_else(missing)
    }

    /// Finds the tags of whatever the ARN names.
    pub(super) fn tags(&mut self, arn: &str) -> Result<&mut Tags, Refusal> {
        let mut words = arn.splitn(7, ':').skip(5);
        let (kind, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let missing = |code, what: &str| Refusal::not_found(code, format!("{what} {name} not found."));
        match kind {
            "db" => self.instance(name).map(|instance| &mut instance.tags),
            "pg" => {
                let group = self.parameter_groups.get_mut(name).map(|group| &mut group.tags);
                group.ok_or_else(|| missing("DBParameterGroupNotFound", "DBParameterGroup"))
            }
            "subgrp" => {
                let group = self.subnet_groups.get_mut(name).map(|group| &mut group.tags);
                group.ok_or_else(|| missing("DBSubnetGroupNotFoundFault", "DBSubnetGroup"))
            }
            "snapshot" => {
                let snapshot = self.snapshots.get_mut(name).map(|snapshot| &mut snapshot.tags);
                snapshot.ok_or_else(|| missing("DBSnapshotNotFound", "DBSnapshot"))
            }
            _ => Err(Refusal::new("InvalidParameterValue", format!("Invalid resource name: {arn}"))),
        }
    }
}

/// Returns the ARN of a thing of RDS.
pub(super) fn arn(region: &str, kind: &str, name: &str) -> String {
    format!("arn:aws:rds:{region}:{ACCOUNT}:{kind}:{name}")
}
