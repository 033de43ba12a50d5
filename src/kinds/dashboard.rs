//! `[dashboard.NAME]`: a CloudWatch dashboard over the databases, functions and jobs of the stack.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_cloudwatch::types::Tag;
use futures::stream::{StreamExt, TryStreamExt, iter};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::base::{
    Attribute, Cx, Diff, Entry, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Resource, Scope, Table,
};
use super::{job, lambda, mysql, redshift};
use crate::aws::{AwsError, Sorted};
use crate::model::BilledItem;
use crate::ownership::Tags;

/// How many dashboards are asked side by side.
const AT_ONCE: usize = 8;

/// The kind and the table. Listing takes one call for all names, and one for each that is declared or ours; a second
/// one for its tags where the index of tags does not confirm them.
pub struct Dashboard;

/// The keys of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DashboardTable {
    /// Its name.
    pub name: String,
}

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    name: String,
    body: Value,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    body: Value,
}

impl Table for Dashboard {
    const NAME: &'static str = "dashboard";
    type Spec = DashboardTable;

    fn unique_name(&self, spec: &DashboardTable) -> Option<String> {
        Some(spec.name.clone())
    }

    fn expand(&self, spec: &DashboardTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        let dashboard = Spec { name: spec.name.clone(), body: body(entry) };
        Ok(vec![Resource::new(&Dashboard, entry.name, entry.origin.clone(), dashboard)])
    }
}

/// Returns one widget a function, database and job, two in a row.
fn body(entry: Entry<'_>) -> Value {
    let mut graphs = vec![];
    for (_, function) in entry.all.all::<lambda::Lambda>() {
        let one = |metric: &str| json!(["AWS/Lambda", metric, "FunctionName", function.name]);
        graphs.push((format!("Lambda {}", function.name), json!([one("Duration"), one("Errors"), one("Invocations")])));
    }
    for (_, server) in entry.all.all::<mysql::Mysql>() {
        let one = |metric: &str| json!(["AWS/RDS", metric, "DBInstanceIdentifier", server.identifier]);
        let metrics = json!([one("CPUUtilization"), one("DatabaseConnections"), one("FreeStorageSpace")]);
        graphs.push((format!("MySQL {}", server.identifier), metrics));
    }
    for (_, cluster) in entry.all.all::<redshift::Redshift>() {
        let one = |metric: &str| json!(["AWS/Redshift", metric, "ClusterIdentifier", cluster.identifier]);
        let metrics = json!([one("CPUUtilization"), one("PercentageDiskSpaceUsed")]);
        graphs.push((format!("Redshift {}", cluster.identifier), metrics));
    }
    for (_, job) in entry.all.all::<job::Job>() {
        let metric = "glue.driver.aggregate.elapsedTime";
        let metrics = json!([["Glue", metric, "JobName", job.name, "JobRunId", "ALL", "Type", "count"]]);
        graphs.push((format!("Glue {}", job.name), metrics));
    }
    let widget = |(position, (title, metrics)): (usize, (String, Value))| {
        json!({
            "type": "metric", "width": 12, "height": 6, "x": position % 2 * 12, "y": position / 2 * 6,
            "properties": { "title": title, "region": entry.region, "stat": "Average", "period": 300, "metrics": metrics },
        })
    };
    json!({ "widgets": graphs.into_iter().enumerate().map(widget).collect::<Vec<_>>() })
}

#[async_trait]
impl Kind for Dashboard {
    const NAME: &'static str = "dashboard";
    const LIMIT: Duration = Duration::from_secs(60);
    const OUTPUTS: &'static [&'static str] = &["name"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", "cloudwatch:ListDashboards"),
        Attribute::in_place("body", "cloudwatch:GetDashboard"),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn diff(&self, want: &Spec, seen: &Seen, _known: &Known) -> Diff {
        Diff::new().in_place("body", &want.body, &seen.body)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    fn billing(&self, _want: &Spec) -> Vec<BilledItem> {
        vec![BilledItem::always("cloudwatch:dashboard", 1)]
    }

    fn billed(&self, _seen: &Seen) -> Vec<BilledItem> {
        vec![BilledItem::always("cloudwatch:dashboard", 1)]
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        let actions = [
            "cloudwatch:DeleteDashboards",
            "cloudwatch:GetDashboard",
            "cloudwatch:ListTagsForResource",
            "cloudwatch:PutDashboard",
            "cloudwatch:TagResource",
            "cloudwatch:UntagResource",
        ];
        vec![
            Permission::anywhere(&["cloudwatch:ListDashboards", "tag:GetResources"]),
            Permission::new(arn(meta, &want.name), &actions),
        ]
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.cloudwatch.list_dashboards().into_paginator().items().send();
        let mut names = vec![];
        while let Some(entry) = pages.next().await {
            names.extend(entry.named("cloudwatch:ListDashboards")?.dashboard_name);
        }
        let looks = names.iter().map(async |name| {
            let arn = arn(&cx.known.stack, name);
            let tags = scope.tags(&cx.aws, &arn, name, tags_of(cx, name)).await?;
            if scope.covers(name, &tags) { look(cx, name, tags).await } else { Ok(None) }
        });
        let found: Vec<_> = iter(looks.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = &one.name else { return Ok(None) };
        let Some(found) = look(cx, name, Tags::default()).await? else { return Ok(None) };
        Ok(Some(Found { tags: tags_of(cx, name).await?, ..found }))
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        put(cx, want, Some(tag_list(tags))).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        put(cx, want, None).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        let arn = arn(&cx.known.stack, &seen.name);
        if !gone.is_empty() {
            let call = cx.aws.cloudwatch.untag_resource().resource_arn(&arn).set_tag_keys(Some(gone.to_vec()));
            call.send().await.named("cloudwatch:UntagResource")?;
        }
        let call = cx.aws.cloudwatch.tag_resource().resource_arn(&arn).set_tags(Some(tag_list(tags)));
        call.send().await.named("cloudwatch:TagResource")?;
        Ok(())
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let call = cx.aws.cloudwatch.delete_dashboards().dashboard_names(&seen.name);
        match call.send().await.named("cloudwatch:DeleteDashboards") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Dashboards belong to no region.
fn arn(meta: &Meta, name: &str) -> String {
    format!("arn:aws:cloudwatch::{}:dashboard/{name}", meta.account)
}

/// Tags are taken only with a new dashboard.
async fn put(cx: &Cx, want: &Spec, tags: Option<Vec<Tag>>) -> Result<(), KindError> {
    let call = cx.aws.cloudwatch.put_dashboard().dashboard_name(&want.name).set_tags(tags);
    call.dashboard_body(want.body.to_string()).send().await.named("cloudwatch:PutDashboard")?;
    Ok(())
}

async fn look(cx: &Cx, name: &str, tags: Tags) -> Result<Option<Found<Seen>>, KindError> {
    let call = cx.aws.cloudwatch.get_dashboard().dashboard_name(name);
    match call.send().await.named("cloudwatch:GetDashboard") {
        Ok(answer) => {
            let body = serde_json::from_str(&answer.dashboard_body.unwrap_or_default()).unwrap_or_default();
            Ok(Some(Found { name: name.to_owned(), tags, seen: Seen { name: name.to_owned(), body } }))
        }
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn tags_of(cx: &Cx, name: &str) -> Result<Tags, AwsError> {
    let call = cx.aws.cloudwatch.list_tags_for_resource().resource_arn(arn(&cx.known.stack, name));
    match call.send().await.named("cloudwatch:ListTagsForResource") {
        Ok(answer) => {
            let tags = answer.tags.unwrap_or_default().into_iter();
            Ok(Tags::collect(tags.map(|tag| (tag.key, tag.value))))
        }
        Err(error) if error.is_not_found() => Ok(Tags::default()),
        Err(error) => Err(error),
    }
}

fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.pairs().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
