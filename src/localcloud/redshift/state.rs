//! What Redshift remembers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::events::Event;
use crate::localcloud::chronicle::Chronicle;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::query::{Refusal, Tags};

/// Everything, by region.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) regions: BTreeMap<String, Region>,
}

impl State {
    /// Calls resuming what was running when the process ended: from the first answer on, nobody is told of a server
    /// that does not run yet.
    pub(super) fn note_interruption(&mut self) {
        for region in self.regions.values_mut() {
            for cluster in region.clusters.values_mut() {
                if ["available", "rebooting", "modifying", "resizing"].contains(&cluster.status.as_str()) {
                    "resuming".clone_into(&mut cluster.status);
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
    pub(super) clusters: BTreeMap<String, Cluster>,
    pub(super) subnet_groups: BTreeMap<String, SubnetGroup>,
    pub(super) snapshots: BTreeMap<String, Snapshot>,
    pub(super) events: Chronicle,
}

/// A cluster.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Cluster {
    pub(super) identifier: String,
    pub(super) namespace: String,
    pub(super) status: String,
    pub(super) settings: Settings,
    pub(super) database: String,
    pub(super) master_username: String,
    pub(super) zone: String,
    pub(super) vpc: Option<String>,
    pub(super) subnet_group: Option<String>,
    /// The port that the server really listens on.
    pub(super) port: u16,
    pub(super) created: String,
    /// The master user and the first database are there.
    pub(super) is_made: bool,
    pub(super) secret_arn: Option<String>,
    /// Attached role to how far the attaching is.
    pub(super) roles: BTreeMap<String, String>,
    pub(super) default_role: Option<String>,
    /// The snapshot that its deletion leaves.
    pub(super) final_snapshot: Option<String>,
    /// The snapshot that it is being made of.
    pub(super) restored_from: Option<String>,
    /// What is told once its server runs.
    pub(super) awaited: Option<Event>,
    pub(super) tags: Tags,
}

/// The settings of a cluster that can be modified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    pub(super) node_type: String,
    pub(super) nodes: u32,
    pub(super) port: u16,
    pub(super) public: bool,
    pub(super) multi_az: bool,
    pub(super) enhanced_routing: bool,
    pub(super) version_upgrades: bool,
    pub(super) snapshot_retention_days: u32,
    pub(super) maintenance_window: String,
    pub(super) parameter_group: String,
    pub(super) security_groups: Vec<String>,
}

/// A cluster subnet group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct SubnetGroup {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) vpc: String,
    /// Subnet to zone.
    pub(super) subnets: BTreeMap<String, String>,
    pub(super) tags: Tags,
}

/// A cluster as it was, with its data.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Snapshot {
    pub(super) identifier: String,
    /// Not yet whole while this is `creating`.
    pub(super) status: String,
    pub(super) created: String,
    pub(super) cluster: Cluster,
    pub(super) tags: Tags,
}

impl Region {
    /// Finds a cluster.
    pub(super) fn cluster(&mut self, identifier: &str) -> Result<&mut Cluster, Refusal> {
        self.clusters.get_mut(&identifier.to_lowercase()).ok_or_else(|| missing_cluster(identifier))
    }

    /// Finds the tags of whatever the ARN names.
    pub(super) fn tags(&mut self, arn: &str) -> Result<&mut Tags, Refusal> {
        let mut words = arn.splitn(7, ':').skip(5);
        let (kind, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let found = match kind {
            "cluster" => self.clusters.get_mut(name).map(|cluster| &mut cluster.tags),
            "subnetgroup" => self.subnet_groups.get_mut(name).map(|group| &mut group.tags),
            "snapshot" => {
                let name = name.rsplit('/').next().unwrap_or(name);
                self.snapshots.get_mut(name).map(|snapshot| &mut snapshot.tags)
            }
            _ => return Err(Refusal::new("InvalidParameterValue", format!("Invalid resource name: {arn}"))),
        };
        found.ok_or_else(|| Refusal::not_found("ResourceNotFoundFault", format!("{kind} {name} not found.")))
    }
}

/// Says that there is no such cluster.
pub(super) fn missing_cluster(identifier: &str) -> Refusal {
    Refusal::not_found("ClusterNotFound", format!("Cluster {identifier} not found."))
}

/// Returns the ARN of a thing of Redshift.
pub(super) fn arn(region: &str, kind: &str, name: &str) -> String {
    format!("arn:aws:redshift:{region}:{ACCOUNT}:{kind}:{name}")
}
