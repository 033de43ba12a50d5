//! `[job.NAME]`: a PySpark job on Glue, with its script in a bucket.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::{ConnectionsList, ExecutionProperty, Job as AwsJob, JobCommand, JobUpdate, WorkerType};
use serde::Serialize;

use super::glue_tags;
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{
    Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope, Template,
};
use crate::kinds::present::present;
use crate::model::{Address, Effect};
use crate::ownership::Tags;

const LIST: &str = "glue:GetJobs";

/// The kind and the table.
pub struct Job;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    pub(super) name: String,
    pub(super) role: Address,
    pub(super) script: Address,
    pub(super) glue_version: String,
    pub(super) worker_type: String,
    pub(super) workers: i32,
    pub(super) retries: i32,
    pub(super) timeout_minutes: i32,
    pub(super) max_concurrent_runs: i32,
    pub(super) connections: Vec<Address>,
    pub(super) arguments: BTreeMap<String, Template>,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    role: String,
    script: String,
    glue_version: String,
    worker_type: String,
    workers: i32,
    retries: i32,
    timeout_minutes: i32,
    max_concurrent_runs: i32,
    connections: Vec<String>,
    arguments: BTreeMap<String, String>,
}

#[async_trait]
impl Kind for Job {
    const NAME: &'static str = "job";
    const LIMIT: Duration = Duration::from_secs(120);
    const OUTPUTS: &'static [&'static str] = &["name"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", LIST),
        Attribute::in_place("role", LIST),
        Attribute::in_place("script", LIST),
        Attribute::in_place("glue_version", LIST),
        Attribute::in_place("worker_type", LIST),
        Attribute::in_place("workers", LIST),
        Attribute::in_place("retries", LIST),
        Attribute::in_place("timeout_minutes", LIST),
        Attribute::in_place("max_concurrent_runs", LIST),
        Attribute::in_place("connections", LIST),
        Attribute::in_place("arguments", LIST),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        let arguments = want.arguments.values().flat_map(Template::needs);
        let listed = want.connections.iter().cloned();
        [want.role.clone(), want.script.clone()].into_iter().chain(listed).chain(arguments).collect()
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let connections = want.connections.iter().map(|address| known.get(address, "name")).collect::<Option<Vec<_>>>();
        let diff = Diff::new()
            // A role may be given by its name or by its ARN, and Glue answers with what it was given.
            .maybe("role", known.get(&want.role, "name"), &seen.role, Effect::InPlace)
            .maybe("script", known.get(&want.script, "uri"), &seen.script, Effect::InPlace)
            .in_place("glue_version", &want.glue_version, &seen.glue_version)
            .in_place("worker_type", &want.worker_type, &seen.worker_type)
            .in_place("workers", want.workers, seen.workers)
            .in_place("retries", want.retries, seen.retries)
            .in_place("timeout_minutes", want.timeout_minutes, seen.timeout_minutes)
            .in_place("max_concurrent_runs", want.max_concurrent_runs, seen.max_concurrent_runs);
        let mut diff = match connections {
            Some(connections) => diff.unordered("connections", &connections, &seen.connections),
            None => diff.maybe("connections", None, seen.connections.join(", "), Effect::InPlace),
        };
        for (key, value) in &want.arguments {
            let observed = seen.arguments.get(key).map_or("", String::as_str);
            diff = diff.maybe(&format!("arguments.{key}"), value.render(known), observed, Effect::InPlace);
        }
        for (key, value) in seen.arguments.iter().filter(|(key, _)| !want.arguments.contains_key(*key)) {
            diff = diff.in_place(&format!("arguments.{key}"), "", value);
        }
        diff
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        let actions = [
            "glue:GetJob",
            "glue:CreateJob",
            "glue:UpdateJob",
            "glue:DeleteJob",
            "glue:GetTags",
            "glue:TagResource",
            "glue:UntagResource",
        ];
        vec![
            Permission::anywhere(&[LIST]),
            Permission::new(glue_tags::arn(meta, &format!("job/{}", want.name)), &actions),
            Permission::new(glue_tags::roles(meta), &["iam:PassRole"]),
        ]
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        const PAGE: i32 = 1000;
        let mut pages = cx.aws.glue.get_jobs().max_results(PAGE).into_paginator().items().send();
        let mut all = vec![];
        while let Some(job) = pages.next().await {
            let job = job.named(LIST)?;
            all.push((job.name.clone().unwrap_or_default(), job));
        }
        let covered = glue_tags::covered(cx, scope, "job", all).await?;
        Ok(covered.into_iter().map(|(name, tags, seen)| Found { name, tags, seen: observe(seen) }).collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = one.name.clone() else { return Ok(None) };
        let answer = present(cx.aws.glue.get_job().job_name(&name).send().await.named("glue:GetJob"))?;
        let Some(job) = answer.and_then(|answer| answer.job) else { return Ok(None) };
        let tags = glue_tags::read(cx, "job", &name).await?;
        Ok(Some(Found { name, tags, seen: observe(job) }))
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let definition = definition(cx, want)?;
        let call = cx
            .aws
            .glue
            .create_job()
            .name(&want.name)
            .set_role(definition.role)
            .set_command(definition.command)
            .set_default_arguments(definition.default_arguments)
            .set_connections(definition.connections)
            .set_execution_property(definition.execution_property)
            .set_glue_version(definition.glue_version)
            .set_worker_type(definition.worker_type)
            .set_number_of_workers(definition.number_of_workers)
            .max_retries(want.retries)
            .set_timeout(definition.timeout)
            .set_tags(Some(glue_tags::map(tags)));
        match call.send().await.named("glue:CreateJob") {
            Err(error) if error.trouble != Trouble::Exists => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        // UpdateJob overwrites the whole definition, so all of it is sent.
        let call = cx.aws.glue.update_job().job_name(&want.name).job_update(definition(cx, want)?);
        call.send().await.named("glue:UpdateJob")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        Ok(glue_tags::write(cx, "job", &seen.name, tags, gone).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        cx.aws.glue.delete_job().job_name(&seen.name).send().await.named("glue:DeleteJob")?;
        Ok(())
    }
}

fn observe(job: AwsJob) -> Seen {
    Seen {
        name: job.name.unwrap_or_default(),
        role: job.role.unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned(),
        script: job.command.and_then(|command| command.script_location).unwrap_or_default(),
        glue_version: job.glue_version.unwrap_or_default(),
        worker_type: job.worker_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        workers: job.number_of_workers.unwrap_or_default(),
        retries: job.max_retries,
        timeout_minutes: job.timeout.unwrap_or_default(),
        max_concurrent_runs: job.execution_property.map_or(1, |property| property.max_concurrent_runs),
        connections: job.connections.and_then(|list| list.connections).unwrap_or_default(),
        arguments: job.default_arguments.unwrap_or_default().into_iter().collect(),
    }
}

fn definition(cx: &Cx, want: &Spec) -> Result<JobUpdate, KindError> {
    let mut arguments = std::collections::HashMap::new();
    for (key, value) in &want.arguments {
        let value = value.render(&cx.known);
        let value = value.ok_or_else(|| KindError::Broken(format!("the argument `{key}` is not known yet")))?;
        arguments.insert(key.clone(), value);
    }
    let connections = want.connections.iter().map(|address| cx.known.need(address, "name"));
    let connections = connections.collect::<Result<Vec<_>, _>>()?;
    let script = cx.known.need(&want.script, "uri")?;
    let command = JobCommand::builder().name("glueetl").python_version("3").script_location(script).build();
    let connections = ConnectionsList::builder().set_connections(Some(connections)).build();
    let execution = ExecutionProperty::builder().max_concurrent_runs(want.max_concurrent_runs).build();
    Ok(JobUpdate::builder()
        .role(cx.known.need(&want.role, "arn")?)
        .command(command)
        .set_default_arguments(Some(arguments))
        .set_connections((!want.connections.is_empty()).then_some(connections))
        .execution_property(execution)
        .glue_version(&want.glue_version)
        .worker_type(WorkerType::from(want.worker_type.as_str()))
        .number_of_workers(want.workers)
        .max_retries(want.retries)
        .timeout(want.timeout_minutes)
        .build())
}
