//! `[connection.NAME]`: how Glue reaches MySQL, Redshift, or just the network.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::{ConnectionInput, ConnectionPropertyKey, ConnectionType, PhysicalConnectionRequirements};
use serde::{Deserialize, Serialize};

use super::glue_tags;
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{
    Cx, Diff, Entry, Finding, Found, Kind, KindError, Known, Outputs, Reference, Resource, Scope, Table,
};
use crate::kinds::{mysql, network, redshift};
use crate::model::{Address, Effect};
use crate::ownership::{Owner, Tags};

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

    fn check(&self, spec: &ConnectionTable, _entry: Entry<'_>) -> Vec<Finding> {
        let both = spec.mysql.is_some() && spec.redshift.is_some();
        let finding = Finding::error("redshift", "a connection leads to one server").hint("make two connections");
        if both { vec![finding] } else { vec![] }
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
        let text = |properties: BTreeMap<String, String>| {
            properties.into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
        };
        Diff::new()
            .in_place("type", want.kind().as_str(), &seen.kind)
            .maybe("properties", want.properties(known).map(text), text(seen.properties.clone()), Effect::InPlace)
            .maybe("subnet", known.get(&want.subnet, "id"), &seen.subnet, Effect::InPlace)
            .maybe(
                "security_group",
                known.get(&want.security_group, "id"),
                seen.security_groups.join(", "),
                Effect::InPlace,
            )
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.glue.get_connections().hide_password(true).into_paginator().send();
        let (mut all, mut found) = (vec![], vec![]);
        while let Some(page) = pages.next().await {
            all.extend(page.named("glue:GetConnections")?.connection_list.unwrap_or_default());
        }
        for connection in all {
            let name = connection.name.unwrap_or_default();
            let tags = glue_tags::read(cx, "connection", &name).await?;
            if !scope.names.contains(&name) && tags.owner(&scope.stack) == Owner::Foreign {
                continue;
            }
            let properties = connection.connection_properties.unwrap_or_default().into_iter();
            let place = connection.physical_connection_requirements;
            let seen = Seen {
                name: name.clone(),
                kind: connection.connection_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
                properties: properties.map(|(key, value)| (key.as_str().to_owned(), value)).collect(),
                subnet: place.as_ref().and_then(|place| place.subnet_id.clone()).unwrap_or_default(),
                security_groups: place.and_then(|place| place.security_group_id_list).unwrap_or_default(),
            };
            found.push(Found { name, tags, seen });
        }
        Ok(found)
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

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        Ok(glue_tags::write(cx, "connection", &seen.name, tags).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let call = cx.aws.glue.delete_connection().connection_name(&seen.name);
        match call.send().await.named("glue:DeleteConnection") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}
