//! `[crawler.NAME]`: fills a catalog database from MySQL, Redshift or S3. It runs on demand.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::{Crawler as AwsCrawler, CrawlerTargets, JdbcTarget, S3Target};
use serde::{Deserialize, Serialize};

use super::{Classifier, Connection, Database, glue_tags};
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{
    Cx, Diff, Entry, Finding, Found, Kind, KindError, Known, Outputs, Reference, Resource, Scope, Table, Template,
};
use crate::kinds::{role, template_references};
use crate::model::{Address, Effect};
use crate::ownership::{Owner, Tags};

/// The kind and the table.
pub struct Crawler;

/// The keys of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrawlerTable {
    /// Its name.
    pub name: String,
    /// The role it runs as.
    pub role: String,
    /// The catalog database that it fills.
    pub database: String,
    /// What it reads.
    pub source: Source,
    /// Classifiers that are asked before Glue's own.
    #[serde(default)]
    pub classifiers: Vec<String>,
    /// What the names of its tables begin with.
    #[serde(default)]
    pub table_prefix: String,
}

/// What a crawler reads.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The connection; a JDBC path needs one.
    pub connection: Option<String>,
    /// `database/table` or `database/schema/%` through a JDBC connection, or `s3://bucket/folder/`.
    pub path: Template,
}

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    name: String,
    role: Address,
    database: Address,
    connection: Option<Address>,
    path: Template,
    classifiers: Vec<Address>,
    table_prefix: String,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    role: String,
    database: String,
    connection: String,
    path: String,
    classifiers: Vec<String>,
    table_prefix: String,
}

impl Table for Crawler {
    const NAME: &'static str = "crawler";
    type Spec = CrawlerTable;

    fn references(&self, spec: &CrawlerTable) -> Vec<Reference> {
        let mut references = vec![
            Reference::new("role", <role::Role as Table>::NAME, &spec.role),
            Reference::new("database", <Database as Table>::NAME, &spec.database),
        ];
        if let Some(connection) = &spec.source.connection {
            references.push(Reference::new("source.connection", <Connection as Table>::NAME, connection));
        }
        for (position, classifier) in spec.classifiers.iter().enumerate() {
            references.push(Reference::new(format!("classifiers.{position}"), <Classifier as Table>::NAME, classifier));
        }
        references.extend(template_references("source.path", &spec.source.path));
        references
    }

    fn check(&self, spec: &CrawlerTable, entry: Entry<'_>) -> Vec<Finding> {
        let path = spec.source.path.as_str();
        if path.starts_with("s3://") {
            return vec![];
        }
        let connection = spec.source.connection.as_ref().and_then(|name| entry.all.get::<Connection>(name));
        if spec.source.connection.is_some() && connection.is_none() {
            // The reference itself is wrong, which is said elsewhere.
            return vec![];
        }
        let is_jdbc = connection.is_some_and(|connection| connection.mysql.is_some() || connection.redshift.is_some());
        if !is_jdbc {
            let finding = Finding::error("source.path", "this path needs a connection to MySQL or Redshift");
            return vec![finding.hint("add `connection`, or write `s3://bucket/folder/`")];
        }
        let parts = path.split('/').count();
        let wanted = if connection.is_some_and(|connection| connection.mysql.is_some()) { 2 } else { 3 };
        let form = if wanted == 2 { "`database/table` or `database/%`" } else { "`database/schema/%`" };
        let finding = Finding::error("source.path", format!("the path must be {form}"));
        if parts == wanted { vec![] } else { vec![finding] }
    }

    fn unique_name(&self, spec: &CrawlerTable) -> Option<String> {
        Some(spec.name.clone())
    }

    fn expand(&self, spec: &CrawlerTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        let classifiers = spec.classifiers.iter().map(|name| Address::new(<Classifier as Kind>::NAME, name));
        let crawler = Spec {
            name: spec.name.clone(),
            role: Address::new(<role::Role as Kind>::NAME, &spec.role),
            database: Address::new(<Database as Kind>::NAME, &spec.database),
            connection: spec.source.connection.as_ref().map(|name| Address::new(<Connection as Kind>::NAME, name)),
            path: spec.source.path.clone(),
            classifiers: classifiers.collect(),
            table_prefix: spec.table_prefix.clone(),
        };
        Ok(vec![Resource::new(&Crawler, entry.name, entry.origin.clone(), crawler)])
    }
}

#[async_trait]
impl Kind for Crawler {
    const NAME: &'static str = "crawler";
    const LIMIT: Duration = Duration::from_secs(300);
    const OUTPUTS: &'static [&'static str] = &["name"];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        let listed = want.classifiers.iter().chain(&want.connection).cloned();
        [want.role.clone(), want.database.clone()].into_iter().chain(listed).chain(want.path.needs()).collect()
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let connection = want.connection.as_ref().map_or(Some(String::new()), |address| known.get(address, "name"));
        let classifiers = want.classifiers.iter().map(|address| known.get(address, "name")).collect::<Option<Vec<_>>>();
        Diff::new()
            // Glue answers with the name of the role, whatever it was given.
            .maybe("role", known.get(&want.role, "name"), &seen.role, Effect::InPlace)
            .maybe("database", known.get(&want.database, "name"), &seen.database, Effect::InPlace)
            .maybe("connection", connection, &seen.connection, Effect::InPlace)
            .maybe("path", want.path.render(known), &seen.path, Effect::InPlace)
            .maybe("classifiers", classifiers.map(|all| all.join(", ")), seen.classifiers.join(", "), Effect::InPlace)
            .in_place("table_prefix", &want.table_prefix, &seen.table_prefix)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.glue.get_crawlers().into_paginator().send();
        let (mut all, mut found) = (vec![], vec![]);
        while let Some(page) = pages.next().await {
            all.extend(page.named("glue:GetCrawlers")?.crawlers.unwrap_or_default());
        }
        for crawler in all {
            let name = crawler.name.clone().unwrap_or_default();
            let tags = glue_tags::read(cx, "crawler", &name).await?;
            if scope.names.contains(&name) || tags.owner(&scope.stack) != Owner::Foreign {
                found.push(Found { name, tags, seen: observe(crawler) });
            }
        }
        Ok(found)
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let call = cx
            .aws
            .glue
            .create_crawler()
            .name(&want.name)
            .role(cx.known.need(&want.role, "arn")?)
            .database_name(cx.known.need(&want.database, "name")?)
            .targets(targets(cx, want)?)
            .set_classifiers(Some(classifiers(cx, want)?))
            .table_prefix(&want.table_prefix)
            .set_tags(Some(glue_tags::map(tags)));
        match call.send().await.named("glue:CreateCrawler") {
            Err(error) if error.trouble != Trouble::Exists => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        let call = cx
            .aws
            .glue
            .update_crawler()
            .name(&want.name)
            .role(cx.known.need(&want.role, "arn")?)
            .database_name(cx.known.need(&want.database, "name")?)
            .targets(targets(cx, want)?)
            .set_classifiers(Some(classifiers(cx, want)?))
            .table_prefix(&want.table_prefix);
        call.send().await.named("glue:UpdateCrawler")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        Ok(glue_tags::write(cx, "crawler", &seen.name, tags).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        match cx.aws.glue.delete_crawler().name(&seen.name).send().await.named("glue:DeleteCrawler") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn observe(crawler: AwsCrawler) -> Seen {
    let (jdbc, s3) = match crawler.targets {
        Some(targets) => (targets.jdbc_targets.unwrap_or_default(), targets.s3_targets.unwrap_or_default()),
        None => (vec![], vec![]),
    };
    let jdbc = jdbc.into_iter().next().map(|target| (target.connection_name, target.path));
    let s3 = s3.into_iter().next().map(|target| (target.connection_name, target.path));
    let (connection, path) = jdbc.or(s3).unwrap_or_default();
    Seen {
        name: crawler.name.unwrap_or_default(),
        role: crawler.role.unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned(),
        database: crawler.database_name.unwrap_or_default(),
        connection: connection.unwrap_or_default(),
        path: path.unwrap_or_default(),
        classifiers: crawler.classifiers.unwrap_or_default(),
        table_prefix: crawler.table_prefix.unwrap_or_default(),
    }
}

fn targets(cx: &Cx, want: &Spec) -> Result<CrawlerTargets, KindError> {
    let path = want.path.render(&cx.known);
    let path = path.ok_or_else(|| KindError::Broken(format!("`{}` is not known yet", want.path.as_str())))?;
    let connection = want.connection.as_ref().map(|address| cx.known.need(address, "name")).transpose()?;
    let targets = CrawlerTargets::builder();
    Ok(if path.starts_with("s3://") {
        targets.s3_targets(S3Target::builder().path(path).set_connection_name(connection).build()).build()
    } else {
        targets.jdbc_targets(JdbcTarget::builder().path(path).set_connection_name(connection).build()).build()
    })
}

fn classifiers(cx: &Cx, want: &Spec) -> Result<Vec<String>, KindError> {
    want.classifiers.iter().map(|address| cx.known.need(address, "name")).collect()
}
