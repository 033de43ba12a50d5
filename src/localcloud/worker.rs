//! Processes of the local cloud: they end with it, whatever ends it.
//!
//! On Linux the kernel kills a direct child when the thread that started it ends, which is why workers are started
//! from the runtime's own threads. What such a child started in turn is found by a variable that every descendant
//! inherits, and swept away.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::process::Command;

/// The variable that names the local cloud in the environment of everything it starts.
pub(super) const HOME_MARK: &str = "_STACK_WORKER_OF";

/// The variable that names one run, such as a job run or an execution environment.
pub(super) const RUN_MARK: &str = "_STACK_WORKER_RUN";

/// How long swept processes may take to vanish from the process table.
const SWEEP_LIMIT: Duration = Duration::from_secs(5);

static SETPRIV: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let candidates = ["/usr/bin/setpriv", "/bin/setpriv"];
    candidates.iter().map(PathBuf::from).find(|path| cfg!(target_os = "linux") && path.exists())
});

/// Prepares a process with an empty environment, but for its marks and the search path.
pub(super) fn command(program: &Path, home: &Path, run: &str) -> Command {
    let mut command = match SETPRIV.as_ref() {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LANG", "C.UTF-8");
    command.env(HOME_MARK, home).env(RUN_MARK, run);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Kills every process that carries the mark, and waits until none is left.
pub(super) async fn sweep(mark: &str, value: &str) {
    let deadline = tokio::time::Instant::now() + SWEEP_LIMIT;
    loop {
        let left = marked(mark, value);
        if left.is_empty() {
            return;
        }
        // `kill` is a part of every shell; the crate calls no unsafe code.
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "kill -KILL \"$@\"", "sh"]).args(left.iter().map(u32::to_string)).stderr(Stdio::null());
        let killed = shell.status().await;
        if killed.is_err() || tokio::time::Instant::now() > deadline {
            tracing::warn!(?left, "processes of the local cloud did not end");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Returns the processes that carry the mark, without those that ended and wait to be reaped.
fn marked(mark: &str, value: &str) -> Vec<u32> {
    let wanted = format!("{mark}={value}");
    let Ok(processes) = std::fs::read_dir("/proc") else { return vec![] };
    let identifiers = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    identifiers
        .filter(|identifier| {
            // The environment of an ended process reads as empty.
            let environment = std::fs::read(format!("/proc/{identifier}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
        })
        .collect()
}

/// Removes the folders that runs of a process that crashed left in `scratch`; theirs begin with `prefix`.
///
/// # Errors
/// If the folder can be neither read nor made.
pub(super) fn clear_scratch(scratch: &Path, prefix: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(scratch)?;
    for entry in std::fs::read_dir(scratch)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Returns the resident memory of a process in bytes; 0 if it is gone.
pub(super) fn resident_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}
