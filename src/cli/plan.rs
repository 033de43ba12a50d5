//! `stack plan`.

use std::path::PathBuf;

use clap::Args;

use super::args::Global;
use super::plan_file::PlanFile;
use super::selection::Selection;
use super::session::{Session, refused};
use super::{Exit, Outcome};
use crate::apply::Look;
use crate::plan;
use crate::ui::{Ui, plan_json, plan_markdown, plan_text};

/// Options of `stack plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Exit with 2 if something would change
    #[arg(long)]
    detailed_exitcode: bool,
    /// Save the plan, for `stack up FILE` to carry out exactly this
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print a table for a pull request
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    #[command(flatten)]
    selection: Selection,
}

/// Shows what `up` would do.
pub(super) async fn run(ui: Ui, global: &Global, args: &PlanArgs) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    let observed = session.observe(Look::Batched).await?;
    let plan = plan::up(&session.stack, &observed, &session.cx.known).map_err(|found| refused(&session, &found))?;
    let plan = args.selection.of(plan)?;
    let (before, after) = session.rates(&observed);
    if let Some(path) = &args.out {
        PlanFile::of(&session, &plan, &args.selection).write(path)?;
    }
    if ui.json {
        ui.json_data(&plan_json(&plan, &before, &after, &session.cx.known.stack));
    } else if args.markdown {
        ui.data(&plan_markdown(&plan, &before, &after, &session.place()));
    } else {
        ui.note(&session.place());
        ui.data(&plan_text(&plan, &before, &after));
    }
    if let Some(path) = &args.out {
        let path = path.display();
        ui.note(&format!("saved to `{path}`; `stack up {path}` carries out exactly this"));
    }
    if global.verbose > 0 {
        ui.note(&format!("{} calls", session.cx.aws.counter.count()));
    }
    Ok(if args.detailed_exitcode && !plan.is_empty() { Exit::Pending } else { Exit::Done })
}
