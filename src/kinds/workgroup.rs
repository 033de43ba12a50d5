//! `[workgroup.NAME]`: an Athena workgroup and where its results go.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_athena::types::{
    ResultConfiguration, ResultConfigurationUpdates, Tag, WorkGroup, WorkGroupConfiguration,
    WorkGroupConfigurationUpdates,
};
use serde::{Deserialize, Serialize};

use super::base::{
    Cx, Diff, Entry, Finding, Found, Kind, KindError, Known, Outputs, Reference, Resource, Scope, Table, Template,
};
use super::template_references;
use crate::aws::{AwsError, Sorted, Trouble};
use crate::model::{Address, Effect};
use crate::ownership::{Owner, Tags};

/// The kind and the table.
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
    type Spec = WorkgroupTable;
    type Seen = Seen;

    fn identity(&self, want: &WorkgroupTable) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, want: &WorkgroupTable) -> Vec<Address> {
        want.results.needs()
    }

    fn diff(&self, want: &WorkgroupTable, seen: &Seen, known: &Known) -> Diff {
        Diff::new().maybe("results", want.results.render(known), &seen.results, Effect::InPlace)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut found = vec![];
        let mut names = vec![];
        let mut pages = cx.aws.athena.list_work_groups().into_paginator().send();
        while let Some(page) = pages.next().await {
            let groups = page.named("athena:ListWorkGroups")?.work_groups.unwrap_or_default();
            names.extend(groups.into_iter().filter_map(|group| group.name).filter(|name| name != "primary"));
        }
        for name in names {
            let tags = tags_of(cx, &name).await?;
            if !scope.names.contains(&name) && tags.owner(&scope.stack) == Owner::Foreign {
                continue;
            }
            let call = cx.aws.athena.get_work_group().work_group(&name);
            let group = call.send().await.named("athena:GetWorkGroup")?.work_group;
            let results = group.and_then(results_of).unwrap_or_default();
            found.push(Found { name: name.clone(), tags, seen: Seen { name, results } });
        }
        Ok(found)
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
        let updates = WorkGroupConfigurationUpdates::builder().result_configuration_updates(results).build();
        let call = cx.aws.athena.update_work_group().work_group(&want.name).configuration_updates(updates);
        call.send().await.named("athena:UpdateWorkGroup")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        let call = cx.aws.athena.tag_resource().resource_arn(arn(cx, &seen.name)).set_tags(Some(tag_list(tags)));
        call.send().await.named("athena:TagResource")?;
        Ok(())
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let call = cx.aws.athena.delete_work_group().work_group(&seen.name).recursive_delete_option(true);
        match call.send().await.named("athena:DeleteWorkGroup") {
            Err(error) if error.message.contains("not found") => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }
}

fn arn(cx: &Cx, name: &str) -> String {
    let stack = &cx.known.stack;
    format!("arn:aws:athena:{}:{}:workgroup/{name}", stack.region, stack.account)
}

fn results_of(group: WorkGroup) -> Option<String> {
    group.configuration?.result_configuration?.output_location
}

fn location(cx: &Cx, want: &WorkgroupTable) -> Result<String, KindError> {
    let location = want.results.render(&cx.known);
    location.ok_or_else(|| KindError::Broken(format!("`{}` is not known yet", want.results.as_str())))
}

async fn tags_of(cx: &Cx, name: &str) -> Result<Tags, AwsError> {
    let call = cx.aws.athena.list_tags_for_resource().resource_arn(arn(cx, name));
    match call.send().await.named("athena:ListTagsForResource") {
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
