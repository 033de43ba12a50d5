//! A group of EventBridge schedules. Schedules carry no tags, groups do: one group for each stack owns them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_scheduler::types::{ScheduleGroupState, Tag};
use serde::Serialize;

use super::base::{Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope};
use super::present::present;
use crate::aws::{AwsError, Sorted, Trouble};
use crate::model::{Address, Readiness};
use crate::ownership::Tags;

const READ: &str = "scheduler:GetScheduleGroup";

const LIST: &str = "scheduler:ListScheduleGroups";

/// The most groups that one page of a listing holds.
const PAGE: i32 = 100;

/// The group of a stack's schedules, which has the stack's name. Listing takes one call, and one for the tags of a group
/// with that name: the index of tags may not know groups.
pub struct ScheduleGroup;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// Its name.
    pub name: String,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    arn: String,
    is_deleting: bool,
}

/// Returns the address of the one group of a stack.
pub fn address() -> Address {
    Address::new(ScheduleGroup::NAME, "main")
}

#[async_trait]
impl Kind for ScheduleGroup {
    const NAME: &'static str = "schedule_group";
    const LIMIT: Duration = Duration::from_secs(300);
    const OUTPUTS: &'static [&'static str] = &["arn", "name"];
    const ATTRIBUTES: &'static [Attribute] = &[Attribute::identity("name", LIST)];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        let actions = [
            "scheduler:CreateScheduleGroup",
            "scheduler:DeleteScheduleGroup",
            READ,
            "scheduler:ListTagsForResource",
            "scheduler:TagResource",
            "scheduler:UntagResource",
        ];
        // Deleting a group deletes what is in it, which AWS allows only to who may do that.
        let inside = format!("arn:aws:scheduler:{}:{}:schedule/{}/*", meta.region, meta.account, want.name);
        vec![
            Permission::anywhere(&[LIST]),
            Permission::new(arn(meta, &want.name), &actions),
            Permission::new(inside, &["scheduler:DeleteSchedule"]),
        ]
    }

    fn diff(&self, _want: &Spec, _seen: &Seen, _known: &Known) -> Diff {
        Diff::new()
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("arn", seen.arn.clone()), ("name", seen.name.clone())])
    }

    fn readiness(&self, seen: &Seen) -> Readiness {
        if seen.is_deleting { Readiness::Pending("deleting".into()) } else { Readiness::Ready }
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let call = cx.aws.scheduler.list_schedule_groups().name_prefix(&scope.stack).max_results(PAGE);
        let mut pages = call.into_paginator().items().send();
        let mut found = vec![];
        while let Some(group) = pages.next().await {
            let group = group.named(LIST)?;
            let seen = observe(group.name, group.arn, group.state.as_ref());
            // What is on its way out is as good as gone: making it anew is repeated until the name is free.
            if seen.is_deleting || seen.name != scope.stack {
                continue;
            }
            let tags = shared_tags(cx, scope, &seen.arn).await?;
            if scope.covers(&seen.name, &tags) {
                found.push(Found { name: seen.name.clone(), tags: Tags::clone(&tags), seen });
            }
        }
        Ok(found)
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = &one.name else { return Ok(None) };
        let Some(group) = present(cx.aws.scheduler.get_schedule_group().name(name).send().await.named(READ))? else {
            return Ok(None);
        };
        let seen = observe(group.name, group.arn, group.state.as_ref());
        Ok(Some(Found { name: name.clone(), tags: tags_of(cx, &seen.arn).await?, seen }))
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let call = cx.aws.scheduler.create_schedule_group().name(&want.name).set_tags(Some(tag_list(tags)?));
        match call.send().await.named("scheduler:CreateScheduleGroup") {
            Err(error) if !already_exists(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, _cx: &Cx, _want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        if !gone.is_empty() {
            let call = cx.aws.scheduler.untag_resource().resource_arn(&seen.arn).set_tag_keys(Some(gone.to_vec()));
            call.send().await.named("scheduler:UntagResource")?;
        }
        let call = cx.aws.scheduler.tag_resource().resource_arn(&seen.arn).set_tags(Some(tag_list(tags)?));
        call.send().await.named("scheduler:TagResource")?;
        Ok(())
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let call = cx.aws.scheduler.delete_schedule_group().name(&seen.name);
        present(call.send().await.named("scheduler:DeleteScheduleGroup"))?;
        Ok(())
    }
}

/// Returns the ARN of a group.
pub(super) fn arn(meta: &Meta, name: &str) -> String {
    format!("arn:aws:scheduler:{}:{}:schedule-group/{name}", meta.region, meta.account)
}

/// EventBridge Scheduler has one code for what exists and for what is being changed; the text tells.
pub(super) fn already_exists(error: &AwsError) -> bool {
    error.trouble == Trouble::Conflict && error.message.contains("already exists")
}

fn observe(name: Option<String>, arn: Option<String>, state: Option<&ScheduleGroupState>) -> Seen {
    let is_deleting = state == Some(&ScheduleGroupState::Deleting);
    Seen { name: name.unwrap_or_default(), arn: arn.unwrap_or_default(), is_deleting }
}

/// Asks for the tags of the stack's group, once in one look: its schedules are owned through it.
pub(super) async fn shared_tags(cx: &Cx, scope: &Scope, arn: &str) -> Result<Arc<Tags>, AwsError> {
    scope.shared.once("scheduler:ListTagsForResource", tags_of(cx, arn)).await
}

/// Asks for the tags of a group; one that was deleted since it was listed has none.
async fn tags_of(cx: &Cx, arn: &str) -> Result<Tags, AwsError> {
    let call = cx.aws.scheduler.list_tags_for_resource().resource_arn(arn);
    let answer = present(call.send().await.named("scheduler:ListTagsForResource"))?;
    let tags = answer.and_then(|answer| answer.tags).unwrap_or_default().into_iter();
    Ok(Tags::collect(tags.map(|tag| (Some(tag.key), Some(tag.value)))))
}

fn tag_list(tags: &Tags) -> Result<Vec<Tag>, KindError> {
    let built = tags.pairs().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let list: Result<Vec<Tag>, _> = built.collect();
    Ok(list.map_err(|error| AwsError::incomplete("scheduler:TagResource", &error.to_string()))?)
}
