//! `stack runs`.

use clap::{Args, Subcommand};

use super::args::Global;
use super::session::{Session, one};
use super::{Exit, Outcome};
use crate::diag::{Class, Diagnostic};
use crate::pipeline::History;
use crate::ui::{Ui, run_json, run_text, runs_json, runs_text};

/// Options of `stack runs`.
#[derive(Debug, Args)]
pub struct RunsArgs {
    #[command(subcommand)]
    what: Option<RunsCommand>,
    /// How many of the newest runs are listed
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    limit: usize,
}

/// What of the runs.
#[derive(Debug, Subcommand)]
enum RunsCommand {
    /// Show one run, step by step
    Show {
        /// Its id; the newest run if left out
        #[arg(value_name = "ID")]
        id: Option<String>,
    },
}

/// Lists runs, or shows one.
pub(super) async fn run(ui: Ui, global: &Global, args: &RunsArgs) -> Outcome {
    let session = Session::open(ui, global).await?;
    let history = History::of(&session.stack, &session.cx).map_err(one)?;
    let Some(RunsCommand::Show { id }) = &args.what else {
        let runs = history.newest(args.limit).await.map_err(one)?;
        if runs.is_empty() && !ui.json {
            ui.note("there was no run yet; `stack run-pipeline --data FILE` begins one");
        } else {
            ui.answer(runs_text(&runs).trim_end(), &runs_json(&runs));
        }
        return Ok(Exit::Done);
    };
    let id = match id {
        Some(id) => id.clone(),
        None => history.ids().await.map_err(one)?.into_iter().next().unwrap_or_default(),
    };
    match history.load(&id).await.map_err(one)? {
        Some(run) => {
            let mut value = run_json(&run);
            value["version"] = 1.into();
            ui.answer(run_text(&run).trim_end(), &value);
            Ok(Exit::Done)
        }
        None => {
            let error = Diagnostic::error(Class::Usage, format!("there is no run `{id}`"));
            Err(vec![error.hint("`stack runs` lists them")])
        }
    }
}
