//! The database and its tables, made over the MySQL protocol.
//!
//! What was applied last is kept as a tag of the instance, so that a plan needs no connection and a stopped instance
//! is no difference.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use super::rds_tags;
use crate::aws::Sorted;
use crate::diag::Explain;
use crate::kinds::base::{Cx, Diff, Found, Kind, KindError, Known, Outputs, Scope};
use crate::model::Address;
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
    pub content_hash: String,
    /// The SQL file.
    #[serde(skip)]
    pub file: PathBuf,
    /// The authorities that the server's certificate must come from.
    #[serde(skip)]
    pub certificate_authorities: Option<PathBuf>,
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
            content_hash: fingerprint(&content),
            file,
            certificate_authorities: None,
        })
    }

    fn mark(&self) -> String {
        format!("{}:{}", self.database, self.content_hash)
    }
}

/// What is observed of it: the mark on the instance.
#[derive(Debug)]
pub struct Seen {
    arn: String,
    mark: String,
}

#[async_trait]
impl Kind for Schema {
    const NAME: &'static str = "mysql_schema";
    const LIMIT: Duration = Duration::from_secs(300);
    const OUTPUTS: &'static [&'static str] = &["database"];
    const TAGGED: bool = false;
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.instance.to_string())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        vec![want.instance.clone()]
    }

    fn diff(&self, want: &Spec, seen: &Seen, _known: &Known) -> Diff {
        Diff::new().in_place("schema", want.mark(), &seen.mark)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        let database = seen.mark.rsplit_once(':').map_or(seen.mark.as_str(), |(database, _)| database);
        Outputs::from([("database", database.to_owned())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.rds.describe_db_instances().into_paginator().items().send();
        let mut found = vec![];
        while let Some(instance) = pages.next().await {
            let instance = instance.named("rds:DescribeDBInstances")?;
            let tags = rds_tags::seen(instance.tag_list);
            if let (Owner::Ours(address), Some(mark)) = (tags.owner(&scope.stack), tags.0.get(TAG)) {
                let seen = Seen { arn: instance.db_instance_arn.unwrap_or_default(), mark: mark.clone() };
                found.push(Found { name: address.to_string(), tags: Tags::default(), seen });
            }
        }
        Ok(found)
    }

    async fn create(&self, cx: &Cx, want: &Spec, _tags: &Tags) -> Result<(), KindError> {
        let script = std::fs::read_to_string(&want.file);
        let script = script.map_err(|source| KindError::File { path: want.file.clone(), source })?;
        apply(cx, want, &script).await.map_err(refused)?;
        let mark = Tags(BTreeMap::from([(TAG.to_owned(), want.mark())]));
        Ok(rds_tags::write(cx, &cx.known.need(&want.instance, "arn")?, &mark).await?)
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        self.create(cx, want, &Tags::default()).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        // The tables go with the instance; `stack` never drops a table by itself. Only the mark goes.
        Ok(rds_tags::remove(cx, &seen.arn, TAG).await?)
    }
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
