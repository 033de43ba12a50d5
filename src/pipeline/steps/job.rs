//! Runs a Glue job and follows it to its end.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::{JobRun, JobRunState};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Permission, Reference};
use crate::kinds::glue::job::Job as JobKind;
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, RightsCx, StepCx, Tally};
use crate::wait::{Backoff, Probe, WaitError, until};

/// `job = { job }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    /// The table `[job.NAME]`.
    pub job: String,
    /// What it reads, for the order of the steps; left out, the steps' order in the file counts.
    #[serde(default)]
    pub reads: Option<JobReads>,
}

/// A hop that a job reads; it writes the next one.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum JobReads {
    /// The MySQL table; staging is written.
    Mysql,
    /// The staging files; the warehouse is written.
    Staging,
}

impl JobReads {
    fn hops(self) -> (Dataset, Dataset) {
        match self {
            Self::Mysql => (Dataset::MYSQL, Dataset::STAGING),
            Self::Staging => (Dataset::STAGING, Dataset::WAREHOUSE),
        }
    }
}

#[async_trait]
impl Step for Job {
    fn reads(&self) -> Vec<Dataset> {
        self.reads.map(JobReads::hops).map(|(from, _)| from).into_iter().collect()
    }

    fn writes(&self) -> Vec<Dataset> {
        self.reads.map(JobReads::hops).map(|(_, to)| to).into_iter().collect()
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::new("job", "job", &self.job)]
    }

    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission> {
        let job = cx.arn("glue", &format!("job/{}", cx.name("job", &self.job)));
        vec![Permission::new(job, &["glue:StartJobRun", "glue:GetJobRuns"])]
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        let name = cx.output("job", &self.job, "name")?;
        let declared = cx.stack.declared.get::<JobKind>(&self.job);
        let (minutes, retries) = declared.map_or((480, 0), |job| (job.timeout_minutes, job.retries));
        // Each attempt may take the whole of its time.
        let minutes = u64::try_from(minutes).unwrap_or(480) * u64::try_from(retries + 1).unwrap_or(1);
        let limit = Duration::from_secs(minutes * 60);
        let run = match joined(cx, &name).await? {
            Some(run) => run,
            None => start(cx, &name, limit).await?,
        };
        let log = || Some(format!("/aws-glue/jobs/error:{run}"));
        let ended = until(limit, polling(), || look(cx, &name, &run, retries)).await;
        if matches!(ended, Err(WaitError::Failed(_))) {
            cx.memory.clear().await;
        }
        let seconds = ended.map_err(|error| PipelineError::of_wait(error, &format!("the job `{name}`"), log()))?;
        let usd = cx.prices.glue_job_usd(seconds);
        Ok(Tally { usd, log: Some(format!("/aws-glue/jobs/output:{run}")), ..Tally::default() })
    }
}

/// Returns the run that an earlier run of the pipeline started, unless it ended badly.
async fn joined(cx: &StepCx<'_>, name: &str) -> Result<Option<String>, PipelineError> {
    let Some(noted) = cx.memory.get().await else { return Ok(None) };
    let since = noted["since"].as_f64().unwrap_or(f64::MAX);
    let is_it = |run: &&JobRun| match noted["run"].as_str() {
        Some(id) => run.id.as_deref() == Some(id),
        // The run was asked for, but nobody lived to write its id down.
        None => run.started_on.is_some_and(|time| time.as_secs_f64() >= since),
    };
    let runs = runs(cx, name).await?;
    let useful = |run: &&JobRun| goes_on(run) || run.job_run_state == Some(JobRunState::Succeeded);
    let found = runs.iter().filter(is_it).find(useful).and_then(|run| run.id.clone());
    if found.is_some() {
        cx.events.say("joining the run that was started before");
    }
    Ok(found)
}

async fn start(cx: &StepCx<'_>, name: &str, limit: Duration) -> Result<String, PipelineError> {
    const OPERATION: &str = "glue:StartJobRun";
    // A run of somebody else may go on.
    let free = until(limit, polling(), || is_free(cx, name)).await;
    free.map_err(|error| PipelineError::of_wait(error, &format!("an earlier run of the job `{name}`"), None))?;
    let since = Timestamp::now().as_second();
    cx.memory.put(json!({ "since": since })).await;
    let started = cx.cx.aws.glue.start_job_run().job_name(name).send().await.named(OPERATION)?;
    let run = started.job_run_id.ok_or_else(|| AwsError::incomplete(OPERATION, "run id"))?;
    cx.memory.put(json!({ "since": since, "run": run })).await;
    Ok(run)
}

fn polling() -> Backoff {
    Backoff::new(Duration::from_millis(250), Duration::from_secs(10))
}

async fn runs(cx: &StepCx<'_>, name: &str) -> Result<Vec<JobRun>, PipelineError> {
    let answer = cx.cx.aws.glue.get_job_runs().job_name(name).send().await;
    Ok(answer.named("glue:GetJobRuns")?.job_runs.unwrap_or_default())
}

fn goes_on(run: &JobRun) -> bool {
    matches!(
        run.job_run_state,
        Some(JobRunState::Starting | JobRunState::Running | JobRunState::Stopping | JobRunState::Waiting)
    )
}

async fn is_free(cx: &StepCx<'_>, name: &str) -> Result<Probe<()>, PipelineError> {
    if !runs(cx, name).await?.iter().any(goes_on) {
        return Ok(Probe::Ready(()));
    }
    cx.events.say("waiting for an earlier run of the job");
    Ok(Probe::Pending("an earlier run goes on".into()))
}

/// Follows a run through all its attempts: Glue repeats a failed run under ids that begin with that of the first.
/// Returns what the attempts used, in DPU-seconds.
async fn look(cx: &StepCx<'_>, name: &str, id: &str, retries: i32) -> Result<Probe<f64>, PipelineError> {
    let runs = runs(cx, name).await?;
    let attempts = runs.iter().filter(|run| run.id.as_deref().is_some_and(|other| other.starts_with(id)));
    let used: f64 = attempts.clone().map(dpu_seconds).sum();
    let Some(run) = attempts.max_by_key(|run| run.attempt) else { return Ok(Probe::Pending("not visible yet".into())) };
    let why = || {
        let state = run.job_run_state.as_ref().map(|state| state.as_str().to_owned());
        run.error_message.clone().or(state).unwrap_or_default()
    };
    Ok(match run.job_run_state {
        Some(JobRunState::Succeeded) => Probe::Ready(used),
        Some(JobRunState::Failed) if run.attempt < retries => {
            cx.events.say(format!("failed, Glue tries it again: {}", why()));
            Probe::Pending(why())
        }
        Some(JobRunState::Failed | JobRunState::Error | JobRunState::Stopped | JobRunState::Timeout) => {
            Probe::Failed(why())
        }
        _ => {
            cx.events.say(why().to_lowercase());
            Probe::Pending(why())
        }
    })
}

/// Returns what a run is billed for: at least one minute of all its workers.
fn dpu_seconds(run: &JobRun) -> f64 {
    const SHORTEST_SECONDS: f64 = 60.0;
    let seconds = f64::from(run.execution_time).max(SHORTEST_SECONDS);
    run.dpu_seconds.unwrap_or_else(|| run.max_capacity.unwrap_or_default() * seconds)
}
