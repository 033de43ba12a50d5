//! `stack up`.

use clap::Args;

use super::args::Global;
use super::session::{Session, ask, events, foreign};
use super::stop::interrupted;
use super::{Exit, Outcome};
use crate::apply::{self, Summary};
use crate::diag::{Class, Diagnostic};
use crate::model::Action;
use crate::plan::{self, Change, Plan};
use crate::ui::{Ui, follow_apply, money_line, plan_json, plan_text, render_failures, running_line};

/// Options of `stack up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// Delete buckets and databases that are not in the file any more, with their data
    #[arg(long)]
    delete_data: bool,
}

/// Plans, asks, applies.
pub(super) async fn run(ui: Ui, global: &Global, args: &UpArgs) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    let observed = session.observe().await?;
    let plan = plan::up(&session.stack, &observed, &session.cx.known).map_err(|taken| foreign(&taken))?;
    let (before, after) = session.rates(&observed);
    if plan.is_empty() {
        if ui.json {
            ui.json_data(&plan_json(&plan, &before, &after));
        } else {
            ui.data(&format!("nothing to change: {} resources are as declared", plan.count(Action::None)));
        }
        remind(ui, &mut session).await?;
        return Ok(Exit::Done);
    }
    ui.note(&plan_text(&plan, &before, &after));
    if !args.delete_data {
        protect_data(&plan)?;
    }
    let (place, cost) = (session.place(), money_line(after.now()));
    if !ask(global, &format!("{place}: make these changes? It will cost {cost}"))? {
        ui.note("nothing was changed");
        return Ok(Exit::Failed);
    }
    let summary = carry_out(ui, &session, &plan).await;
    if ui.json {
        ui.json_data(&plan_json(&plan, &before, &after));
    }
    let exit = finish(ui, &summary);
    remind(ui, &mut session).await?;
    Ok(exit)
}

/// Refuses a plan that would lose data which are nowhere else.
fn protect_data(plan: &Plan) -> Result<(), Vec<Diagnostic>> {
    let loses =
        |change: &&Change| matches!(change.action, Action::Delete | Action::Replace) && change.kind.holds_data();
    let names: Vec<String> = plan.pending().filter(loses).map(|change| format!("`{}`", change.address)).collect();
    if names.is_empty() {
        return Ok(());
    }
    let message = format!("{} would be deleted with all data", names.join(", "));
    let error = Diagnostic::error(Class::Refused, message).hint("put it back into the stack file to keep it");
    Err(vec![error.hint("`stack up --delete-data` goes on")])
}

/// Carries out a plan with a view of its progress, and stops at Ctrl-C.
pub(super) async fn carry_out(ui: Ui, session: &Session, plan: &Plan) -> Summary {
    let (sender, receiver) = events();
    let view = tokio::spawn(follow_apply(ui, receiver, None));
    let summary = apply::run(plan, &session.cx, &session.cx.known, &sender, interrupted()).await;
    drop(sender);
    // The view ends when the last event is shown.
    drop(view.await);
    summary
}

/// Shows how it ended and returns the exit code.
pub(super) fn finish(ui: Ui, summary: &Summary) -> Exit {
    if summary.is_complete() {
        ui.note(&format!("done: {}", summary.done.len()));
        return Exit::Done;
    }
    ui.note(&render_failures(summary, ui.color));
    if summary.interrupted { Exit::Interrupted } else { Exit::Failed }
}

async fn remind(ui: Ui, session: &mut Session) -> Result<(), Vec<Diagnostic>> {
    let observed = session.observe().await?;
    if let Some(line) = running_line(&session.rates(&observed).0) {
        ui.note(&line);
    }
    Ok(())
}
