//! A log group, made before its first writer so that its retention is set.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::types;
use futures::stream::{StreamExt, TryStreamExt, iter};
use serde::Serialize;

use super::base::{Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope};
use crate::aws::{AwsError, Sorted, Trouble};
use crate::ownership::Tags;

/// How many groups are asked for their tags side by side.
const AT_ONCE: usize = 5;

/// What the names of all log groups of a stack begin with.
const PREFIX: &str = "/aws/lambda/";

/// A CloudWatch log group. Listing takes one call for fifty groups of functions, and one for the tags of a group where
/// the index of tags does not confirm them.
pub struct LogGroup;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// Its name, such as `/aws/lambda/reader`.
    pub name: String,
    /// How long events are kept.
    pub retention_days: i32,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    arn: String,
    retention_days: Option<i32>,
}

#[async_trait]
impl Kind for LogGroup {
    const NAME: &'static str = "log_group";
    const LIMIT: Duration = Duration::from_secs(60);
    const OUTPUTS: &'static [&'static str] = &["name", "arn"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", "logs:DescribeLogGroups"),
        Attribute::in_place("retention_days", "logs:DescribeLogGroups"),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        let arn = format!("arn:aws:logs:{}:{}:log-group:{}", meta.region, meta.account, want.name);
        let actions = [
            "logs:CreateLogGroup",
            "logs:DeleteLogGroup",
            "logs:ListTagsForResource",
            "logs:PutRetentionPolicy",
            "logs:TagResource",
            "logs:UntagResource",
        ];
        vec![
            Permission::anywhere(&["logs:DescribeLogGroups", "tag:GetResources"]),
            Permission::new(&arn, &actions),
            Permission::new(format!("{arn}:*"), &actions),
        ]
    }

    fn diff(&self, want: &Spec, seen: &Seen, _known: &Known) -> Diff {
        let seen_days = seen.retention_days.map_or("never expires".to_owned(), |days| days.to_string());
        Diff::new().in_place("retention_days", want.retention_days, seen_days)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone()), ("arn", seen.arn.clone())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let call = cx.aws.logs.describe_log_groups().log_group_name_prefix(PREFIX).limit(50);
        let mut pages = call.into_paginator().items().send();
        let mut groups = vec![];
        while let Some(group) = pages.next().await {
            groups.push(observe(group.named("logs:DescribeLogGroups")?));
        }
        let looks = groups.into_iter().map(async |seen| {
            let tags = scope.tags(&cx.aws, &seen.arn, &seen.name, tags_of(cx, &seen.arn)).await?;
            Ok::<_, KindError>(Found { name: seen.name.clone(), tags, seen })
        });
        let found: Vec<_> = iter(looks.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().filter(|group| scope.covers(&group.name, &group.tags)).collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = &one.name else { return Ok(None) };
        // Groups come in the order of their names, so the one with exactly this name comes first.
        let call = cx.aws.logs.describe_log_groups().log_group_name_prefix(name).limit(1);
        let groups = call.send().await.named("logs:DescribeLogGroups")?.log_groups.unwrap_or_default();
        let Some(seen) = groups.into_iter().map(observe).find(|seen| seen.name == *name) else { return Ok(None) };
        let tags = tags_of(cx, &seen.arn).await?;
        Ok(Some(Found { name: name.clone(), tags, seen }))
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let call = cx.aws.logs.create_log_group().log_group_name(&want.name);
        let call = call.set_tags(Some(tags.0.clone().into_iter().collect()));
        match call.send().await.named("logs:CreateLogGroup") {
            Err(error) if error.trouble != Trouble::Exists => return Err(error.into()),
            _ => {}
        }
        set_retention(cx, want).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        set_retention(cx, want).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        if !gone.is_empty() {
            let call = cx.aws.logs.untag_resource().resource_arn(&seen.arn).set_tag_keys(Some(gone.to_vec()));
            call.send().await.named("logs:UntagResource")?;
        }
        let call = cx.aws.logs.tag_resource().resource_arn(&seen.arn);
        call.set_tags(Some(tags.0.clone().into_iter().collect())).send().await.named("logs:TagResource")?;
        Ok(())
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let call = cx.aws.logs.delete_log_group().log_group_name(&seen.name);
        match call.send().await.named("logs:DeleteLogGroup") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn observe(group: types::LogGroup) -> Seen {
    // One of the two forms of the ARN ends with the streams of the group; tags are asked without.
    let arn = group.log_group_arn.or(group.arn).unwrap_or_default().trim_end_matches(":*").to_owned();
    Seen { name: group.log_group_name.unwrap_or_default(), arn, retention_days: group.retention_in_days }
}

/// Asks for the tags; a group that was deleted since it was listed has none.
async fn tags_of(cx: &Cx, arn: &str) -> Result<Tags, AwsError> {
    match cx.aws.logs.list_tags_for_resource().resource_arn(arn).send().await.named("logs:ListTagsForResource") {
        Ok(answer) => Ok(Tags(answer.tags.unwrap_or_default().into_iter().collect())),
        Err(error) if error.is_not_found() => Ok(Tags::default()),
        Err(error) => Err(error),
    }
}

async fn set_retention(cx: &Cx, want: &Spec) -> Result<(), KindError> {
    let call = cx.aws.logs.put_retention_policy().log_group_name(&want.name).retention_in_days(want.retention_days);
    call.send().await.named("logs:PutRetentionPolicy")?;
    Ok(())
}
