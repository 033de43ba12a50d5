//! `[workgroup.NAME]`: an Athena workgroup and where its results go.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_athena::types::{
    ResultConfiguration, ResultConfigurationUpdates, Tag, WorkGroup, WorkGroupConfiguration,
    WorkGroupConfigurationUpdates, WorkGroupState,
};
use futures::stream::{StreamExt, TryStreamExt, iter};
use serde::{Deserialize, Serialize};

use super::base::{
    Attribute, Cx, Diff, Entry, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Reference,
    Resource, Scope, Table, Template,
};
use super::template_references;
use crate::aws::{AwsError, Sorted, Trouble};
use crate::model::{Address, Effect};
use crate::ownership::Tags;

/// How many workgroups are asked side by side.
const AT_ONCE: usize = 8;

const READ: &str = "athena:GetWorkGroup";

/// The kind and the table. Listing takes one call for fifty workgroups, and one for each that is declared or ours; a
/// second one for its tags where the index of tags does not confirm them.
pub struct Workgroup;

/// Its keys and, at once, its declared fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkgroupTable {
    /// Its name.
    pub name: String,
    /// Where query results go, such as `s3://${bucket.output.name}/athena/`.
    pub results: Template,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    results: String,
    enforced: bool,
    state: String,
}

impl Table for Workgroup {
    const NAME: &'static str = "workgroup";
    type Spec = WorkgroupTable;

    fn references(&self, spec: &WorkgroupTable) -> Vec<Reference> {
        template_references("results", &spec.results)
    }

    fn check(&self, spec: &WorkgroupTable, _entry: Entry<'_>) -> Vec<Finding> {
        let mut findings = vec![];
        if !spec.results.as_str().starts_with("s3://") {
            findings.push(
                Finding::error("results", "results go to S3").hint("such as `s3://${bucket.output.name}/athena/`"),
            );
        }
        if spec.name == "primary" {
            findings.push(Finding::error("name", "`primary` belongs to the account and cannot be deleted"));
        }
        findings
    }

    fn unique_name(&self, spec: &WorkgroupTable) -> Option<String> {
        Some(spec.name.clone())
    }

    fn expand(&self, spec: &WorkgroupTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        Ok(vec![Resource::new(&Workgroup, entry.name, entry.origin.clone(), spec.clone())])
    }
}

#[async_trait]
impl Kind for Workgroup {
    const NAME: &'static str = "workgroup";
    const LIMIT: Duration = Duration::from_secs(120);
    const OUTPUTS: &'static [&'static str] = &["name"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", "athena:ListWorkGroups"),
        Attribute::in_place("results", READ),
        Attribute::in_place("enforced", READ),
        Attribute::in_place("state", READ),
    ];
    type Spec = WorkgroupTable;
    type Seen = Seen;

    fn identity(&self, want: &WorkgroupTable) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, want: &WorkgroupTable) -> Vec<Address> {
        want.results.needs()
    }

    fn diff(&self, want: &WorkgroupTable, seen: &Seen, known: &Known) -> Diff {
        Diff::new()
            .maybe("results", want.results.render(known), &seen.results, Effect::InPlace)
            // Otherwise every query may name another place for its results.
            .in_place("enforced", true, seen.enforced)
            .in_place("state", WorkGroupState::Enabled.as_str(), &seen.state)
    }

    fn permissions(&self, want: &WorkgroupTable, meta: &Meta) -> Vec<Permission> {
        let actions = [
            "athena:CreateWorkGroup",
            "athena:DeleteWorkGroup",
            READ,
            "athena:ListTagsForResource",
            "athena:TagResource",
            "athena:UntagResource",
            "athena:UpdateWorkGroup",
        ];
        vec![
            Permission::anywhere(&["athena:ListWorkGroups", "tag:GetResources"]),
            Permission::new(arn(meta, &want.name), &actions),
        ]
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.athena.list_work_groups().max_results(50).into_paginator().send();
        let mut names = vec![];
        while let Some(page) = pages.next().await {
            let groups = page.named("athena:ListWorkGroups")?.work_groups.unwrap_or_default();
            names.extend(groups.into_iter().filter_map(|group| group.name).filter(|name| name != "primary"));
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

    async fn create(&self, cx: &Cx, want: &WorkgroupTable, tags: &Tags) -> Result<(), KindError> {
        let results = ResultConfiguration::builder().output_location(location(cx, want)?).build();
        let configuration = WorkGroupConfiguration::builder()
            .result_configuration(results)
            .enforce_work_group_configuration(true)
            .build();
        let call = cx.aws.athena.create_work_group().name(&want.name).configuration(configuration);
        match call.set_tags(Some(tag_list(tags))).send().await.named("athena:CreateWorkGroup") {
            // Athena has one code for everything; the text tells.
            Err(error) if error.trouble == Trouble::Invalid && error.message.contains("already") => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }

    async fn update(&self, cx: &Cx, want: &WorkgroupTable, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        let results = ResultConfigurationUpdates::builder().output_location(location(cx, want)?).build();
        let updates = WorkGroupConfigurationUpdates::builder()
            .result_configuration_updates(results)
            .enforce_work_group_configuration(true)
            .build();
        let call = cx.aws.athena.update_work_group().work_group(&want.name).configuration_updates(updates);
        call.state(WorkGroupState::Enabled).send().await.named("athena:UpdateWorkGroup")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        let arn = arn(&cx.known.stack, &seen.name);
        if !gone.is_empty() {
            let call = cx.aws.athena.untag_resource().resource_arn(&arn).set_tag_keys(Some(gone.to_vec()));
            call.send().await.named("athena:UntagResource")?;
        }
        let call = cx.aws.athena.tag_resource().resource_arn(&arn).set_tags(Some(tag_list(tags)));
        call.send().await.named("athena:TagResource")?;
        Ok(())
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let call = cx.aws.athena.delete_work_group().work_group(&seen.name).recursive_delete_option(true);
        match call.send().await.named("athena:DeleteWorkGroup") {
            Err(error) if is_missing(&error) => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }
}

fn arn(meta: &Meta, name: &str) -> String {
    format!("arn:aws:athena:{}:{}:workgroup/{name}", meta.region, meta.account)
}

/// Athena has one code for everything; the text tells.
fn is_missing(error: &AwsError) -> bool {
    error.is_not_found() || error.message.contains("not found")
}

/// Reads one workgroup; `None` if it is not there.
async fn look(cx: &Cx, name: &str, tags: Tags) -> Result<Option<Found<Seen>>, KindError> {
    let group = match cx.aws.athena.get_work_group().work_group(name).send().await.named(READ) {
        Err(error) if is_missing(&error) => return Ok(None),
        answer => answer?.work_group,
    };
    let seen = group.map(observe).filter(|seen| seen.name == name);
    Ok(seen.map(|seen| Found { name: name.to_owned(), tags, seen }))
}

fn observe(group: WorkGroup) -> Seen {
    let configuration = group.configuration;
    let enforced = configuration.as_ref().and_then(|one| one.enforce_work_group_configuration).unwrap_or_default();
    let results = configuration.and_then(|one| one.result_configuration).and_then(|one| one.output_location);
    let state = group.state.unwrap_or(WorkGroupState::Enabled).as_str().to_owned();
    Seen { name: group.name, results: results.unwrap_or_default(), enforced, state }
}

fn location(cx: &Cx, want: &WorkgroupTable) -> Result<String, KindError> {
    let location = want.results.render(&cx.known);
    location.ok_or_else(|| KindError::Broken(format!("`{}` is not known yet", want.results.as_str())))
}

async fn tags_of(cx: &Cx, name: &str) -> Result<Tags, AwsError> {
    let call = cx.aws.athena.list_tags_for_resource().resource_arn(arn(&cx.known.stack, name));
    match call.send().await.named("athena:ListTagsForResource") {
        Ok(answer) => {
            let tags = answer.tags.unwrap_or_default().into_iter();
            Ok(Tags::collect(tags.map(|tag| (tag.key, tag.value))))
        }
        Err(error) if is_missing(&error) => Ok(Tags::default()),
        Err(error) => Err(error),
    }
}

fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.pairs().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
