//! `[connection.NAME]`: how Glue reaches MySQL, Redshift, or just the network.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::{
    Connection as AwsConnection, ConnectionInput, ConnectionPropertyKey, ConnectionStatus, ConnectionType,
    PhysicalConnectionRequirements,
};
use serde::{Deserialize, Serialize};

use super::glue_tags;
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{
    Attribute, Cx, Diff, Entry, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Reference,
    Resource, Scope, Table,
};
use crate::kinds::present::present;
use crate::kinds::{mysql, network, redshift};
use crate::model::{Address, Effect, Readiness};
use crate::ownership::Tags;

const LIST: &str = "glue:GetConnections";
const READ: &str = "glue:GetConnection";

/// A property that AWS may fill in with this value, which says the same as its absence.
const FILLED_IN: (&str, &str) = ("JDBC_ENFORCE_SSL", "false");

/// The kind and the table.
pub struct Connection;

/// The keys of the table: one of `mysql` and `redshift`, or neither for a network connection.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionTable {
    /// Its name.
    pub name: String,
    /// The MySQL instance it leads to.
    pub mysql: Option<String>,
    /// The Redshift cluster it leads to.
    pub redshift: Option<String>,
}

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    name: String,
    /// The database server, with the scheme of its URL and the database.
    server: Option<(Address, String, String)>,
    subnet: Address,
    security_group: Address,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    kind: String,
    properties: BTreeMap<String, String>,
    subnet: String,
    security_groups: Vec<String>,
    readiness: Readiness,
}

impl Table for Connection {
    const NAME: &'static str = "connection";
    type Spec = ConnectionTable;

    fn references(&self, spec: &ConnectionTable) -> Vec<Reference> {
        let mysql = spec.mysql.iter().map(|name| Reference::new("mysql", mysql::Mysql::NAME, name));
        let redshift = spec.redshift.iter().map(|name| Reference::new("redshift", redshift::Redshift::NAME, name));
        let network = Reference::new("", network::Network::NAME, network::NAME);
        mysql.chain(redshift).chain([network]).collect()
    }

    fn check(&self, spec: &ConnectionTable, entry: Entry<'_>) -> Vec<Finding> {
        if spec.mysql.is_some() && spec.redshift.is_some() {
            let finding = Finding::error("redshift", "a connection leads to one server");
            return vec![finding.hint("make two connections")];
        }
        // Glue reads the password from inside the network, where it has no public address.
        let at = if spec.mysql.is_some() { "mysql" } else { "redshift" };
        let reads_secret = spec.mysql.is_some() || spec.redshift.is_some();
        let lacks_way = entry
            .all
            .get::<network::Network>(network::NAME)
            .is_some_and(|network| !network.interface_endpoints.iter().any(|service| service == "secretsmanager"));
        let warning = Finding::warning(at, "Glue cannot read the password: no way leads to Secrets Manager");
        let warning = warning.hint("add `interface_endpoints = [\"secretsmanager\"]` to `[network]`");
        if reads_secret && lacks_way { vec![warning] } else { vec![] }
    }

    fn unique_name(&self, spec: &ConnectionTable) -> Option<String> {
        Some(spec.name.clone())
    }

    fn expand(&self, spec: &ConnectionTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        let mysql = spec.mysql.as_ref().and_then(|name| {
            let database = &entry.all.get::<mysql::Mysql>(name)?.database;
            Some((Address::new(mysql::Mysql::NAME, name), "mysql".to_owned(), database.clone()))
        });
        let redshift = spec.redshift.as_ref().and_then(|name| {
            let database = &entry.all.get::<redshift::Redshift>(name)?.database;
            Some((Address::new(redshift::Redshift::NAME, name), "redshift".to_owned(), database.clone()))
        });
        let network = entry.all.get::<network::Network>(network::NAME);
        let subnets = network.map(|network| network::subnets(network, entry)).unwrap_or_default();
        let Some(subnet) = subnets.into_iter().next() else { return Ok(vec![]) };
        let security_group = Address::new("security_group", network::NAME);
        let connection = Spec { name: spec.name.clone(), server: mysql.or(redshift), subnet, security_group };
        Ok(vec![Resource::new(&Connection, entry.name, entry.origin.clone(), connection)])
    }
}

impl Spec {
    fn kind(&self) -> ConnectionType {
        if self.server.is_some() { ConnectionType::Jdbc } else { ConnectionType::Network }
    }

    fn property_names(&self) -> &'static [ConnectionPropertyKey] {
        const OF_A_SERVER: &[ConnectionPropertyKey] =
            &[ConnectionPropertyKey::JdbcConnectionUrl, ConnectionPropertyKey::SecretId];
        if self.server.is_some() { OF_A_SERVER } else { &[] }
    }

    /// Returns the properties, or `None` while the server is not there.
    fn properties(&self, known: &Known) -> Option<BTreeMap<String, String>> {
        let Some((server, scheme, database)) = &self.server else { return Some(BTreeMap::new()) };
        let (host, port) = (known.get(server, "endpoint")?, known.get(server, "port")?);
        let url = format!("jdbc:{scheme}://{host}:{port}/{database}");
        let properties = [
            (ConnectionPropertyKey::JdbcConnectionUrl, url),
            (ConnectionPropertyKey::SecretId, known.get(server, "secret_arn")?),
        ];
        Some(properties.into_iter().map(|(key, value)| (key.as_str().to_owned(), value)).collect())
    }

    fn input(&self, cx: &Cx) -> Result<ConnectionInput, KindError> {
        let properties = match (self.properties(&cx.known), &self.server) {
            (Some(properties), _) => properties,
            (None, Some((server, _, _))) => {
                return Err(KindError::NotKnown { address: server.clone(), output: "endpoint" });
            }
            (None, None) => BTreeMap::new(),
        };
        let keyed: HashMap<_, _> =
            properties.into_iter().map(|(key, value)| (ConnectionPropertyKey::from(key.as_str()), value)).collect();
        let place = PhysicalConnectionRequirements::builder()
            .subnet_id(cx.known.need(&self.subnet, "id")?)
            .availability_zone(cx.known.need(&self.subnet, "zone")?)
            .security_group_id_list(cx.known.need(&self.security_group, "id")?)
            .build();
        let input = ConnectionInput::builder()
            .name(&self.name)
            .connection_type(self.kind())
            .set_connection_properties(Some(keyed))
            .physical_connection_requirements(place)
            .build();
        Ok(input.map_err(|error| AwsError::incomplete("glue:CreateConnection", &error.to_string()))?)
    }
}

#[async_trait]
impl Kind for Connection {
    const NAME: &'static str = "connection";
    const LIMIT: Duration = Duration::from_secs(120);
    const OUTPUTS: &'static [&'static str] = &["name"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", LIST),
        // Its parts are the type and the properties, which follow from the server.
        Attribute::in_place("server", LIST),
        Attribute::in_place("subnet", LIST),
        Attribute::in_place("security_group", LIST),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        let server = want.server.iter().map(|(server, _, _)| server);
        server.chain([&want.subnet, &want.security_group]).cloned().collect()
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let mut diff = Diff::new().in_place("server.type", want.kind().as_str(), &seen.kind);
        for key in want.property_names() {
            let value = want.properties(known).and_then(|mut all| all.remove(key.as_str()));
            let observed = seen.properties.get(key.as_str()).map_or("", String::as_str);
            diff = diff.maybe(&format!("server.{}", key.as_str()), value, observed, Effect::InPlace);
        }
        let declared = |name: &str| want.property_names().iter().any(|key| key.as_str() == name);
        let extra = seen.properties.iter().filter(|(key, _)| !declared(key));
        for (key, value) in extra.filter(|(key, value)| (key.as_str(), value.as_str()) != FILLED_IN) {
            diff = diff.in_place(&format!("server.{key}"), "", value);
        }
        let mut groups = seen.security_groups.clone();
        groups.sort_unstable();
        diff.maybe("subnet", known.get(&want.subnet, "id"), &seen.subnet, Effect::InPlace).maybe(
            "security_group",
            known.get(&want.security_group, "id"),
            groups.join(", "),
            Effect::InPlace,
        )
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    fn readiness(&self, seen: &Seen) -> Readiness {
        seen.readiness.clone()
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        let changes = ["glue:CreateConnection", "glue:UpdateConnection", "glue:DeleteConnection"];
        let connection = glue_tags::arn(meta, &format!("connection/{}", want.name));
        vec![
            Permission::new(glue_tags::arn(meta, "connection/*"), &[LIST]),
            Permission::new(glue_tags::arn(meta, "catalog"), &[LIST, READ, changes[0], changes[1], changes[2]]),
            Permission::new(&connection, &[READ, changes[0], changes[1], changes[2]]),
            Permission::new(connection, &["glue:GetTags", "glue:TagResource", "glue:UntagResource"]),
        ]
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        const PAGE: i32 = 1000;
        let call = cx.aws.glue.get_connections().hide_password(true).max_results(PAGE);
        let mut pages = call.into_paginator().send();
        let mut all = vec![];
        while let Some(page) = pages.next().await {
            let connections = page.named(LIST)?.connection_list.unwrap_or_default().into_iter();
            all.extend(connections.map(|one| (one.name.clone().unwrap_or_default(), one)));
        }
        let covered = glue_tags::covered(cx, scope, "connection", all).await?;
        Ok(covered.into_iter().map(|(name, tags, seen)| Found { name, tags, seen: observe(seen) }).collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = one.name.clone() else { return Ok(None) };
        let call = cx.aws.glue.get_connection().name(&name).hide_password(true);
        let answer = present(call.send().await.named(READ))?;
        let Some(connection) = answer.and_then(|answer| answer.connection) else { return Ok(None) };
        let tags = glue_tags::read(cx, "connection", &name).await?;
        Ok(Some(Found { name, tags, seen: observe(connection) }))
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let call = cx.aws.glue.create_connection().connection_input(want.input(cx)?);
        match call.set_tags(Some(glue_tags::map(tags))).send().await.named("glue:CreateConnection") {
            Err(error) if error.trouble != Trouble::Exists => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        let call = cx.aws.glue.update_connection().name(&want.name).connection_input(want.input(cx)?);
        call.send().await.named("glue:UpdateConnection")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        Ok(glue_tags::write(cx, "connection", &seen.name, tags, gone).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let call = cx.aws.glue.delete_connection().connection_name(&seen.name);
        match call.send().await.named("glue:DeleteConnection") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn observe(connection: AwsConnection) -> Seen {
    let properties = connection.connection_properties.unwrap_or_default().into_iter();
    let place = connection.physical_connection_requirements;
    let readiness = match connection.status {
        Some(ConnectionStatus::InProgress) => Readiness::Pending("IN_PROGRESS".into()),
        Some(ConnectionStatus::Failed) => {
            Readiness::Failed(connection.status_reason.unwrap_or_else(|| "Glue says `FAILED`".into()))
        }
        _ => Readiness::Ready,
    };
    Seen {
        name: connection.name.unwrap_or_default(),
        kind: connection.connection_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        properties: properties.map(|(key, value)| (key.as_str().to_owned(), value)).collect(),
        subnet: place.as_ref().and_then(|place| place.subnet_id.clone()).unwrap_or_default(),
        security_groups: place.and_then(|place| place.security_group_id_list).unwrap_or_default(),
        readiness,
    }
}
