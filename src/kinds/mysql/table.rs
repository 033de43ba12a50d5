//! The table `[mysql.NAME]` and the resources that it stands for.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Instance, ParameterGroup, Schema, SubnetGroup, instance, parameter_group, schema, subnet_group};
use crate::kinds::base::{Entry, Finding, KindError, Reference, Resource, Table};
use crate::kinds::network;
use crate::model::Address;

/// The table `[mysql.NAME]`.
pub struct Mysql;

/// Its keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MysqlTable {
    /// The instance's identifier.
    pub identifier: String,
    /// The instance class, such as `db.t4g.micro`.
    pub class: String,
    /// The major version, such as `8.4`.
    pub version: String,
    /// Storage in GiB; it can grow, never shrink.
    pub storage_gib: i32,
    /// Whether it has a public address.
    #[serde(default)]
    pub public: bool,
    /// The TCP port.
    #[serde(default = "default_port")]
    pub port: i32,
    /// For how many days automatic backups are kept; 0 turns them off.
    #[serde(default)]
    pub backup_retention_days: i32,
    /// The master user; RDS makes and keeps the password.
    #[serde(default = "default_user")]
    pub username: String,
    /// The database.
    pub database: String,
    /// The SQL file that makes the tables; safe to repeat.
    pub schema: String,
    /// A PEM file with the authorities that the server's certificate must come from, such as RDS's bundle. Without it
    /// connections are encrypted, but the server is not authenticated.
    pub certificate_authorities: Option<String>,
    /// Server parameters.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
}

/// The value of a server parameter.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "serde_json::Value")]
pub struct Parameter(pub String);

impl TryFrom<serde_json::Value> for Parameter {
    type Error = String;

    fn try_from(value: serde_json::Value) -> Result<Self, String> {
        match value {
            serde_json::Value::String(text) => Ok(Self(text)),
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            serde_json::Value::Bool(on) => Ok(Self(u8::from(on).to_string())),
            _ => Err("a parameter is a text, a number or a truth value".into()),
        }
    }
}

fn default_port() -> i32 {
    3306
}

fn default_user() -> String {
    "admin".into()
}

impl Table for Mysql {
    const NAME: &'static str = "mysql";
    type Spec = MysqlTable;

    fn references(&self, _spec: &MysqlTable) -> Vec<Reference> {
        vec![Reference::new("", network::Network::NAME, network::NAME)]
    }

    fn check(&self, spec: &MysqlTable, entry: Entry<'_>) -> Vec<Finding> {
        let mut findings = vec![];
        findings.extend(identifier_problem(&spec.identifier));
        if !spec.class.starts_with("db.") {
            findings
                .push(Finding::error("class", "an instance class begins with `db.`").hint("such as `db.t4g.micro`"));
        }
        if !(20..=65536).contains(&spec.storage_gib) {
            findings.push(Finding::error("storage_gib", "gp3 storage is from 20 to 65,536 GiB"));
        }
        if !(0..=35).contains(&spec.backup_retention_days) {
            findings.push(Finding::error("backup_retention_days", "backups are kept for 0 to 35 days"));
        }
        if !(1150..=65535).contains(&spec.port) {
            findings.push(Finding::error("port", "the port of a MySQL instance is from 1150 to 65535"));
        }
        if spec.database.is_empty() || spec.database.contains(['`', '/', '.']) {
            findings.push(Finding::error("database", "not a database name"));
        }
        for file in spec.certificate_authorities.iter().filter(|file| !entry.all.path(file).is_file()) {
            findings.push(Finding::no_such("certificate_authorities", "file", file));
        }
        if !entry.all.path(&spec.schema).is_file() {
            findings.push(Finding::no_such("schema", "file", &spec.schema));
        }
        findings
    }

    fn unique_name(&self, spec: &MysqlTable) -> Option<String> {
        Some(spec.identifier.clone())
    }

    fn expand(&self, spec: &MysqlTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        let name = entry.name;
        let origin = || entry.origin.clone();
        let subnets = entry.all.get::<network::Network>(network::NAME).map(|network| network::subnets(network, entry));
        let group_name = format!("{}-subnets", spec.identifier);
        let group = subnet_group::Spec { name: group_name, subnets: subnets.unwrap_or_default() };
        // A parameter group belongs to one major version, so the version is part of its name.
        let family = format!("mysql{}", spec.version);
        let parameter_group = format!("{}-{}", spec.identifier, family.replace('.', "-"));
        let values = spec.parameters.iter().map(|(key, value)| (key.clone(), value.0.clone())).collect();
        let parameters = parameter_group::Spec { name: parameter_group, family, values };
        let instance = instance::Spec {
            identifier: spec.identifier.clone(),
            class: spec.class.clone(),
            version: spec.version.clone(),
            storage_gib: spec.storage_gib,
            public: spec.public,
            port: spec.port,
            backup_retention_days: spec.backup_retention_days,
            username: spec.username.clone(),
            subnet_group: Address::new(<SubnetGroup as crate::kinds::base::Kind>::NAME, name),
            parameter_group: Address::new(<ParameterGroup as crate::kinds::base::Kind>::NAME, name),
            security_group: Address::new("security_group", network::NAME),
        };
        let file = entry.all.path(&spec.schema);
        let mut schema = schema::Spec::of_file(Address::new(Self::NAME, name), &spec.database, file)?;
        schema.certificate_authorities = spec.certificate_authorities.as_ref().map(|file| entry.all.path(file));
        Ok(vec![
            Resource::new(&SubnetGroup, name, origin(), group),
            Resource::new(&ParameterGroup, name, origin(), parameters),
            Resource::new(&Instance, name, origin(), instance),
            Resource::new(&Schema, name, origin(), schema),
        ])
    }
}

fn identifier_problem(identifier: &str) -> Option<Finding> {
    let lower = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let starts = identifier.chars().next().is_some_and(|letter| letter.is_ascii_lowercase());
    let good = starts && identifier.len() <= 63 && identifier.chars().all(lower);
    let good = good && !identifier.ends_with('-') && !identifier.contains("--");
    let message = format!("`{identifier}` is no valid identifier");
    let rule = "1 to 63 of a-z, 0-9 and `-`, beginning with a letter, without two `-` in a row or one at the end";
    (!good).then(|| Finding::error("identifier", message).hint(rule))
}
