//! The table `[redshift.NAME]` and the resources that it stands for.

use serde::Deserialize;

use super::{Cluster, Schema, SubnetGroup, cluster, schema, subnet_group};
use crate::kinds::base::{Entry, Finding, Kind, KindError, Reference, Resource, Table};
use crate::kinds::{network, retired, role};
use crate::model::Address;

/// The table `[redshift.NAME]`.
pub struct Redshift;

/// Its keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedshiftTable {
    /// The cluster's identifier.
    pub identifier: String,
    /// The node type, such as `ra3.large`.
    pub node_type: String,
    /// How many nodes.
    pub nodes: i32,
    /// Whether it has a public address.
    #[serde(default)]
    pub public: bool,
    /// The TCP port; RA3 takes 5431 to 5455 and 8191 to 8215.
    #[serde(default = "default_port")]
    pub port: i32,
    /// The master user; Redshift makes and keeps the password.
    #[serde(default = "default_user")]
    pub username: String,
    /// The database.
    pub database: String,
    /// The role that COPY and UNLOAD use.
    pub role: String,
    /// For how many days automatic snapshots are kept.
    #[serde(default = "one")]
    pub snapshot_retention_days: i32,
    /// The SQL file that makes the tables; safe to repeat. Without it the tables are somebody else's business.
    pub schema: Option<String>,
}

fn default_port() -> i32 {
    5439
}

fn default_user() -> String {
    "admin".into()
}

fn one() -> i32 {
    1
}

impl Table for Redshift {
    const NAME: &'static str = "redshift";
    type Spec = RedshiftTable;

    fn references(&self, spec: &RedshiftTable) -> Vec<Reference> {
        vec![
            Reference::new("role", <role::Role as Table>::NAME, &spec.role),
            Reference::new("", network::Network::NAME, network::NAME),
        ]
    }

    fn check(&self, spec: &RedshiftTable, entry: Entry<'_>) -> Vec<Finding> {
        let mut findings = vec![];
        let lower = |text: &str| text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit());
        if !lower(&spec.identifier.replace('-', "")) || spec.identifier.len() > 63 || spec.identifier.is_empty() {
            findings.push(Finding::error("identifier", "an identifier has 1 to 63 of a-z, 0-9 and `-`"));
        }
        if !lower(&spec.database.replace('_', "")) || spec.database.is_empty() {
            findings.push(Finding::error("database", "a database name has only a-z, 0-9 and `_`"));
        }
        findings.extend(retired::node_type(&spec.node_type));
        if !(1..=128).contains(&spec.nodes) {
            findings.push(Finding::error("nodes", "a cluster has 1 to 128 nodes"));
        }
        if !(5431..=5455).contains(&spec.port) && !(8191..=8215).contains(&spec.port) {
            findings.push(Finding::error("port", "the port must be from 5431 to 5455 or from 8191 to 8215"));
        }
        if !(1..=35).contains(&spec.snapshot_retention_days) {
            findings.push(Finding::error("snapshot_retention_days", "RA3 keeps snapshots for 1 to 35 days"));
        }
        for file in spec.schema.iter().filter(|file| !entry.all.path(file).is_file()) {
            findings.push(Finding::no_such("schema", "file", file));
        }
        findings
    }

    fn unique_name(&self, spec: &RedshiftTable) -> Option<String> {
        Some(spec.identifier.clone())
    }

    fn expand(&self, spec: &RedshiftTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        let name = entry.name;
        let origin = || entry.origin.clone();
        let subnets = entry.all.get::<network::Network>(network::NAME).map(|network| network::subnets(network, entry));
        let group =
            subnet_group::Spec { name: subnet_group::name(&spec.identifier), subnets: subnets.unwrap_or_default() };
        let cluster = cluster::Spec {
            identifier: spec.identifier.clone(),
            node_type: spec.node_type.clone(),
            nodes: spec.nodes,
            public: spec.public,
            port: spec.port,
            username: spec.username.clone(),
            database: spec.database.clone(),
            snapshot_retention_days: spec.snapshot_retention_days,
            role: Address::new(<role::Role as Kind>::NAME, &spec.role),
            subnet_group: Address::new(SubnetGroup::NAME, name),
            security_group: Address::new("security_group", network::NAME),
        };
        let mut resources =
            vec![Resource::new(&SubnetGroup, name, origin(), group), Resource::new(&Cluster, name, origin(), cluster)];
        if let Some(file) = &spec.schema {
            let cluster = Address::new(Cluster::NAME, name);
            let schema = schema::Spec::of_file(cluster, &spec.database, entry.all.path(file))?;
            resources.push(Resource::new(&Schema, name, origin(), schema));
        }
        Ok(resources)
    }
}
