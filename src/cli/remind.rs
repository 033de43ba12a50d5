//! `stack remind`: one line if anything runs that is billed by the hour, nothing otherwise, and never a slow prompt.

use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::tz::TimeZone;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::args::Global;
use super::cache::prices;
use super::remind_cache::{Answer, Cache};
use super::remind_install::{Place, install, uninstall};
use super::session::{given_target, one};
use super::shell_block::quoted;
use super::{Exit, Outcome, notify, region};
use crate::aws::{Clients, Target, reach};
use crate::billing::{Prices, fleet, running};
use crate::diag::{Class, Diagnostic};
use crate::kinds::base::{Cx, Known, Meta};
use crate::ui::{Telling, Ui, remind_json, remind_line};

/// How long a prompt waits for AWS: with the start of the process, on a busy machine too, it stays below 300 ms.
const BUDGET: Duration = Duration::from_millis(150);

/// How long `--wait` waits at the longest.
const LONGEST: Duration = Duration::from_secs(300);

/// How long the process in the background asks: after it the next prompt begins anew.
const REFRESH: Duration = Duration::from_secs(60);

/// Options of `stack remind`.
#[derive(Debug, Args)]
pub struct RemindArgs {
    /// Print nothing: exit with 0 if nothing runs, 2 if something does, 1 if that could not be found out
    #[arg(long, conflicts_with_all = ["notify", "install", "uninstall"])]
    quiet: bool,
    /// Wait for AWS as long as it takes, for cron and timers
    #[arg(long)]
    wait: bool,
    /// Show a notification on the desktop where there is one
    #[arg(long)]
    notify: bool,
    /// Add the reminder to the start file of the shell, or make a timer that reminds every hour
    #[arg(long, value_name = "WHERE", num_args = 0..=1, conflicts_with = "uninstall")]
    install: Option<Option<Place>>,
    /// Remove whatever `--install` added
    #[arg(long)]
    uninstall: bool,
    /// Renew the last answer for the next prompt
    #[arg(long, hide = true)]
    refresh: bool,
}

/// What can be told of AWS.
#[derive(Debug)]
enum Told {
    /// What it says now.
    Now(Answer),
    /// What it said before; it does not answer in time.
    Before(Answer),
    /// It does not answer in time, and nothing is known.
    Nothing,
}

/// Runs the command.
pub(super) async fn run(ui: Ui, global: &Global, args: &RemindArgs) -> Outcome {
    let began = Instant::now();
    match &args.install {
        Some(place) => return install(ui, global, *place).await,
        None if args.uninstall => return uninstall(ui, global),
        None => {}
    }
    let target = match region::find(global).await {
        Ok(region) => given_target(global, &region),
        Err(errors) => return Ok(failed(ui, global, args, &errors)),
    };
    let cache = Cache::of(&target);
    let asking = tokio::spawn(ask(target.clone()));
    let patience = match args {
        RemindArgs { refresh: true, .. } => REFRESH,
        RemindArgs { wait: true, .. } => LONGEST,
        _ => BUDGET.saturating_sub(began.elapsed()),
    };
    let known = match wait(asking, patience, cache.as_ref()).await {
        Ok(known) => known,
        Err(errors) => return Ok(failed(ui, global, args, &errors)),
    };
    if args.refresh {
        return Ok(Exit::Done);
    }
    if !matches!(known, Told::Now(_)) {
        if args.wait {
            let error = Diagnostic::error(Class::Failed, format!("no answer after {} s", LONGEST.as_secs()));
            return Ok(failed(ui, global, args, &[error]));
        }
        if global.verbose > 0 {
            ui.note("stack remind: no answer in time; another process asks on for the next prompt");
        }
        if cache.is_some_and(|cache| cache.claim()) {
            renew(ui, global, &target);
        }
    }
    Ok(tell(ui, global, args, &known))
}

/// Waits for the answer as long as there is patience, and remembers it.
async fn wait(
    mut asking: JoinHandle<Result<Answer, Vec<Diagnostic>>>,
    patience: Duration,
    cache: Option<&Cache>,
) -> Result<Told, Vec<Diagnostic>> {
    let Ok(answered) = timeout(patience, &mut asking).await else {
        return Ok(cache.and_then(Cache::read).map_or(Told::Nothing, Told::Before));
    };
    let broke = |error| vec![Diagnostic::error(Class::Bug, format!("the question broke off: {error}"))];
    let answer = answered.map_err(broke)??;
    // Without a cache the next slow prompt says nothing, which is no reason to fail now.
    drop(cache.map(|cache| cache.write(&answer)));
    Ok(Told::Now(answer))
}

/// Asks AWS what runs. A local cloud that does not run has nothing that runs; it is never started for the question.
async fn ask(mut target: Target) -> Result<Answer, Vec<Diagnostic>> {
    let nothing = Answer { at: jiff::Timestamp::now(), running: vec![] };
    if target.any_credentials {
        if target.endpoint_url.is_none() {
            target.endpoint_url = local_endpoint().await?;
        }
        if target.endpoint_url.is_none() || reach(&target).await.is_err() {
            return Ok(nothing);
        }
    }
    let meta = Meta { region: target.region.clone(), ..Meta::default() };
    let cx = Cx { aws: Clients::connect(target).await, known: Known::new(meta), final_snapshot: None };
    // Fetched prices that cannot be read spoil no prompt; `stack cost` tells of them.
    let prices = prices(&cx.aws.target).unwrap_or_else(|_| Prices::of_table(&cx.aws.target.region));
    let found = fleet(&cx, &prices).await;
    let running = running(&cx, &found.machines).await;
    // What runs is told even if there may be more; that nothing runs is not.
    if let Some(error) = found.failures.into_iter().next().filter(|_| running.is_empty()) {
        return Err(one(error));
    }
    Ok(Answer { at: cx.aws.clock.now(), running })
}

#[cfg(feature = "local")]
async fn local_endpoint() -> Result<Option<String>, Vec<Diagnostic>> {
    super::local::running_endpoint().await.map_err(|error| vec![*error])
}

#[cfg(not(feature = "local"))]
#[expect(clippy::unused_async, reason = "the twin with the local cloud waits for it")]
async fn local_endpoint() -> Result<Option<String>, Vec<Diagnostic>> {
    Ok(None)
}

/// Lets a process of its own finish the asking, so that the next prompt knows.
fn renew(ui: Ui, global: &Global, target: &Target) {
    let Ok(program) = std::env::current_exe() else { return };
    let mut command = std::process::Command::new(program);
    command.args(["remind", "--refresh", "--region", &target.region]);
    command.args(target.profile.iter().flat_map(|profile| ["--profile", profile]));
    command.args(target.endpoint_url.iter().flat_map(|url| ["--endpoint-url", url]));
    command.args(target.any_credentials.then_some("--local"));
    // A named stack file may be a path from this folder; the region is known by now.
    command.env_remove("STACK_FILE").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    if let Err(error) = command.spawn()
        && global.verbose > 0
    {
        ui.note(&format!("cannot start a process that asks on: {error}"));
    }
}

/// Tells what is known, and returns the exit code.
fn tell(ui: Ui, global: &Global, args: &RemindArgs, known: &Told) -> Exit {
    if args.quiet {
        return quietly(known);
    }
    let (answer, is_old) = match known {
        Told::Now(answer) => (answer, false),
        Told::Before(answer) => (answer, true),
        Told::Nothing => return Exit::Done,
    };
    let stop = stop_command(global);
    let telling = Telling { at: answer.at, is_old, stop: &stop, zone: TimeZone::system() };
    if ui.json {
        ui.json_data(&remind_json(&answer.running, &telling));
    } else if let Some(line) = remind_line(&answer.running, &telling)
        && !(args.notify && notify::show(&line))
    {
        ui.data(&line);
    }
    Exit::Done
}

/// Returns what `--quiet` exits with. What was so before is no knowledge of now.
fn quietly(known: &Told) -> Exit {
    match known {
        Told::Now(answer) if answer.running.is_empty() => Exit::Done,
        Told::Now(_) => Exit::Pending,
        Told::Before(_) | Told::Nothing => Exit::Failed,
    }
}

/// Ends without spoiling a prompt: one short line, and only for those who asked for it or read the log of a timer.
fn failed(ui: Ui, global: &Global, args: &RemindArgs, errors: &[Diagnostic]) -> Exit {
    if (global.verbose > 0 || args.wait) && !args.quiet {
        for error in errors.iter().take(1) {
            let cause = error.causes.last().map(|cause| format!(": {cause}")).unwrap_or_default();
            let line = format!("stack remind: {}{cause}", error.message).replace('\n', " ");
            ui.note(&line);
        }
    }
    Exit::Failed
}

/// Returns the command that stops what runs, with what was given to this one.
fn stop_command(global: &Global) -> String {
    let mut words = vec!["stack down --all-stacks".to_owned()];
    words.extend(global.profile.iter().map(|profile| format!("--profile {}", quoted(profile))));
    words.extend(global.local.then(|| "--local".to_owned()));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        Answer { at: "2026-11-23T10:00:00Z".parse().unwrap(), running: vec![] }
    }

    #[tokio::test]
    async fn who_is_late_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::within(folder.path(), &Target::default());
        let late = || tokio::spawn(std::future::pending());
        let soon = Duration::from_millis(20);
        assert!(matches!(wait(late(), soon, Some(&cache)).await, Ok(Told::Nothing)));
        let known = wait(tokio::spawn(async { Ok(answer()) }), Duration::from_secs(60), Some(&cache)).await;
        assert!(matches!(known, Ok(Told::Now(_))), "{known:?}");
        let known = wait(late(), soon, Some(&cache)).await;
        assert!(matches!(&known, Ok(Told::Before(before)) if *before == answer()), "{known:?}");
        assert!(matches!(wait(late(), soon, None).await, Ok(Told::Nothing)));
        assert_eq!(quietly(&known.unwrap()), Exit::Failed);
    }
}
