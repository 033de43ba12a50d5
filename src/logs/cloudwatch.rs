//! What CloudWatch Logs holds of functions, jobs and crawlers.

use aws_sdk_glue::types::JobRun;
use futures::future::try_join_all;
use jiff::Timestamp;

use super::LogsError;
use super::line::{Event, plain};
use crate::aws::{Clients, Sorted};

pub(super) const FILTER: &str = "logs:FilterLogEvents";
pub(super) const RUNS: &str = "glue:GetJobRuns";

/// The group of all crawlers; each writes to a stream of its own name.
pub(super) const CRAWLERS: &str = "/aws-glue/crawlers";

/// What the groups of all jobs begin with, unless a run says otherwise.
pub(super) const JOBS: &str = "/aws-glue/jobs";

/// What the script prints, what Spark and Python complain of, and the continuous log of older releases of Glue.
const JOB_GROUPS: [&str; 3] = ["output", "error", "logs-v2"];

/// How much later than their moment events may come to be readable, in seconds.
pub(super) const LATE_SECONDS: i64 = 120;

/// Which streams of a group are meant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Streams<'a> {
    All,
    Named(&'a str),
    Beginning(&'a str),
}

/// Returns the events of a group since a moment. A group or a stream that is not there holds none.
pub(super) async fn events(
    aws: &Clients,
    group: &str,
    streams: Streams<'_>,
    since: Timestamp,
) -> Result<Vec<Event>, LogsError> {
    let call = aws.logs.filter_log_events().log_group_name(group).start_time(since.as_millisecond());
    let call = match streams {
        Streams::All => call,
        Streams::Named(name) => call.log_stream_names(name),
        Streams::Beginning(prefix) => call.log_stream_name_prefix(prefix),
    };
    let mut pages = call.into_paginator().send();
    let mut found = vec![];
    while let Some(page) = pages.next().await {
        let page = match page.named(FILTER) {
            Err(error) if error.is_not_found() => return Ok(found),
            page => page?,
        };
        let events = page.events.unwrap_or_default().into_iter().filter_map(|event| {
            let at = Timestamp::from_millisecond(event.timestamp?).ok()?;
            let message = plain(&event.message.unwrap_or_default());
            let id = event.event_id.unwrap_or_else(|| format!("{at} {message}"));
            Some(Event { id, at, message })
        });
        found.extend(events);
    }
    Ok(found)
}

/// Returns the events of the runs of one job since a moment.
pub(super) async fn job_events(aws: &Clients, name: &str, since: Timestamp) -> Result<Vec<Event>, LogsError> {
    let runs = runs(aws, name, since).await?;
    let groups = runs.iter().flat_map(|(run, groups)| groups.iter().map(move |group| (run, group)));
    let reads = groups.map(|(run, group)| events(aws, group, Streams::Beginning(run), since));
    Ok(try_join_all(reads).await?.concat())
}

/// Returns the groups in which a run of a job may write.
pub(super) fn job_groups(of_run: Option<&str>) -> Vec<String> {
    JOB_GROUPS.iter().map(|group| format!("{}/{group}", of_run.unwrap_or(JOBS))).collect()
}

/// Returns the runs that may have written since a moment, with their groups. A repeated run has the id of the first
/// with something behind it, so one beginning covers all attempts and the streams of their executors.
async fn runs(aws: &Clients, name: &str, since: Timestamp) -> Result<Vec<(String, Vec<String>)>, LogsError> {
    let mut pages = aws.glue.get_job_runs().job_name(name).into_paginator().send();
    let mut found: Vec<(String, Vec<String>)> = vec![];
    while let Some(page) = pages.next().await {
        let page = match page.named(RUNS) {
            Err(error) if error.is_not_found() => return Ok(found),
            page => page?,
        };
        let runs = page.job_runs.unwrap_or_default();
        // The newest run comes first, so after a page of old ones there are only older ones.
        let recent: Vec<&JobRun> = runs.iter().filter(|run| may_have_written(run, since)).collect();
        if recent.is_empty() {
            break;
        }
        for run in recent {
            let Some(first) = run.id.as_deref().map(first_attempt) else { continue };
            if found.iter().all(|(known, _)| known != first) {
                found.push((first.to_owned(), job_groups(run.log_group_name.as_deref())));
            }
        }
    }
    Ok(found)
}

fn may_have_written(run: &JobRun, since: Timestamp) -> bool {
    run.completed_on.is_none_or(|end| end.secs() >= since.as_second() - LATE_SECONDS)
}

/// Returns the id of the first attempt of a run.
pub(super) fn first_attempt(run: &str) -> &str {
    run.split("_attempt_").next().unwrap_or(run)
}
