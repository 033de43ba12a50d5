//! `[job.NAME]`: a PySpark job on Glue, with its script in a bucket.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::{ConnectionsList, ExecutionProperty, Job as AwsJob, JobCommand, JobUpdate, WorkerType};
use serde::{Deserialize, Serialize};

use super::{Connection, glue_tags};
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{
    Cx, Diff, Entry, Finding, Found, Kind, KindError, Known, Outputs, Reference, Resource, Scope, Table, Template,
};
use crate::kinds::{bucket, object, role, template_references};
use crate::model::{Address, Effect};
use crate::ownership::{Owner, Tags};

/// The kind and the table.
pub struct Job;

/// The keys of the table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobTable {
    /// Its name.
    pub name: String,
    /// The role it runs as.
    pub role: String,
    /// The local script.
    pub script: String,
    /// The bucket that holds script, Spark UI logs and temporary files.
    pub bucket: String,
    /// The release of Glue, such as `5.0`.
    pub glue_version: String,
    /// The worker type, such as `G.1X`.
    pub worker_type: String,
    /// How many workers; at least two.
    pub workers: i32,
    /// Whether Glue remembers what was read.
    #[serde(default)]
    pub bookmark: bool,
    /// How often a failed run is repeated.
    #[serde(default)]
    pub retries: i32,
    /// How long one run may take.
    pub timeout_minutes: i32,
    /// How many runs may go on at once.
    #[serde(default = "one")]
    pub max_concurrent_runs: i32,
    /// Connections whose network the job runs in.
    #[serde(default)]
    pub connections: Vec<String>,
    /// Where the script is kept.
    #[serde(default = "scripts")]
    pub script_folder: String,
    /// Where the Spark UI logs go.
    #[serde(default = "spark_logs")]
    pub spark_logs_folder: String,
    /// Where temporary files go.
    #[serde(default = "temporary")]
    pub temporary_folder: String,
    /// Arguments of the script; they may use outputs.
    #[serde(default)]
    pub arguments: BTreeMap<String, Template>,
}

fn one() -> i32 {
    1
}

fn scripts() -> String {
    "scripts/".into()
}

fn spark_logs() -> String {
    "sparkHistoryLogs/".into()
}

fn temporary() -> String {
    "temporary/".into()
}

/// Releases of Glue that have ended, with the day (AWS Glue version support policy, read 2026-08).
const ENDED: [&str; 3] = ["0.9", "1.0", "2.0"];

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    name: String,
    role: Address,
    script: Address,
    glue_version: String,
    worker_type: String,
    workers: i32,
    retries: i32,
    timeout_minutes: i32,
    max_concurrent_runs: i32,
    connections: Vec<Address>,
    arguments: BTreeMap<String, Template>,
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

impl Table for Job {
    const NAME: &'static str = "job";
    type Spec = JobTable;

    fn references(&self, spec: &JobTable) -> Vec<Reference> {
        let mut references = vec![
            Reference::new("role", <role::Role as Table>::NAME, &spec.role),
            Reference::new("bucket", <bucket::Bucket as Table>::NAME, &spec.bucket),
        ];
        for (position, connection) in spec.connections.iter().enumerate() {
            references.push(Reference::new(format!("connections.{position}"), <Connection as Table>::NAME, connection));
        }
        for (key, value) in &spec.arguments {
            references.extend(template_references(&format!("arguments.{key}"), value));
        }
        references
    }

    fn check(&self, spec: &JobTable, entry: Entry<'_>) -> Vec<Finding> {
        let mut findings = vec![];
        if !entry.all.path(&spec.script).is_file() {
            findings.push(Finding::no_such("script", "file", &spec.script));
        }
        if ENDED.contains(&spec.glue_version.as_str()) {
            let message = format!("Glue {} has ended on 2026-04-01; AWS does not run it any more", spec.glue_version);
            findings.push(Finding::error("glue_version", message).hint("write `glue_version = \"5.0\"`"));
        }
        if spec.workers < 2 {
            findings.push(Finding::error("workers", "a Spark job has at least two workers"));
        }
        if !(1..10080).contains(&spec.timeout_minutes) {
            findings.push(Finding::error("timeout_minutes", "a run may take 1 to 10,079 minutes"));
        }
        for key in spec.arguments.keys() {
            if !key.starts_with("--") {
                let finding = Finding::error(format!("arguments.{key}"), "the name of an argument begins with `--`");
                findings.push(finding.hint(format!("write `--{key}`")));
            }
        }
        findings
    }

    fn unique_name(&self, spec: &JobTable) -> Option<String> {
        Some(spec.name.clone())
    }

    fn expand(&self, spec: &JobTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        let bucket = Address::new(<bucket::Bucket as Kind>::NAME, &spec.bucket);
        let bucket_name = entry.all.get::<bucket::Bucket>(&spec.bucket).map(|bucket| bucket.name.clone());
        let bucket_name = bucket_name.unwrap_or_default();
        let key = format!("{}{}.py", spec.script_folder, spec.name);
        let script = object::Spec::of_file(bucket, &bucket_name, key, entry.all.path(&spec.script))?;
        let connections = spec.connections.iter().map(|name| Address::new(<Connection as Kind>::NAME, name));
        let job = Spec {
            name: spec.name.clone(),
            role: Address::new(<role::Role as Kind>::NAME, &spec.role),
            script: Address::new(object::Object::NAME, entry.name),
            glue_version: spec.glue_version.clone(),
            worker_type: spec.worker_type.clone(),
            workers: spec.workers,
            retries: spec.retries,
            timeout_minutes: spec.timeout_minutes,
            max_concurrent_runs: spec.max_concurrent_runs,
            connections: connections.collect(),
            arguments: arguments(spec, &bucket_name),
        };
        Ok(vec![
            Resource::new(&object::Object, entry.name, entry.origin.clone(), script),
            Resource::new(&Job, entry.name, entry.origin.clone(), job),
        ])
    }
}

/// Returns the arguments of the script together with those that Glue itself reads.
fn arguments(spec: &JobTable, bucket: &str) -> BTreeMap<String, Template> {
    let bookmark = if spec.bookmark { "job-bookmark-enable" } else { "job-bookmark-disable" };
    let own = [
        ("--job-bookmark-option", bookmark.to_owned()),
        ("--enable-metrics", "true".to_owned()),
        ("--enable-continuous-cloudwatch-log", "true".to_owned()),
        ("--enable-spark-ui", "true".to_owned()),
        ("--spark-event-logs-path", format!("s3://{bucket}/{}", spec.spark_logs_folder)),
        ("--TempDir", format!("s3://{bucket}/{}", spec.temporary_folder)),
    ];
    let own = own.into_iter().map(|(key, value)| (key.to_owned(), Template::from(value.as_str())));
    own.chain(spec.arguments.clone()).collect()
}

#[async_trait]
impl Kind for Job {
    const NAME: &'static str = "job";
    const LIMIT: Duration = Duration::from_secs(120);
    const OUTPUTS: &'static [&'static str] = &["name"];
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
        let mut diff = Diff::new()
            .maybe("role", known.get(&want.role, "arn"), &seen.role, Effect::InPlace)
            .maybe("script", known.get(&want.script, "uri"), &seen.script, Effect::InPlace)
            .in_place("glue_version", &want.glue_version, &seen.glue_version)
            .in_place("worker_type", &want.worker_type, &seen.worker_type)
            .in_place("workers", want.workers, seen.workers)
            .in_place("retries", want.retries, seen.retries)
            .in_place("timeout_minutes", want.timeout_minutes, seen.timeout_minutes)
            .in_place("max_concurrent_runs", want.max_concurrent_runs, seen.max_concurrent_runs)
            .maybe("connections", connections.map(|all| all.join(", ")), seen.connections.join(", "), Effect::InPlace);
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

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.glue.get_jobs().into_paginator().items().send();
        let mut found = vec![];
        while let Some(job) = pages.next().await {
            let job = job.named("glue:GetJobs")?;
            let name = job.name.clone().unwrap_or_default();
            let tags = glue_tags::read(cx, "job", &name).await?;
            if scope.names.contains(&name) || tags.owner(&scope.stack) != Owner::Foreign {
                found.push(Found { name, tags, seen: observe(job) });
            }
        }
        Ok(found)
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

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        Ok(glue_tags::write(cx, "job", &seen.name, tags).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        cx.aws.glue.delete_job().job_name(&seen.name).send().await.named("glue:DeleteJob")?;
        Ok(())
    }
}

fn observe(job: AwsJob) -> Seen {
    Seen {
        name: job.name.unwrap_or_default(),
        role: job.role.unwrap_or_default(),
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
