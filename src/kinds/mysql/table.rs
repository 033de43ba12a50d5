//! The table `[mysql.NAME]` and the resources that it stands for.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Instance, ParameterGroup, Schema, SubnetGroup, instance, parameter_group, schema, subnet_group, version};
use crate::kinds::base::{Entry, Finding, Kind, KindError, Reference, Resource, Table};
use crate::kinds::{network, retired};
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
    /// The version: a release series such as `8.4`, of which AWS takes the newest release, or a release.
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
    /// Whether a second server stands by in another zone; it doubles the price.
    #[serde(default)]
    pub multi_az: bool,
    /// Whether AWS refuses to delete it until this is taken back.
    #[serde(default)]
    pub deletion_protection: bool,
    /// Whether its storage is encrypted, which cannot be changed later.
    #[serde(default = "yes")]
    pub encrypted: bool,
    /// The master user; RDS makes and keeps the password.
    #[serde(default = "default_user")]
    pub username: String,
    /// The database.
    pub database: String,
    /// The SQL file that makes the tables; safe to repeat. Without it the tables are somebody else's business.
    pub schema: Option<String>,
    /// A PEM file with the authorities that the server's certificate must come from, such as RDS's bundle. Without it
    /// connections are encrypted, but the server is not authenticated.
    pub certificate_authorities: Option<String>,
    /// Server parameters; without any, the instance uses AWS's own parameter group.
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

fn yes() -> bool {
    true
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
        findings.extend(retired::mysql_class(&spec.class));
        findings.extend(retired::mysql_version(&spec.version, entry.today));
        let parameters = spec.parameters.iter().map(|(name, value)| (name.as_str(), value.0.as_str()));
        findings.extend(retired::mysql_parameters(&spec.version, entry.today, parameters));
        if !spec.class.starts_with("db.") {
            findings
                .push(Finding::error("class", "an instance class begins with `db.`").hint("such as `db.t4g.micro`"));
        }
        let numbers = spec.version.split('.').filter(|part| part.parse::<u16>().is_ok()).count();
        if !(2..=3).contains(&numbers) || spec.version.split('.').count() != numbers {
            findings.push(Finding::error("version", "not a version of MySQL").hint("such as `8.4`"));
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
        for file in spec.schema.iter().filter(|file| !entry.all.path(file).is_file()) {
            findings.push(Finding::no_such("schema", "file", file));
        }
        findings
    }

    fn unique_name(&self, spec: &MysqlTable) -> Option<String> {
        Some(spec.identifier.clone())
    }

    fn expand(&self, spec: &MysqlTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        let (name, origin) = (entry.name, || entry.origin.clone());
        let network = entry.all.get::<network::Network>(network::NAME);
        let subnets = network.map(|network| network::subnets(network, entry)).unwrap_or_default();
        let group = subnet_group::Spec { name: subnet_group::name(&spec.identifier), subnets };
        let mut resources = vec![Resource::new(&SubnetGroup, name, origin(), group)];
        if !spec.parameters.is_empty() {
            resources.push(Resource::new(&ParameterGroup, name, origin(), parameters(spec)));
        }
        resources.push(Resource::new(&Instance, name, origin(), instance(spec, name)));
        if let Some(file) = &spec.schema {
            let instance = Address::new(Self::NAME, name);
            let mut schema = schema::Spec::of_file(instance, &spec.database, entry.all.path(file))?;
            schema.certificate_authorities = spec.certificate_authorities.as_ref().map(|file| entry.all.path(file));
            let access = network.map(|network| network.access.clone()).unwrap_or_default();
            schema.reach = schema::Reach { public: spec.public, access };
            resources.push(Resource::new(&Schema, name, origin(), schema));
        }
        Ok(resources)
    }
}

fn parameters(spec: &MysqlTable) -> parameter_group::Spec {
    parameter_group::Spec {
        name: parameter_group::name(&spec.identifier, &spec.version),
        family: version::family(&spec.version),
        parameters: spec.parameters.iter().map(|(key, value)| (key.clone(), value.0.clone())).collect(),
    }
}

fn instance(spec: &MysqlTable, name: &str) -> instance::Spec {
    instance::Spec {
        identifier: spec.identifier.clone(),
        class: spec.class.clone(),
        version: spec.version.clone(),
        storage_gib: spec.storage_gib,
        public: spec.public,
        port: spec.port,
        backup_retention_days: spec.backup_retention_days,
        multi_az: spec.multi_az,
        deletion_protection: spec.deletion_protection,
        encrypted: spec.encrypted,
        username: spec.username.clone(),
        database: spec.schema.is_none().then(|| spec.database.clone()),
        subnet_group: Address::new(SubnetGroup::NAME, name),
        parameter_group: (!spec.parameters.is_empty()).then(|| Address::new(ParameterGroup::NAME, name)),
        security_group: Address::new("security_group", network::NAME),
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
