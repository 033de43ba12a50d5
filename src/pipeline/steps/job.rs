//! Runs a Glue job and follows it to its end.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::{JobRun, JobRunState};
use serde::Deserialize;

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::Permission;
use crate::kinds::glue::job::Job as JobKind;
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, RightsCx, StepCx, Tally};
use crate::wait::{Backoff, Probe, until};

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

#[async_trait]
impl Step for Job {
    fn reads(&self) -> &[Dataset] {
        match self.reads {
            Some(JobReads::Mysql) => &[Dataset::Mysql],
            Some(JobReads::Staging) => &[Dataset::Staging],
            None => &[],
        }
    }

    fn writes(&self) -> &[Dataset] {
        match self.reads {
            Some(JobReads::Mysql) => &[Dataset::Staging],
            Some(JobReads::Staging) => &[Dataset::Warehouse],
            None => &[],
        }
    }

    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission> {
        let job = cx.arn("glue", &format!("job/{}", cx.name("job", &self.job)));
        vec![Permission::new(job, &["glue:StartJobRun", "glue:GetJobRuns"])]
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        const OPERATION: &str = "glue:StartJobRun";
        let name = cx.output("job", &self.job, "name")?;
        let declared = cx.stack.declared.get::<JobKind>(&self.job);
        let (minutes, retries) = declared.map_or((480, 0), |job| (job.timeout_minutes, job.retries));
        // Each attempt may take the whole of its time.
        let minutes = u64::try_from(minutes).unwrap_or(480) * u64::try_from(retries + 1).unwrap_or(1);
        let limit = Duration::from_secs(minutes * 60);
        let log = || Some("/aws-glue/jobs/error".to_owned());
        // An earlier run of the pipeline may have been cut off while its job went on.
        let free = until(limit, polling(), || is_free(cx, &name)).await;
        free.map_err(|error| PipelineError::of_wait(error, &format!("an earlier run of the job `{name}`"), log()))?;
        let started = cx.cx.aws.glue.start_job_run().job_name(&name).send().await.named(OPERATION)?;
        let run = started.job_run_id.ok_or_else(|| AwsError::incomplete(OPERATION, "run id"))?;
        let ended = until(limit, polling(), || look(cx, &name, &run, retries)).await;
        ended.map_err(|error| PipelineError::of_wait(error, &format!("the job `{name}`"), log()))?;
        Ok(Tally::default())
    }
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
async fn look(cx: &StepCx<'_>, name: &str, id: &str, retries: i32) -> Result<Probe<()>, PipelineError> {
    let runs = runs(cx, name).await?;
    let attempts = runs.iter().filter(|run| run.id.as_deref().is_some_and(|other| other.starts_with(id)));
    let Some(run) = attempts.max_by_key(|run| run.attempt) else { return Ok(Probe::Pending("not visible yet".into())) };
    let why = || {
        let state = run.job_run_state.as_ref().map(|state| state.as_str().to_owned());
        run.error_message.clone().or(state).unwrap_or_default()
    };
    Ok(match run.job_run_state {
        Some(JobRunState::Succeeded) => Probe::Ready(()),
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
