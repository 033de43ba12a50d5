//! What RDS remembers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::events::Event;
use crate::localcloud::chronicle::Chronicle;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::query::{Refusal, Tags};
use crate::localcloud::service::Tagged;

/// Everything, by region.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) regions: BTreeMap<String, Region>,
}

impl State {
    /// Calls starting what was running when the process ended: from the first answer on, nobody is told of a server
    /// that does not run yet.
    pub(super) fn note_interruption(&mut self) {
        for region in self.regions.values_mut() {
            for instance in region.instances.values_mut() {
                if ["available", "backing-up", "modifying", "rebooting"].contains(&instance.status.as_str()) {
                    "starting".clone_into(&mut instance.status);
                }
            }
            region.forget_unfinished_snapshots();
        }
    }
}

/// What one region has.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Region {
    pub(super) instances: BTreeMap<String, Instance>,
    pub(super) parameter_groups: BTreeMap<String, ParameterGroup>,
    pub(super) subnet_groups: BTreeMap<String, SubnetGroup>,
    pub(super) snapshots: BTreeMap<String, Snapshot>,
    pub(super) events: Chronicle,
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
    /// The snapshot that its deletion leaves.
    pub(super) final_snapshot: Option<String>,
    /// The snapshot that it is being made of.
    pub(super) restored_from: Option<String>,
    /// The instance that it copies.
    pub(super) replica_of: Option<String>,
    /// What is told once its server runs, and when that was to be, if it was not to be now.
    pub(super) awaited: Option<(Event, Option<Timestamp>)>,
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

/// An instance as it was, with its data.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Snapshot {
    pub(super) identifier: String,
    /// Not yet whole while this is `creating`.
    pub(super) status: String,
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

    /// Returns everything that takes tags.
    pub(super) fn tagged(&self, name: &str) -> Vec<Tagged> {
        let instances = self.instances.iter().map(|(key, instance)| ("db", key, &instance.tags));
        let parameter_groups = self.parameter_groups.iter().map(|(key, group)| ("pg", key, &group.tags));
        let subnet_groups = self.subnet_groups.iter().map(|(key, group)| ("subgrp", key, &group.tags));
        let snapshots = self.snapshots.iter().map(|(key, snapshot)| ("snapshot", key, &snapshot.tags));
        let all = instances.chain(parameter_groups).chain(subnet_groups).chain(snapshots);
        all.map(|(kind, key, tags)| Tagged { arn: arn(name, kind, key), tags: tags.clone() }).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_an_interruption_nothing_is_available_and_no_half_snapshot_is_left() {
        let instance = |status: &str, final_snapshot: Option<&str>| Instance {
            status: status.to_owned(),
            final_snapshot: final_snapshot.map(str::to_owned),
            ..Instance::default()
        };
        let snapshot = |status: &str| Snapshot { status: status.to_owned(), ..Snapshot::default() };
        let mut region = Region::default();
        region.instances.insert("up".to_owned(), instance("available", None));
        region.instances.insert("down".to_owned(), instance("stopped", None));
        region.instances.insert("going".to_owned(), instance("deleting", Some("last")));
        region.snapshots.insert("last".to_owned(), snapshot("creating"));
        region.snapshots.insert("half".to_owned(), snapshot("creating"));
        region.snapshots.insert("whole".to_owned(), snapshot("available"));
        let mut state = State { regions: BTreeMap::from([("us-east-2".to_owned(), region)]) };
        state.note_interruption();
        let region = &state.regions["us-east-2"];
        let statuses: Vec<&str> = region.instances.values().map(|instance| instance.status.as_str()).collect();
        assert_eq!(statuses, ["stopped", "deleting", "starting"]);
        assert_eq!(region.snapshots.keys().collect::<Vec<_>>(), ["last", "whole"]);
    }
}
