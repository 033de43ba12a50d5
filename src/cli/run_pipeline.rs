//! `stack run-pipeline`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tokio::sync::mpsc::unbounded_channel;

use super::args::Global;
use super::lock::Lock;
use super::session::{Session, events, is_screen, one};
use super::up::finish;
use super::{Exit, Outcome};
use crate::apply::{self, Look, Switch};
use crate::diag::{Class, Diagnostic};
use crate::pipeline::{self, Pipeline, PipelineTable, StepEvents};
use crate::plan::Observed;
use crate::report::{Sales, sales};
use crate::ui::{
    Ui, confirm, follow_apply, follow_steps, is_interactive, money_line, profile_text, running_line, sales_text,
    steps_text,
};

/// Options of `stack run-pipeline`.
#[derive(Debug, Args)]
pub struct RunPipelineArgs {
    /// The CSV file to load, plain or gzipped
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Stop what is billed when the run is over
    #[arg(long, conflicts_with = "keep_running")]
    then_down: bool,
    /// Leave everything running and do not ask
    #[arg(long)]
    keep_running: bool,
}

/// Starts what is stopped, runs the steps, proves the numbers, reports, reminds.
pub(super) async fn run(ui: Ui, global: &Global, args: &RunPipelineArgs) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    let Some(pipeline) = session.stack.declared.get::<Pipeline>("pipeline").cloned() else {
        let file = session.stack.document.file().display().to_string();
        return Err(vec![Diagnostic::error(Class::Spec, format!("`{file}` has no `[pipeline]`"))]);
    };
    check_data(args)?;
    let observed = session.observe(Look::Batched).await?;
    if let Some(absent) = session.stack.resources.iter().find(|one| !observed.ours.contains_key(&one.address)) {
        let error = Diagnostic::error(Class::Refused, format!("`{}` does not exist", absent.address));
        return Err(vec![error.hint("run `stack up` first")]);
    }
    let lock = Lock::take(&session, "run-pipeline").await?;
    let outcome = locked(ui, global, args, (&mut session, &observed), &pipeline).await;
    lock.release().await;
    outcome
}

async fn locked(
    ui: Ui,
    global: &Global,
    args: &RunPipelineArgs,
    (session, observed): (&mut Session, &Observed),
    pipeline: &PipelineTable,
) -> Outcome {
    switch(ui, session, observed, Switch::On).await?;
    let (sender, receiver) = unbounded_channel();
    let view = tokio::spawn(follow_steps(ui, receiver));
    let step_events = StepEvents::new(sender);
    let running = pipeline::run(&session.stack, &session.cx, pipeline, args.data.clone(), &step_events);
    let outcome = tokio::select! {
        outcome = running => Some(outcome),
        // Jobs and crawlers that were started go on in the cloud; only the watching ends.
        _ = tokio::signal::ctrl_c() => None,
    };
    drop(step_events);
    drop(view.await);
    let Some(outcome) = outcome else {
        ui.note("interrupted: a crawler or job that was started goes on; a new run waits for its end and begins anew");
        remind(ui, session, global, args).await?;
        return Ok(Exit::Interrupted);
    };
    let mut exit = Exit::Done;
    if let Some((step, error)) = outcome.failed {
        let mut diagnostic = Diagnostic::from_error(&error);
        diagnostic.message = format!("step `{step}`: {}", diagnostic.message);
        exit = Exit::of(diagnostic.class);
        ui.note(&crate::ui::render_diagnostic(&diagnostic, ui.color));
    } else {
        let summary = summarize(session, pipeline).await?;
        if ui.json {
            let hops: Vec<_> =
                outcome.facts.profiles.iter().map(|(at, profile)| json!({ "at": at, "profile": profile })).collect();
            ui.json_data(&json!({ "version": 1, "steps": outcome.steps, "hops": hops, "sales": summary }));
        } else {
            ui.note(&steps_text(&outcome.steps));
            let gap = if is_screen() { "\n" } else { "" };
            ui.data(&format!("{gap}{}{}", profile_text(&outcome.facts), sales_text(&summary)));
        }
    }
    remind(ui, session, global, args).await?;
    Ok(exit)
}

fn check_data(args: &RunPipelineArgs) -> Result<(), Vec<Diagnostic>> {
    match &args.data {
        Some(path) if !path.is_file() => {
            let error = Diagnostic::error(Class::Usage, format!("there is no file `{}`", path.display()));
            Err(vec![error.hint("`stack data generate FILE` makes one")])
        }
        None => {
            let error = Diagnostic::error(Class::Usage, "there is no file to load");
            Err(vec![error.hint("add `--data FILE`; `stack data generate FILE` makes one")])
        }
        Some(_) => Ok(()),
    }
}

async fn switch(ui: Ui, session: &mut Session, observed: &Observed, way: Switch) -> Result<(), Vec<Diagnostic>> {
    let (sender, receiver) = events();
    let verb = if way == Switch::On { "starting" } else { "stopping" };
    let view = tokio::spawn(follow_apply(ui, receiver, Some(verb)));
    let summary = apply::switch(&session.stack, &session.cx, observed, way, &sender).await;
    drop(sender);
    drop(view.await);
    if !summary.is_complete() {
        finish(ui, &summary);
        return Err(vec![Diagnostic::error(Class::Failed, format!("{verb} did not work"))]);
    }
    // Endpoints may be new.
    session.observe(Look::Batched).await.map(drop)
}

async fn summarize(session: &Session, table: &PipelineTable) -> Result<Sales, Vec<Diagnostic>> {
    let warehouse = pipeline::warehouse(&session.cx, table).map_err(one)?;
    sales(&warehouse, &table.warehouse.table).await.map_err(one)
}

/// Tells what is still running and what it costs, and stops it if the person wants.
async fn remind(ui: Ui, session: &mut Session, global: &Global, args: &RunPipelineArgs) -> Result<(), Vec<Diagnostic>> {
    let observed = session.observe(Look::Batched).await?;
    let Some(line) = running_line(&session.rates(&observed).0) else { return Ok(()) };
    ui.note(&line);
    let stop =
        args.then_down || (!args.keep_running && !global.yes && is_interactive() && confirm("stop them now?", true));
    if stop {
        switch(ui, session, &observed, Switch::Off).await?;
        let observed = session.observe(Look::Batched).await?;
        ui.note(&format!("{} now", money_line(session.rates(&observed).0.now())));
    }
    Ok(())
}
