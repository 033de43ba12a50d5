//! `stack destroy`.

use clap::Args;
use serde_json::json;

use super::args::Global;
use super::ending::tell_running;
use super::lock::Lock;
use super::protect::{DeletionArgs, protect_data};
use super::session::{Session, ask};
use super::up::{carry_out, finish};
use super::{Exit, Outcome};
use crate::apply::Look;
use crate::diag::{Class, Diagnostic};
use crate::plan;
use crate::ui::{Ui, summary_json};

/// Options of `stack destroy`.
#[derive(Debug, Args)]
pub struct DestroyArgs {
    #[command(flatten)]
    losses: DeletionArgs,
}

/// Deletes everything of ours and proves that nothing is left.
pub(super) async fn run(ui: Ui, global: &Global, args: &DestroyArgs) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    session.cx.final_snapshot = args.losses.final_snapshot();
    let lock = Lock::take(&session, "destroy").await?;
    let outcome = locked(ui, global, args, &mut session).await;
    lock.release().await;
    outcome
}

async fn locked(ui: Ui, global: &Global, args: &DestroyArgs, session: &mut Session) -> Outcome {
    let observed = session.observe(Look::Thorough).await?;
    let plan = plan::destroy(&session.stack, &observed);
    if plan.is_empty() {
        ui.answer(
            "nothing to delete: nothing of this stack exists",
            &json!({ "version": 1, "deleted": 0, "left": [] }),
        );
        return Ok(Exit::Done);
    }
    protect_data(session, &plan, &args.losses).await?;
    for change in plan.pending() {
        ui.note(&format!("- {}  {}", change.address, change.name().unwrap_or_default()));
    }
    let question = format!("{}: delete these {} resources and their data?", session.place(), plan.pending().count());
    if !ask(global, &question)? {
        ui.note("nothing was deleted");
        return Ok(Exit::Failed);
    }
    let summary = carry_out(ui, session, &plan).await;
    let exit = finish(ui, &summary);
    let databases = plan.pending().filter(|change| change.found.as_ref().is_some_and(|found| found.power.is_some()));
    if let (Some(suffix), true) = (&session.cx.final_snapshot, databases.count() > 0) {
        ui.note(&format!("kept: final snapshots `…-final-{suffix}`; AWS bills them until they are deleted"));
    }
    if exit != Exit::Done {
        if ui.json {
            ui.json_data(&json!({ "version": 1, "result": summary_json(&summary) }));
        }
        tell_running(ui, session).await?;
        return Ok(exit);
    }
    let left = session.observe(Look::Thorough).await?;
    let names = left.ours.keys().chain(left.orphans.iter().map(|one| &one.address));
    let names: Vec<String> = names.map(ToString::to_string).collect();
    if names.is_empty() {
        let value = json!({ "version": 1, "deleted": summary.done.len(), "left": [] });
        ui.answer("nothing of this stack is left", &value);
        Ok(Exit::Done)
    } else {
        Err(vec![Diagnostic::error(Class::Failed, format!("still there: {}", names.join(", ")))])
    }
}
