//! `stack destroy`.

use clap::Args;
use serde_json::json;

use super::args::Global;
use super::session::{Session, ask};
use super::up::{carry_out, finish};
use super::{Exit, Outcome};
use crate::diag::{Class, Diagnostic};
use crate::plan;
use crate::ui::Ui;

/// Options of `stack destroy`.
#[derive(Debug, Args)]
pub struct DestroyArgs {
    /// Delete buckets with their objects and databases with their data, too
    #[arg(long)]
    delete_data: bool,
}

/// Deletes everything of ours and proves that nothing is left.
pub(super) async fn run(ui: Ui, global: &Global, args: &DestroyArgs) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    let observed = session.observe().await?;
    let plan = plan::destroy(&session.stack, &observed);
    if plan.is_empty() {
        ui.answer(
            "nothing to delete: nothing of this stack exists",
            &json!({ "version": 1, "deleted": 0, "left": [] }),
        );
        return Ok(Exit::Done);
    }
    let holding: Vec<_> = plan.pending().filter(|change| change.kind.holds_data()).collect();
    if !holding.is_empty() && !args.delete_data {
        let names: Vec<String> = holding.iter().map(|change| format!("`{}`", change.address)).collect();
        let message = format!("{} hold data, which would be lost", names.join(", "));
        let error = Diagnostic::error(Class::Refused, message);
        let error = error.hint("`stack down` stops the costs and keeps the data");
        return Err(vec![error.hint("`stack destroy --delete-data` deletes the data, too")]);
    }
    for change in plan.pending() {
        let name = change.found.as_ref().map(|found| found.name.as_str()).unwrap_or_default();
        ui.note(&format!("- {}  {name}", change.address));
    }
    let question = format!("{}: delete these {} resources and their data?", session.place(), plan.pending().count());
    if !ask(global, &question)? {
        ui.note("nothing was deleted");
        return Ok(Exit::Failed);
    }
    let summary = carry_out(ui, &session, &plan).await;
    let exit = finish(ui, &summary);
    if exit != Exit::Done {
        return Ok(exit);
    }
    let left = session.observe().await?;
    let names: Vec<String> = left.ours.keys().map(ToString::to_string).collect();
    let names: Vec<String> = names.into_iter().chain(left.orphans.iter().map(|one| one.address.to_string())).collect();
    if names.is_empty() {
        let value = json!({ "version": 1, "deleted": summary.done.len(), "left": [] });
        ui.answer("nothing of this stack is left", &value);
        Ok(Exit::Done)
    } else {
        Err(vec![Diagnostic::error(Class::Failed, format!("still there: {}", names.join(", ")))])
    }
}
