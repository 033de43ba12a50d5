//! A log group, made before its first writer so that its retention is set.

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use super::base::{Cx, Diff, Found, Kind, KindError, Known, Outputs, Scope};
use crate::aws::{Sorted, Trouble};
use crate::model::Address;
use crate::ownership::Tags;

/// A CloudWatch log group.
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
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, _want: &Spec) -> Vec<Address> {
        vec![]
    }

    fn diff(&self, want: &Spec, seen: &Seen, _known: &Known) -> Diff {
        let seen_days = seen.retention_days.map_or("never expires".to_owned(), |days| days.to_string());
        Diff::new().in_place("retention_days", want.retention_days, seen_days)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone()), ("arn", seen.arn.clone())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.logs.describe_log_groups().log_group_name_prefix("/aws").into_paginator().items().send();
        let mut found = vec![];
        while let Some(group) = pages.next().await {
            let group = group.named("logs:DescribeLogGroups")?;
            let name = group.log_group_name.unwrap_or_default();
            let arn = group.log_group_arn.or(group.arn).unwrap_or_default().trim_end_matches(":*").to_owned();
            let call = cx.aws.logs.list_tags_for_resource().resource_arn(&arn);
            let tags = match call.send().await.named("logs:ListTagsForResource") {
                Ok(answer) => Tags(answer.tags.unwrap_or_default().into_iter().collect()),
                // Deleted since it was listed.
                Err(error) if error.is_not_found() => continue,
                Err(error) => return Err(error.into()),
            };
            if scope.names.contains(&name) || matches!(tags.owner(&scope.stack), crate::ownership::Owner::Ours(_)) {
                let seen = Seen { name: name.clone(), arn, retention_days: group.retention_in_days };
                found.push(Found { name, tags, seen });
            }
        }
        Ok(found)
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

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
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

async fn set_retention(cx: &Cx, want: &Spec) -> Result<(), KindError> {
    let call = cx.aws.logs.put_retention_policy().log_group_name(&want.name).retention_in_days(want.retention_days);
    call.send().await.named("logs:PutRetentionPolicy")?;
    Ok(())
}
