//! One attempt of a run: a process with two logs, a time limit and a way to be stopped.

use std::path::Path;
use std::time::Duration;

use aws_config::SdkConfig;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::sync::watch;

use super::launch::{Launch, error_file};
use crate::localcloud::log_stream::{LogHandle, LogStream};
use crate::localcloud::worker;

/// Why a run could not be started.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    /// A script or a library is not to be had.
    #[error("could not read {uri}: {why}")]
    File { uri: String, why: String },
    /// The run's folder cannot be used.
    #[error("could not prepare the run's folder: {0}")]
    Folder(String),
    /// There is no interpreter.
    #[error("could not start {path}: {why}")]
    Start { path: String, why: String },
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Succeeded,
    Failed(String),
    TimedOut,
    Stopped,
}

/// The two logs of a run.
pub(super) struct Logs {
    output: LogStream,
    error: LogStream,
}

impl Logs {
    pub(super) fn open(config: &SdkConfig, group: &str, identifier: &str) -> Self {
        Self {
            output: LogStream::open(config, &format!("{group}/output"), identifier),
            error: LogStream::open(config, &format!("{group}/error"), identifier),
        }
    }

    async fn close(self) {
        futures::future::join(self.output.close(), self.error.close()).await;
    }
}

/// Starts the process, calls `running` once it is there, and waits for one of its four ends.
pub(super) async fn attempt(
    launch: &Launch<'_>,
    logs: Logs,
    stop: &mut watch::Receiver<bool>,
    running: impl FnOnce(),
) -> End {
    let identifier = launch.run["Id"].as_str().unwrap_or_default();
    let mut said = vec![];
    let started = tokio::select! {
        started = launch.start(&mut said) => Some(started),
        _ = stop.wait_for(|stop| *stop) => None,
    };
    for line in said {
        logs.error.write(line);
    }
    let end = match started {
        Some(Ok(child)) => {
            running();
            let end = watch_over(child, &logs, limit(launch.run), launch.folder, stop).await;
            worker::sweep(worker::RUN_MARK, identifier).await;
            end
        }
        Some(Err(error)) => {
            logs.error.write(error.to_string());
            End::Failed(error.to_string())
        }
        None => End::Stopped,
    };
    logs.close().await;
    end
}

fn limit(run: &Value) -> Duration {
    Duration::from_secs(60 * run["Timeout"].as_u64().unwrap_or(480))
}

async fn watch_over(
    mut child: Child,
    logs: &Logs,
    limit: Duration,
    folder: &Path,
    stop: &mut watch::Receiver<bool>,
) -> End {
    let output = child.stdout.take().map(|pipe| tokio::spawn(follow(pipe, logs.output.handle())));
    let error = child.stderr.take().map(|pipe| tokio::spawn(follow(pipe, logs.error.handle())));
    let end = tokio::select! {
        exited = child.wait() => match exited {
            Ok(status) if status.success() => End::Succeeded,
            Ok(status) => End::Failed(why(folder, &status.to_string())),
            Err(error) => End::Failed(error.to_string()),
        },
        () = tokio::time::sleep(limit) => End::TimedOut,
        _ = stop.wait_for(|stop| *stop) => End::Stopped,
    };
    if let Err(error) = child.kill().await {
        tracing::debug!(%error, "a job's process had ended");
    }
    for reader in [output, error].into_iter().flatten() {
        // A JVM that is on its way out may still hold the pipe.
        if tokio::time::timeout(Duration::from_secs(2), reader).await.is_err() {
            tracing::debug!("a job's pipe stayed open");
        }
    }
    end
}

/// Returns the line that the runner left, else how the process ended.
fn why(folder: &Path, status: &str) -> String {
    let left = std::fs::read_to_string(error_file(folder)).unwrap_or_default();
    match left.trim() {
        "" => format!("Command failed with {status}"),
        line => line.to_owned(),
    }
}

async fn follow(pipe: impl AsyncRead + Unpin, log: LogHandle) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    while pipe.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        log.write(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        line.clear();
    }
}
