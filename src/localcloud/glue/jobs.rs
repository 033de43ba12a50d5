//! Jobs: what is to be run, and with how many workers.

use serde_json::{Value, json};

use super::refused::{absent, invalid, required, texts};
use super::runs::RUN;
use super::service::{Answer, Glue, paged};
use crate::localcloud::mint;
use crate::localcloud::refusal::Refusal;

/// The kind of document that a job is.
pub(super) const JOB: &str = "job";

/// Versions that Glue still runs. 0.9, 1.0 and 2.0 reached their end of life on 2026-04-01.
const VERSIONS: [&str; 4] = ["3.0", "4.0", "5.0", "5.1"];

/// Data processing units of a worker.
const WORKERS: [(&str, f64); 9] = [
    ("G.025X", 0.25),
    ("G.1X", 1.0),
    ("G.2X", 2.0),
    ("G.4X", 4.0),
    ("G.8X", 8.0),
    ("R.1X", 1.0),
    ("R.2X", 2.0),
    ("Standard", 1.0),
    ("Z.2X", 2.0),
];

impl Glue {
    pub(super) async fn create_job(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "Name")?.to_owned();
        let mut job = self.complete_job(region, input).await?;
        job["Name"] = json!(name);
        job["CreatedOn"] = json!(mint::now_seconds());
        if !self.documents.create(region, JOB, &name, job) {
            let message = format!("Job with name: {name} already submitted with different configuration");
            return Err(Refusal::new("IdempotentParameterMismatchException", message));
        }
        self.put_tags(region, JOB, &name, &input["Tags"]);
        Ok(json!({ "Name": name }))
    }

    /// Replaces the whole definition: what the call leaves out is reset.
    pub(super) async fn update_job(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "JobName")?;
        let known = self.job(region, name)?;
        let mut job = self.complete_job(region, &input["JobUpdate"]).await?;
        job["Name"] = json!(name);
        job["CreatedOn"] = known["CreatedOn"].clone();
        self.documents.put(region, JOB, name, job);
        Ok(json!({ "JobName": name }))
    }

    /// Checks a definition and fills in what Glue would.
    async fn complete_job(&self, region: &str, wanted: &Value) -> Result<Value, Refusal> {
        let role = required(wanted, "Role")?;
        let version = wanted["GlueVersion"].as_str().unwrap_or("5.1");
        check_definition(wanted, version)?;
        self.check_role(role, region)
            .await
            .map_err(|()| invalid(format!("Role {role} should be given assume role permissions for Glue Service.")))?;
        let mut job = wanted.clone();
        if let Some(members) = job.as_object_mut() {
            members.remove("Tags");
            members.remove("AllocatedCapacity");
        }
        let timeout = if version.starts_with('5') { 480 } else { 2880 };
        let defaults = [
            ("GlueVersion", json!(version)),
            ("Timeout", json!(timeout)),
            ("MaxRetries", json!(0)),
            ("ExecutionProperty", json!({ "MaxConcurrentRuns": 1 })),
            ("DefaultArguments", json!({})),
            ("ExecutionClass", json!("STANDARD")),
            ("JobMode", json!("SCRIPT")),
        ];
        for (member, value) in defaults {
            if job[member].is_null() {
                job[member] = value;
            }
        }
        let capacity = capacity(&job);
        job["MaxCapacity"] = json!(capacity);
        job["AllocatedCapacity"] = json!(capacity.ceil());
        job["LastModifiedOn"] = json!(mint::now_seconds());
        Ok(job)
    }

    pub(super) fn get_job(&self, region: &str, input: &Value) -> Answer {
        Ok(json!({ "Job": self.job(region, required(input, "JobName")?)? }))
    }

    pub(super) fn get_jobs(&self, region: &str, input: &Value) -> Answer {
        Ok(self.paged_documents("Jobs", region, JOB, input, 1000))
    }

    pub(super) fn batch_get_jobs(&self, region: &str, input: &Value) -> Answer {
        let mut jobs = vec![];
        let mut lost = vec![];
        for name in texts(&input["JobNames"]) {
            match self.documents.get(region, JOB, &name) {
                Some(job) => jobs.push(job),
                None => lost.push(name),
            }
        }
        Ok(json!({ "Jobs": jobs, "JobsNotFound": lost }))
    }

    pub(super) fn list_jobs(&self, region: &str, input: &Value) -> Answer {
        let names = self.documents.names(region, JOB);
        let fitting =
            names.into_iter().filter(|name| self.fits_tags(region, JOB, name, &input["Tags"])).map(|name| json!(name));
        Ok(paged("JobNames", fitting.collect(), input, 1000))
    }

    /// Deletes a job with its runs and its bookmark; a job that does not exist is deleted too, as on AWS.
    pub(super) fn delete_job(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "JobName")?;
        for (key, run) in self.documents.list(region, RUN) {
            if run["JobName"] == name {
                self.runs.stop(region, &key);
                self.documents.remove(region, RUN, &key);
            }
        }
        self.documents.remove(region, JOB, name);
        self.documents.remove(region, super::bookmarks::BOOKMARK, name);
        self.drop_tags(region, JOB, name);
        Ok(json!({ "JobName": name }))
    }

    pub(super) fn job(&self, region: &str, name: &str) -> Result<Value, Refusal> {
        let known = self.documents.get(region, JOB, name);
        known.ok_or_else(|| absent(format!("Failed to get job: Job with name {name} not found.")))
    }
}

/// Returns the data processing units of a job or a run.
pub(super) fn capacity(job: &Value) -> f64 {
    let kind = job["WorkerType"].as_str();
    let units = kind.and_then(|kind| WORKERS.iter().find(|(name, _)| *name == kind)).map(|(_, units)| *units);
    match (units, job["NumberOfWorkers"].as_f64(), job["MaxCapacity"].as_f64()) {
        (Some(units), Some(count), _) => units * count,
        (_, _, Some(given)) => given,
        _ => 10.0,
    }
}

fn check_definition(wanted: &Value, version: &str) -> Result<(), Refusal> {
    if !VERSIONS.contains(&version) {
        let message = format!("Glue version {version} is not supported. Supported versions: {}", VERSIONS.join(", "));
        return Err(invalid(message));
    }
    let command = wanted["Command"]["Name"].as_str().unwrap_or("glueetl");
    if command != "glueetl" {
        return Err(invalid(format!("The local Glue runs glueetl jobs only, not {command}")));
    }
    required(&wanted["Command"], "ScriptLocation")?;
    check_workers(wanted)?;
    if wanted["Timeout"].as_i64().is_some_and(|minutes| !(1..10_080).contains(&minutes)) {
        return Err(invalid("Timeout must be at least 1 minute and less than 10080 minutes"));
    }
    if wanted["MaxRetries"].as_i64().is_some_and(|retries| !(0..=10).contains(&retries)) {
        return Err(invalid("MaxRetries must be between 0 and 10"));
    }
    Ok(())
}

/// Checks the workers of a job or a run.
pub(super) fn check_workers(wanted: &Value) -> Result<(), Refusal> {
    let Some(kind) = wanted["WorkerType"].as_str() else { return Ok(()) };
    if !WORKERS.iter().any(|(name, _)| *name == kind) {
        return Err(invalid(format!("Worker type {kind} is not supported")));
    }
    if !wanted["MaxCapacity"].is_null() {
        return Err(invalid("Please do not set Max Capacity if using Worker Type and Number of Workers."));
    }
    match wanted["NumberOfWorkers"].as_i64() {
        Some(count) if count >= 2 => Ok(()),
        Some(count) => Err(invalid(format!("The number of workers {count} must be at least 2 for this job"))),
        None => Err(invalid("Worker Type and Number of Workers must be set together")),
    }
}
