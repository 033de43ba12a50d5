//! `[crawler.NAME]`: fills a catalog database from MySQL, Redshift or S3. It runs on demand unless it has a schedule.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::{Crawler as AwsCrawler, CrawlerTargets, JdbcTarget, S3Target, Schedule, ScheduleState};
use serde::Serialize;

use super::glue_tags;
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{
    Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope, Template,
};
use crate::kinds::present::present;
use crate::model::{Address, Effect};
use crate::ownership::Tags;

const LIST: &str = "glue:GetCrawlers";

/// The kind and the table.
pub struct Crawler;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    pub(super) name: String,
    pub(super) role: Address,
    pub(super) database: Address,
    pub(super) connection: Option<Address>,
    pub(super) path: Template,
    pub(super) classifiers: Vec<Address>,
    pub(super) table_prefix: String,
    pub(super) schedule: Option<String>,
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
    schedule: String,
}

#[async_trait]
impl Kind for Crawler {
    const NAME: &'static str = "crawler";
    const LIMIT: Duration = Duration::from_secs(300);
    const OUTPUTS: &'static [&'static str] = &["name"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", LIST),
        Attribute::in_place("role", LIST),
        Attribute::in_place("database", LIST),
        Attribute::in_place("connection", LIST),
        Attribute::in_place("path", LIST),
        Attribute::in_place("classifiers", LIST),
        Attribute::in_place("table_prefix", LIST),
        Attribute::in_place("schedule", LIST),
    ];
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
            .in_place("schedule", want.schedule.as_deref().unwrap_or_default(), &seen.schedule)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        let actions = [
            "glue:GetCrawler",
            "glue:CreateCrawler",
            "glue:UpdateCrawler",
            "glue:StopCrawler",
            "glue:DeleteCrawler",
            "glue:GetTags",
            "glue:TagResource",
            "glue:UntagResource",
        ];
        vec![
            Permission::anywhere(&[LIST]),
            Permission::new(glue_tags::arn(meta, &format!("crawler/{}", want.name)), &actions),
            Permission::new(glue_tags::roles(meta), &["iam:PassRole"]),
        ]
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        const PAGE: i32 = 1000;
        let mut pages = cx.aws.glue.get_crawlers().max_results(PAGE).into_paginator().send();
        let mut all = vec![];
        while let Some(page) = pages.next().await {
            let crawlers = page.named(LIST)?.crawlers.unwrap_or_default().into_iter();
            all.extend(crawlers.map(|one| (one.name.clone().unwrap_or_default(), one)));
        }
        let covered = glue_tags::covered(cx, scope, "crawler", all).await?;
        Ok(covered.into_iter().map(|(name, tags, seen)| Found { name, tags, seen: observe(seen) }).collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = one.name.clone() else { return Ok(None) };
        let answer = present(cx.aws.glue.get_crawler().name(&name).send().await.named("glue:GetCrawler"))?;
        let Some(crawler) = answer.and_then(|answer| answer.crawler) else { return Ok(None) };
        let tags = glue_tags::read(cx, "crawler", &name).await?;
        Ok(Some(Found { name, tags, seen: observe(crawler) }))
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
            .set_schedule(want.schedule.clone())
            .set_tags(Some(glue_tags::map(tags)));
        match call.send().await.named("glue:CreateCrawler") {
            Err(error) if error.trouble != Trouble::Exists => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, diff: &Diff) -> Result<(), KindError> {
        let mut call = cx
            .aws
            .glue
            .update_crawler()
            .name(&want.name)
            .role(cx.known.need(&want.role, "arn")?)
            .database_name(cx.known.need(&want.database, "name")?)
            .targets(targets(cx, want)?)
            .set_classifiers(Some(classifiers(cx, want)?))
            .table_prefix(&want.table_prefix);
        if diff.has_any(&["schedule"]) {
            // An empty schedule makes it a crawler that runs on demand.
            call = call.schedule(want.schedule.as_deref().unwrap_or_default());
        }
        call.send().await.named("glue:UpdateCrawler")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        Ok(glue_tags::write(cx, "crawler", &seen.name, tags, gone).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        match cx.aws.glue.delete_crawler().name(&seen.name).send().await.named("glue:DeleteCrawler") {
            Err(error) if error.code == "CrawlerRunningException" => {
                // It is stopped, and the deletion is repeated until the stop is through.
                let stopped = cx.aws.glue.stop_crawler().name(&seen.name).send().await.named("glue:StopCrawler");
                match stopped {
                    Err(stop) if !STOPS_ALREADY.contains(&stop.code.as_str()) => Err(stop.into()),
                    _ => Err(error.into()),
                }
            }
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// What Glue answers to a stop that is not needed any more.
const STOPS_ALREADY: [&str; 2] = ["CrawlerNotRunningException", "CrawlerStoppingException"];

fn observe(crawler: AwsCrawler) -> Seen {
    let (connections, paths) = crawler.targets.map(sources).unwrap_or_default();
    Seen {
        name: crawler.name.unwrap_or_default(),
        role: crawler.role.unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned(),
        database: crawler.database_name.unwrap_or_default(),
        connection: connections.join(", "),
        path: paths.join(", "),
        classifiers: crawler.classifiers.unwrap_or_default(),
        table_prefix: crawler.table_prefix.unwrap_or_default(),
        schedule: crawler.schedule.and_then(active).unwrap_or_default(),
    }
}

/// A schedule that is switched off is none.
fn active(schedule: Schedule) -> Option<String> {
    schedule.schedule_expression.filter(|_| schedule.state != Some(ScheduleState::NotScheduled))
}

/// Returns connections and paths of all targets, those included that only a hand can have added.
fn sources(targets: CrawlerTargets) -> (Vec<String>, Vec<String>) {
    let jdbc = targets.jdbc_targets.unwrap_or_default().into_iter();
    let jdbc = jdbc.map(|one| (one.connection_name, one.path, one.exclusions));
    let s3 = targets.s3_targets.unwrap_or_default().into_iter();
    let s3 = s3.map(|one| (one.connection_name, one.path, one.exclusions));
    let (mut connections, mut paths) = (vec![], vec![]);
    for (connection, path, exclusions) in jdbc.chain(s3) {
        connections.extend(connection.filter(|name| !name.is_empty()));
        let except = exclusions.filter(|list| !list.is_empty()).map(|list| format!(" except {}", list.join(" ")));
        paths.push(format!("{}{}", path.unwrap_or_default(), except.unwrap_or_default()));
    }
    let others = [
        ("a DynamoDB table", targets.dynamo_db_targets.is_some_and(|list| !list.is_empty())),
        ("a catalog table", targets.catalog_targets.is_some_and(|list| !list.is_empty())),
        ("a Delta table", targets.delta_targets.is_some_and(|list| !list.is_empty())),
        ("a MongoDB collection", targets.mongo_db_targets.is_some_and(|list| !list.is_empty())),
        ("an Iceberg table", targets.iceberg_targets.is_some_and(|list| !list.is_empty())),
        ("a Hudi table", targets.hudi_targets.is_some_and(|list| !list.is_empty())),
    ];
    paths.extend(others.into_iter().filter(|(_, is_there)| *is_there).map(|(what, _)| what.to_owned()));
    (connections, paths)
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
