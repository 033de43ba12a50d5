//! A run from its start to its end, with its retries.

use serde_json::{Value, json};
use tokio::sync::watch;

use super::attempt::{End, Logs, attempt};
use super::launch::{Launch, committed_bookmark};
use crate::localcloud::glue::runs::RUN;
use crate::localcloud::glue::service::Glue;
use crate::localcloud::{mint, sdk};

/// Under which all runs log, to `output` and `error`.
pub(in crate::localcloud::glue) const LOG_GROUP: &str = "/aws-glue/jobs";

/// Runs a job until it succeeds, is stopped, or has failed as often as it may.
pub(in crate::localcloud::glue) async fn run(glue: &Glue, region: &str, first: &str, mut stop: watch::Receiver<bool>) {
    let mut identifier = first.to_owned();
    for retry in 1.. {
        let Some(document) = glue.documents.get(region, RUN, &identifier) else { return };
        let Ok(job) = glue.job(region, document["JobName"].as_str().unwrap_or_default()) else { return };
        let end = run_once(glue, region, &job, &document, &mut stop).await;
        note(glue, region, &document, &end);
        let retries = job["MaxRetries"].as_u64().unwrap_or(0);
        if !matches!(end, End::Failed(_)) || retry > retries {
            return;
        }
        let Some(next) = glue.add_retry(region, &document, retry) else { return };
        identifier = next;
    }
}

async fn run_once(glue: &Glue, region: &str, job: &Value, run: &Value, stop: &mut watch::Receiver<bool>) -> End {
    let identifier = run["Id"].as_str().unwrap_or_default();
    let scratch = glue.context.home.scratch();
    let folder =
        std::fs::create_dir_all(&scratch).and_then(|()| tempfile::Builder::new().prefix("glue-").tempdir_in(&scratch));
    let folder = match folder {
        Ok(folder) => folder,
        Err(error) => return End::Failed(format!("could not use {}: {error}", scratch.display())),
    };
    let config = sdk::config(&glue.context.endpoint, region).await;
    let logs = Logs::open(&config, LOG_GROUP, identifier);
    let bookmark = glue.bookmark_of(region, run);
    let launch = Launch { context: &glue.context, region, job, run, folder: folder.path(), bookmark: &bookmark };
    let end = attempt(&launch, logs, stop, || {
        glue.documents.edit(region, RUN, identifier, |run| {
            run["RunningSince"] = json!(mint::now_seconds());
            run["JobRunState"] = json!("RUNNING");
        });
    })
    .await;
    // What a script committed counts, whatever came after.
    if let Some(state) = committed_bookmark(folder.path()) {
        glue.advance_bookmark(region, run, &state);
    }
    end
}

fn note(glue: &Glue, region: &str, run: &Value, end: &End) {
    let identifier = run["Id"].as_str().unwrap_or_default();
    match end {
        End::Succeeded => glue.finish_run(region, identifier, "SUCCEEDED", None),
        End::Failed(why) => glue.finish_run(region, identifier, "FAILED", Some(why)),
        End::TimedOut => {
            let minutes = run["Timeout"].as_u64().unwrap_or(0);
            let why = format!("Job run exceeded its timeout of {minutes} minutes");
            glue.finish_run(region, identifier, "TIMEOUT", Some(&why));
        }
        End::Stopped => glue.finish_run(region, identifier, "STOPPED", None),
    }
}
