//! One server process with its pid file and its log.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::account::Account;
use super::{EngineError, binaries, nursery};

const POLL: Duration = Duration::from_millis(50);
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// What to run.
#[derive(Debug)]
pub(super) struct Launch {
    /// The server's program.
    pub(super) program: PathBuf,
    /// Its arguments; one of them names `folder`, which tells the process from others.
    pub(super) arguments: Vec<OsString>,
    /// The engine's folder; pid file and log lie in it.
    pub(super) folder: PathBuf,
    /// Whom to run as.
    pub(super) account: Option<Account>,
    /// The signal for an orderly stop, without `SIG`.
    pub(super) stop_signal: &'static str,
}

/// A running server.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    folder: PathBuf,
    stop_signal: &'static str,
}

impl Process {
    /// Starts the server. One left over from a crash is ended first.
    pub(super) async fn start(launch: Launch) -> Result<Self, EngineError> {
        Self::end_leftover(&launch.folder).await;
        let log_path = log_path(&launch.folder);
        let log = File::options().create(true).append(true).open(&log_path).map_err(EngineError::file(&log_path))?;
        let errors = log.try_clone().map_err(EngineError::file(&log_path))?;
        let mut command = command_as(&launch.program, launch.account, Lifetime::OfThisProcess);
        // The servers of RDS and Redshift live in UTC, whatever the clock of this machine shows.
        command.args(&launch.arguments).current_dir(&launch.folder).env("TZ", "UTC");
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let spawn_error = |source| EngineError::Spawn { program: launch.program.display().to_string(), source };
        let child = nursery::spawn(command).await.map_err(spawn_error)?;
        let pid_file = pid_path(&launch.folder);
        std::fs::write(&pid_file, child.id().to_string()).map_err(EngineError::file(&pid_file))?;
        Ok(Self { child, folder: launch.folder, stop_signal: launch.stop_signal })
    }

    /// Ends the server that the pid file names, if it still runs and is really the one of this folder.
    pub(super) async fn end_leftover(folder: &Path) {
        let pid_file = pid_path(folder);
        let Some(pid) = std::fs::read_to_string(&pid_file).ok().and_then(|text| text.trim().parse::<u32>().ok()) else {
            return;
        };
        let begun = Instant::now();
        while runs_in(pid, folder) {
            tracing::warn!(pid, folder = %folder.display(), "ending a server that was left over");
            signal(pid, if begun.elapsed() < STOP_LIMIT { "INT" } else { "KILL" });
            tokio::time::sleep(Duration::from_millis(200)).await;
            if begun.elapsed() > STOP_LIMIT * 2 {
                break;
            }
        }
        let _ = std::fs::remove_file(pid_file);
    }

    /// Returns whether the server still runs.
    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks the server to end, waits, and kills it when it takes too long.
    pub(super) async fn stop(mut self) {
        signal(self.child.id(), self.stop_signal);
        let begun = Instant::now();
        while self.is_running() && begun.elapsed() < STOP_LIMIT {
            tokio::time::sleep(POLL).await;
        }
        if self.is_running() {
            tracing::warn!(folder = %self.folder.display(), "the server did not end when asked; killing it");
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let _ = std::fs::remove_file(pid_path(&self.folder));
    }

    /// Returns the last lines of the server's log.
    pub(super) fn log_tail(&self) -> String {
        tail(&std::fs::read_to_string(log_path(&self.folder)).unwrap_or_default())
    }
}

impl Drop for Process {
    /// Ends a server that nobody stopped in time; one that was stopped is gone already.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How long a child may live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lifetime {
    OfThisProcess,
    Own,
}

/// Runs a preparing command to its end.
pub(super) async fn prepare(
    program: &Path,
    arguments: &[OsString],
    account: Option<Account>,
    input: Option<&Path>,
) -> Result<(), EngineError> {
    let name = program.display().to_string();
    let mut command = command_as(program, account, Lifetime::Own);
    let stdin = match input {
        Some(path) => Stdio::from(File::open(path).map_err(EngineError::file(path))?),
        None => Stdio::null(),
    };
    command.args(arguments).current_dir("/").stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut command = tokio::process::Command::from(command);
    let output = command.output().await.map_err(|source| EngineError::Spawn { program: name.clone(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).join("\n");
    Err(EngineError::Prepare { program: name, output: tail(&text) })
}

/// Returns a command that runs `program` as the account. `unsafe` is forbidden here, so `setpriv` does what would
/// otherwise be done between fork and exec.
fn command_as(program: &Path, account: Option<Account>, lifetime: Lifetime) -> Command {
    let Some(setpriv) = binaries::find("setpriv") else { return Command::new(program) };
    let mut command = Command::new(setpriv);
    if lifetime == Lifetime::OfThisProcess {
        command.args(["--pdeathsig", "KILL"]);
    }
    if let Some(account) = account {
        command.args(["--reuid", account.name, "--regid", account.name, "--init-groups"]);
    }
    command.arg("--").arg(program);
    command
}

/// Returns whether the process is alive and was started for this folder.
pub(super) fn runs_in(pid: u32, folder: &Path) -> bool {
    let command_line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let folder = folder.display().to_string();
    command_line.split(|byte| *byte == 0).any(|word| String::from_utf8_lossy(word).contains(&folder))
}

/// Sends a signal through the shell, whose `kill` is built in.
fn signal(pid: u32, name: &str) {
    let sent = Command::new("/bin/sh").arg("-c").arg(format!("kill -{name} {pid}")).stderr(Stdio::null()).status();
    if let Err(error) = sent {
        tracing::warn!(pid, %error, "could not send a signal");
    }
}

fn pid_path(folder: &Path) -> PathBuf {
    folder.join("server.pid")
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("server.log")
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(8)..].join(" | ")
}
