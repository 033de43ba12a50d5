//! Runs a Glue job and follows it to its end.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::JobRunState;
use serde::Deserialize;

use crate::aws::{AwsError, Sorted};
use crate::kinds::glue::job::Job as JobKind;
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, StepCx, Tally};
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

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        const OPERATION: &str = "glue:StartJobRun";
        let name = cx.output("job", &self.job, "name")?;
        let started = cx.cx.aws.glue.start_job_run().job_name(&name).send().await.named(OPERATION)?;
        let run = started.job_run_id.ok_or_else(|| AwsError::incomplete(OPERATION, "run id"))?;
        let declared = cx.stack.declared.get::<JobKind>(&self.job);
        let (minutes, retries) = declared.map_or((480, 0), |job| (job.timeout_minutes, job.retries));
        // Each attempt may take the whole of its time.
        let minutes = u64::try_from(minutes).unwrap_or(480) * u64::try_from(retries + 1).unwrap_or(1);
        let backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10));
        let ended = until(Duration::from_secs(minutes * 60), backoff, || look(cx, &name, &run)).await;
        let log = Some("/aws-glue/jobs/error".to_owned());
        ended.map_err(|error| PipelineError::of_wait(error, &format!("the job `{name}`"), log))?;
        Ok(Tally::default())
    }
}

async fn look(cx: &StepCx<'_>, name: &str, run: &str) -> Result<Probe<()>, PipelineError> {
    let answer = cx.cx.aws.glue.get_job_run().job_name(name).run_id(run).send().await;
    let Some(run) = answer.named("glue:GetJobRun")?.job_run else { return Ok(Probe::Pending("unknown".into())) };
    let state = run.job_run_state.clone();
    Ok(match state {
        Some(JobRunState::Succeeded) => Probe::Ready(()),
        Some(JobRunState::Failed | JobRunState::Error | JobRunState::Stopped | JobRunState::Timeout) => {
            let state = state.map(|state| state.as_str().to_owned()).unwrap_or_default();
            Probe::Failed(run.error_message.unwrap_or(state))
        }
        other => {
            let text = other.map(|state| state.as_str().to_lowercase()).unwrap_or_default();
            cx.events.say(format!("{text}, {} s", run.execution_time));
            Probe::Pending(text)
        }
    })
}
