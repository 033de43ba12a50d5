//! `stack run-pipeline`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tokio::sync::mpsc::unbounded_channel;

use super::after_run::{Said, settle};
use super::args::Global;
use super::ending::{push_on, tell_running_of};
use super::lock::Lock;
use super::session::{Session, is_screen, one};
use super::stop::interrupted;
use super::turn::turn;
use super::{Exit, Outcome};
use crate::apply::{Look, Switch};
use crate::diag::{Class, Diagnostic};
use crate::ownership::Holder;
use crate::pipeline::{
    self, Dataset, EARLIER_RUNS, Forecast, History, Parts, Pipeline, PipelineTable, Planned, Recorder, Run, RunRecord,
    State,
};
use crate::plan::Observed;
use crate::report::{Sales, sales};
use crate::ui::{Ui, follow_steps, forecast_text, profile_text, render_diagnostic, run_json, sales_text, steps_text};

/// Options of `stack run-pipeline`.
#[derive(Debug, Args)]
pub struct RunPipelineArgs {
    /// A CSV file to load, plain or gzipped, or a folder of them; can be given several times
    #[arg(long, value_name = "PATH")]
    data: Vec<PathBuf>,
    /// Go on with a run after its last finished step; the newest that is not done if no ID is given
    #[arg(long, value_name = "ID", num_args = 0..=1, conflicts_with_all = ["from", "only", "until"])]
    resume: Option<Option<String>>,
    /// Begin with this step: it and all that follow from it
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    /// Only this step; can be given several times
    #[arg(long, value_name = "STEP", conflicts_with_all = ["from", "until"])]
    only: Vec<String>,
    /// End with this step: it and all that it needs
    #[arg(long, value_name = "STEP")]
    until: Option<String>,
    /// Print the order of the steps, the expected time and cost, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Stop what is billed when the run is over
    #[arg(long, conflicts_with = "keep_running")]
    then_down: bool,
    /// Leave everything running and do not ask
    #[arg(long)]
    keep_running: bool,
}

impl RunPipelineArgs {
    fn said(&self) -> Said {
        match (self.then_down, self.keep_running) {
            (true, _) => Said::Stop,
            (_, true) => Said::Keep,
            _ => Said::Nothing,
        }
    }
}

/// Starts what is stopped, runs the steps, proves the numbers, reports, reminds.
pub(super) async fn run(ui: Ui, global: &Global, args: &RunPipelineArgs) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    let Some(pipeline) = session.stack.declared.get::<Pipeline>("pipeline").cloned() else {
        let file = session.stack.document.file().display().to_string();
        return Err(vec![Diagnostic::error(Class::Spec, format!("`{file}` has no `[pipeline]`"))]);
    };
    let steps = pipeline.ordered();
    let meant = parts(args, &steps)?;
    let history = History::of(&session.stack, &session.cx).map_err(one)?;
    if args.dry_run {
        return forecast(ui, &session, &history, (&steps, &meant)).await;
    }
    let data = data_files(&args.data)?;
    let observed = session.observe(Look::Batched).await?;
    if let Some(absent) = session.stack.resources.iter().find(|one| !observed.ours.contains_key(&one.address)) {
        let error = Diagnostic::error(Class::Refused, format!("`{}` does not exist", absent.address));
        return Err(vec![error.hint("run `stack up` first")]);
    }
    let begun = begin(&session, args, &history, (&steps, &meant), data).await?;
    let lock = Lock::take(&session, "run-pipeline").await?;
    let outcome = locked(ui, global, args, (&mut session, &observed), (&pipeline, &steps, begun, history)).await;
    lock.release().await;
    outcome
}

fn parts(args: &RunPipelineArgs, steps: &[Planned<'_>]) -> Result<BTreeSet<usize>, Vec<Diagnostic>> {
    let parts = Parts { from: args.from.clone(), only: args.only.clone(), until: args.until.clone() };
    parts.of(steps).map_err(|name| {
        let names: Vec<String> = steps.iter().map(|step| format!("`{}`", step.table.name)).collect();
        let error = Diagnostic::error(Class::Usage, format!("there is no step `{name}`"));
        vec![error.hint(format!("the steps are {}", names.join(", ")))]
    })
}

/// Shows what a run would do. A stack that does not exist yet has no earlier runs.
async fn forecast(
    ui: Ui,
    session: &Session,
    history: &History,
    (steps, meant): (&[Planned<'_>], &BTreeSet<usize>),
) -> Outcome {
    let earlier = history.newest(EARLIER_RUNS).await.unwrap_or_else(|error| {
        tracing::info!(%error, stack = session.stack.name, "earlier runs cannot be read");
        vec![]
    });
    let forecast = Forecast::of(steps, meant, &earlier);
    let mut value = json!(forecast);
    value["version"] = 1.into();
    ui.answer(forecast_text(&forecast).trim_end(), &value);
    Ok(Exit::Done)
}

/// Returns the record with which the run begins: a new one, or that of the run that is taken up again.
async fn begin(
    session: &Session,
    args: &RunPipelineArgs,
    history: &History,
    (steps, meant): (&[Planned<'_>], &BTreeSet<usize>),
    data: Vec<PathBuf>,
) -> Result<RunRecord, Vec<Diagnostic>> {
    let mut run = match &args.resume {
        Some(id) => {
            let mut run = resumed(history, id.as_deref()).await?;
            run.resume(steps);
            if !data.is_empty() {
                run.data = data;
            }
            run
        }
        None => {
            let mut run = RunRecord::new(&session.stack.name, Holder::this_process("run-pipeline").who, data, steps);
            if meant.len() < steps.len() {
                // What is left out has been done by an earlier run, and what that found out still counts.
                let last = history.newest(1).await.map_err(one)?.into_iter().next();
                run.facts = last.map(|last| last.facts).unwrap_or_default();
            }
            for (at, step) in run.steps.iter_mut().enumerate().filter(|(at, _)| !meant.contains(at)) {
                tracing::debug!(at, step = step.name, "left out");
                step.state = State::LeftOut;
            }
            run
        }
    };
    let uploads = run.steps.iter().any(|step| step.kind == "upload" && step.state == State::Waiting);
    if uploads && run.data.is_empty() {
        let error = Diagnostic::error(Class::Usage, "there is no file to load");
        return Err(vec![error.hint("add `--data FILE`; `stack data generate FILE` makes one")]);
    }
    run.data = std::mem::take(&mut run.data).into_iter().map(|path| path.canonicalize().unwrap_or(path)).collect();
    Ok(run)
}

async fn resumed(history: &History, id: Option<&str>) -> Result<RunRecord, Vec<Diagnostic>> {
    let run = match id {
        Some(id) => history.load(id).await.map_err(one)?,
        None => history.newest(1).await.map_err(one)?.into_iter().next(),
    };
    let problem = match &run {
        Some(run) if run.state == State::Done => format!("run `{}` is done, nothing is left of it", run.id),
        Some(_) => return Ok(run.expect("it was matched")),
        None => id.map_or("there was no run yet".to_owned(), |id| format!("there is no run `{id}`")),
    };
    Err(vec![Diagnostic::error(Class::Usage, problem).hint("`stack runs` lists them")])
}

async fn locked(
    ui: Ui,
    global: &Global,
    args: &RunPipelineArgs,
    (session, observed): (&mut Session, &Observed),
    (pipeline, steps, begun, history): (&PipelineTable, &[Planned<'_>], RunRecord, History),
) -> Outcome {
    // Before anything runs: a schedule whose time has come would stop it again at once.
    push_on(session, observed).await?;
    let started = turn(ui, session, observed, Switch::On).await?;
    if started.exit != Exit::Done {
        tell_running_of(ui, session, &started.observed).await;
        return Ok(started.exit);
    }
    let recorder = Recorder::begin(begun, history).await.map_err(one)?;
    let (sender, receiver) = unbounded_channel();
    let view = tokio::spawn(follow_steps(ui, receiver));
    let run = Run {
        stack: &session.stack,
        cx: &session.cx,
        prices: &session.prices,
        pipeline,
        steps,
        events: &sender,
        recorder: &recorder,
    };
    // Jobs and crawlers that were started go on in the cloud; only the watching ends.
    let outcome = run.execute(interrupted()).await;
    drop(sender);
    drop(view.await);
    let exit = tell(ui, session, pipeline, &outcome).await?;
    settle(ui, session, global, args.said()).await?;
    Ok(exit)
}

/// Shows how the run ended.
async fn tell(
    ui: Ui,
    session: &Session,
    pipeline: &PipelineTable,
    outcome: &pipeline::Outcome,
) -> Result<Exit, Vec<Diagnostic>> {
    let run = &outcome.run;
    let mut exit = Exit::Done;
    for (step, error) in &outcome.failed {
        let mut diagnostic = Diagnostic::from_error(error);
        diagnostic.message = format!("step `{step}`: {}", diagnostic.message);
        exit = Exit::of(diagnostic.class);
        ui.note(&render_diagnostic(&diagnostic, ui.color));
    }
    if run.state == State::Interrupted {
        ui.note("interrupted: a crawler or job that was started goes on");
        exit = Exit::Interrupted;
    }
    let is_done = run.state == State::Done;
    // Without the warehouse's own check nobody knows whether its figures are whole.
    let proven = is_done && run.facts.profiles.contains_key(&Dataset::WAREHOUSE);
    let summary = if proven { Some(summarize(session, pipeline).await?) } else { None };
    if ui.json {
        let hops: Vec<_> =
            run.facts.profiles.iter().map(|(at, profile)| json!({ "at": at, "profile": profile })).collect();
        let mut value = run_json(run);
        value["version"] = 1.into();
        value["hops"] = hops.into();
        value["sales"] = json!(summary);
        ui.json_data(&value);
        return Ok(exit);
    }
    ui.note(&steps_text(run));
    if !is_done {
        ui.note("`stack run-pipeline --resume` goes on after the last finished steps");
    }
    if let Some(summary) = summary {
        let gap = if is_screen() { "\n" } else { "" };
        ui.data(&format!("{gap}{}{}", profile_text(&run.facts), sales_text(&summary)));
    }
    Ok(exit)
}

/// Returns the files that are meant: each path itself, or the CSV files in a folder, by name.
fn data_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    let is_csv = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        path.is_file() && (name.ends_with(".csv") || name.ends_with(".csv.gz"))
    };
    let mut files = vec![];
    for path in paths {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_csv).collect();
            if found.is_empty() {
                let message = format!("no file in `{}` ends in .csv or .csv.gz", path.display());
                return Err(vec![Diagnostic::error(Class::Usage, message)]);
            }
            found.sort_unstable();
            files.extend(found);
        } else if path.is_file() {
            files.push(path.clone());
        } else {
            let error = Diagnostic::error(Class::Usage, format!("there is no file `{}`", path.display()));
            return Err(vec![error.hint("`stack data generate FILE` makes one")]);
        }
    }
    let mut names: Vec<_> = files.iter().filter_map(|path| path.file_name()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let message =
            format!("two files are called `{}`, and one would take the place of the other", twice[0].display());
        return Err(vec![Diagnostic::error(Class::Usage, message).hint("give each a name of its own")]);
    }
    Ok(files)
}

async fn summarize(session: &Session, table: &PipelineTable) -> Result<Sales, Vec<Diagnostic>> {
    let warehouse = pipeline::warehouse(&session.cx, table).map_err(one)?;
    sales(&warehouse, &table.warehouse.table).await.map_err(one)
}
