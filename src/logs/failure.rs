//! The log of one failed run, cut down to the lines that matter.

use futures::future::try_join_all;
use jiff::Timestamp;

use super::cloudwatch::{CRAWLERS, Streams, events, first_attempt, job_groups};
use super::{LogsError, what_matters};
use crate::aws::Clients;

/// What failed.
#[derive(Debug, Clone, Copy)]
pub enum Failed<'a> {
    /// One run of a job, by its id; of several attempts all are read.
    JobRun(&'a str),
    /// A function, by its log group.
    Function(&'a str),
    /// A crawler, by its name.
    Crawler(&'a str),
}

/// Returns the lines that say why something failed since a moment, the most important one first; none if the log is
/// not there (yet).
///
/// # Errors
/// If CloudWatch Logs refuses, or does not answer.
pub async fn failure(aws: &Clients, failed: Failed<'_>, since: Timestamp) -> Result<Vec<String>, LogsError> {
    // What a script prints and what it complains of are not mixed: a stack trace must stay in one piece.
    let found = match failed {
        Failed::JobRun(run) => {
            let (groups, streams) = (job_groups(None), Streams::Beginning(first_attempt(run)));
            try_join_all(groups.iter().map(|group| events(aws, group, streams, since))).await?.concat()
        }
        Failed::Function(group) => events(aws, group, Streams::All, since).await?,
        Failed::Crawler(name) => events(aws, CRAWLERS, Streams::Named(name), since).await?,
    };
    let lines: Vec<String> = found.into_iter().map(|event| event.message).collect();
    Ok(what_matters(&lines.join("\n")))
}
