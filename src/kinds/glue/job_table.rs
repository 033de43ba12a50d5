//! The table `[job.NAME]` and the resources that it stands for.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Connection;
use super::job::{Job, Spec};
use crate::kinds::base::{Entry, Finding, Kind, KindError, Reference, Resource, Table, Template};
use crate::kinds::{bucket, object, retired, role, template_references};
use crate::model::Address;

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
        findings.extend(retired::glue_version(&spec.glue_version, entry.today));
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
