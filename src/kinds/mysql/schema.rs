//! The database and its tables, made over the MySQL protocol.
//!
//! What was applied last is kept as a tag of the instance, so that a plan needs no connection and a stopped instance
//! is no difference.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_rds::types::DbInstance;
use serde::Serialize;

use super::{observed, rds_tags};
use crate::diag::Explain;
use crate::kinds::base::{
    Attribute, Cx, Diff, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope,
};
use crate::model::{Address, Effect};
use crate::ownership::{Owner, Tags, fingerprint};
use crate::sql::{self, Mysql, MysqlTarget, SqlError};

const TAG: &str = "stack:schema";

/// The schema of a MySQL instance.
pub struct Schema;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// The instance.
    pub instance: Address,
    /// The database, made if absent.
    pub database: String,
    /// The fingerprint of the SQL file.
    pub schema: String,
    /// The SQL file.
    #[serde(skip)]
    pub file: PathBuf,
    /// The authorities that the server's certificate must come from.
    #[serde(skip)]
    pub certificate_authorities: Option<PathBuf>,
    /// How the instance can be reached from outside.
    #[serde(skip)]
    pub reach: Reach,
}

/// Who can reach an instance from outside its network.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Whether it has a public address.
    pub public: bool,
    /// The ranges that its security group lets in; `my-ip` is the caller's own address.
    pub access: Vec<String>,
}

impl Spec {
    /// Reads the SQL file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of_file(instance: Address, database: &str, file: PathBuf) -> Result<Self, KindError> {
        let content = std::fs::read(&file).map_err(|source| KindError::File { path: file.clone(), source })?;
        Ok(Self {
            instance,
            database: database.to_owned(),
            schema: fingerprint(&content),
            file,
            certificate_authorities: None,
            reach: Reach::default(),
        })
    }

    fn mark(&self) -> String {
        format!("{}:{}", self.database, self.schema)
    }
}

/// What is observed of it: the mark on the instance.
#[derive(Debug)]
pub struct Seen {
    arn: String,
    database: String,
    schema: String,
}

#[async_trait]
impl Kind for Schema {
    const NAME: &'static str = "mysql_schema";
    const LIMIT: Duration = Duration::from_secs(300);
    const OUTPUTS: &'static [&'static str] = &["database"];
    const TAGGED: bool = false;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("instance", observed::READ),
        Attribute::running("database", observed::READ),
        Attribute::running("schema", observed::READ),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.instance.to_string())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        vec![want.instance.clone()]
    }

    fn runs_on(&self, want: &Spec) -> Option<Address> {
        Some(want.instance.clone())
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        // An instance that is about to be made anew has no tables yet.
        let is_there = known.get(&want.instance, "arn").is_some();
        Diff::new().field("database", &want.database, &seen.database, Effect::Running).maybe(
            "schema",
            is_there.then(|| want.schema.clone()),
            &seen.schema,
            Effect::Running,
        )
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("database", seen.database.clone())])
    }

    fn permissions(&self, _want: &Spec, meta: &Meta) -> Vec<Permission> {
        // Which instance it is, its tags say; the name of the secret begins as RDS makes it.
        let secret = format!("arn:aws:secretsmanager:{}:{}:secret:rds!db-*", meta.region, meta.account);
        let tags = ["rds:AddTagsToResource", "rds:RemoveTagsFromResource", observed::READ];
        vec![
            Permission::new(rds_tags::arn(meta, "db", "*"), &tags),
            Permission::new(secret, &["secretsmanager:GetSecretValue"]),
        ]
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let all = scope.shared.once(observed::READ, observed::instances(cx)).await?;
        Ok(all.iter().filter_map(|instance| observe(instance, &scope.stack)).collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let address = one.name.as_deref().and_then(Address::parse);
        let identifier = address.and_then(|address| cx.known.get(&address, "identifier"));
        let found = match identifier {
            Some(identifier) => observed::instance(cx, &identifier).await?.into_iter().collect(),
            None => observed::instances(cx).await?,
        };
        let mut found = found.iter().filter_map(|instance| observe(instance, &one.stack));
        Ok(found.find(|found| one.is(&found.name, &found.tags)))
    }

    async fn preflight(&self, cx: &Cx, want: &Spec) -> Result<Vec<Finding>, KindError> {
        let endpoint = cx.known.get(&want.instance, "endpoint");
        Ok(endpoint_problem(&want.reach, endpoint.as_deref(), cx.known.stack.my_ip.as_deref()).into_iter().collect())
    }

    async fn create(&self, cx: &Cx, want: &Spec, _tags: &Tags) -> Result<(), KindError> {
        let script = std::fs::read_to_string(&want.file);
        let script = script.map_err(|source| KindError::File { path: want.file.clone(), source })?;
        apply(cx, want, &script).await.map_err(refused)?;
        let mark = Tags(BTreeMap::from([(TAG.to_owned(), want.mark())]));
        Ok(rds_tags::write(cx, &cx.known.need(&want.instance, "arn")?, &mark, &[]).await?)
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        self.create(cx, want, &Tags::default()).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        // The tables go with the instance; `stack` never drops a table by itself. Only the mark goes.
        Ok(rds_tags::remove(cx, &seen.arn, &[TAG.to_owned()]).await?)
    }
}

fn observe(instance: &DbInstance, stack: &str) -> Option<Found<Seen>> {
    let tags = rds_tags::seen(instance.tag_list.clone());
    let Owner::Ours(address) = tags.owner(stack) else { return None };
    let (database, schema) = tags.0.get(TAG)?.rsplit_once(':')?;
    let arn = instance.db_instance_arn.clone().unwrap_or_default();
    let seen = Seen { arn, database: database.to_owned(), schema: schema.to_owned() };
    Some(Found { name: address.to_string(), tags: Tags::default(), seen })
}

/// Finds why statements cannot be sent from here, as far as the stack file tells. An endpoint that exists and is an
/// address of this machine, a tunnel for example, is reached whatever the file says.
fn endpoint_problem(reach: &Reach, endpoint: Option<&str>, my_ip: Option<&str>) -> Option<Finding> {
    let is_address = |host: &str| host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if endpoint.is_some_and(is_address) {
        return None;
    }
    if !reach.public {
        let message = "the schema can be applied only from inside the network: the instance has no public address";
        return Some(Finding::warning("public", message).hint("write `public = true`, or connect by VPN or tunnel"));
    }
    let mine = my_ip.and_then(|address| address.parse().ok());
    let lets_in = |range: &String| range == "my-ip" || mine.is_none_or(|address| includes(range, address));
    let message = "the schema cannot be applied from here: `access` of `[network]` does not let this computer in";
    let finding = Finding::error("schema", message).hint("add \"my-ip\" to `access`");
    (!reach.access.iter().any(lets_in)).then_some(finding)
}

/// Returns whether an IPv4 range has an address.
fn includes(range: &str, address: Ipv4Addr) -> bool {
    let Some((first, bits)) = range.split_once('/') else { return false };
    let (Ok(first), Ok(bits)) = (first.parse::<Ipv4Addr>(), bits.parse::<u32>()) else { return false };
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
    u32::from(first) & mask == u32::from(address) & mask
}

async fn apply(cx: &Cx, want: &Spec, script: &str) -> Result<(), SqlError> {
    let known = |output| cx.known.get(&want.instance, output).unwrap_or_default();
    let target = MysqlTarget {
        host: known("endpoint"),
        port: known("port").parse().unwrap_or_default(),
        credentials: sql::fetch_credentials(&cx.aws, &known("secret_arn")).await?,
        database: None,
        certificate_authorities: want.certificate_authorities.clone(),
    };
    let mut mysql = Mysql::connect(&target).await?;
    mysql.execute(&format!("CREATE DATABASE IF NOT EXISTS `{}`", want.database)).await?;
    mysql.execute(&format!("USE `{}`", want.database)).await?;
    for statement in sql::statements(script) {
        mysql.execute(&statement).await?;
    }
    mysql.close().await;
    Ok(())
}

fn refused(error: SqlError) -> KindError {
    let hint = error.hints().into_iter().next().map(|hint| hint.0);
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    KindError::Database { what: format!("{error}{cause}"), hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_let_in_is_told_before_the_instance_is_made() {
        let problem = |public, access: &[&str], endpoint, my_ip| {
            let access = access.iter().map(|range| (*range).to_owned()).collect();
            endpoint_problem(&Reach { public, access }, endpoint, my_ip).map(|finding| finding.warning)
        };
        assert_eq!(problem(true, &["my-ip"], None, Some("203.0.113.9")), None);
        assert_eq!(problem(true, &["203.0.113.0/24"], None, Some("203.0.113.9")), None);
        assert_eq!(problem(true, &["198.51.100.0/24"], None, Some("203.0.113.9")), Some(false));
        assert_eq!(problem(true, &["0.0.0.0/0"], None, Some("203.0.113.9")), None);
        assert_eq!(problem(true, &[], None, None), Some(false));
        assert_eq!(problem(false, &["my-ip"], None, None), Some(true));
        assert_eq!(problem(false, &[], Some("127.0.0.1"), None), None);
    }
}
