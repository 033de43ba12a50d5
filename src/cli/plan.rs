//! `stack plan`.

use clap::Args;

use super::args::Global;
use super::session::{Session, foreign};
use super::{Exit, Outcome};
use crate::plan;
use crate::ui::{Ui, plan_json, plan_text};

/// Options of `stack plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Exit with 2 if something would change
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Shows what `up` would do.
pub(super) async fn run(ui: Ui, global: &Global, args: &PlanArgs) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    let observed = session.observe().await?;
    let plan = plan::up(&session.stack, &observed, &session.cx.known).map_err(|taken| foreign(&taken))?;
    let (before, after) = session.rates(&observed);
    if ui.json {
        ui.json_data(&plan_json(&plan, &before, &after));
    } else {
        ui.note(&session.place());
        ui.data(&plan_text(&plan, &before, &after));
    }
    Ok(if args.detailed_exitcode && !plan.is_empty() { Exit::Pending } else { Exit::Done })
}
