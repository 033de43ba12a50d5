//! The command line: one file per command, from arguments to options to one library call to `ui`.

mod adopt;
mod after_run;
mod args;
mod cache;
mod check;
mod cost;
mod data;
mod destroy;
mod doctor;
mod down;
mod down_all;
mod ending;
mod exit;
mod extend;
mod iam_policy;
#[cfg(feature = "local")]
mod local;
mod lock;
mod logs;
mod notify;
mod over_budget;
mod plan;
mod plan_file;
mod prices;
mod protect;
mod region;
mod remind;
mod remind_cache;
mod remind_install;
mod run_pipeline;
mod runs;
mod selection;
mod session;
mod shell_block;
mod start;
mod status;
mod stop;
mod timer;
mod tune;
mod tune_lambda;
mod turn;
mod unlock;
mod up;
mod validate;

use clap::Parser;

pub use args::{Cli, Command};
pub use exit::Exit;

use crate::diag::Diagnostic;
use crate::ui::{Ui, diagnostics_json, render_diagnostic};

/// Runs the command that the process was started with.
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not errors.
            let is_answer = !error.use_stderr();
            drop(error.print());
            return if is_answer { Exit::Done } else { Exit::Usage };
        }
    };
    log_to_stderr(cli.global.verbose);
    let ui = Ui::new(cli.global.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            ui.note(&format!("error: cannot start the runtime: {error}"));
            return Exit::Failed;
        }
    };
    let outcome = runtime.block_on(dispatch(ui, cli));
    // Work that nobody waits for any more must not hold the process.
    runtime.shutdown_background();
    match outcome {
        Ok(exit) => exit,
        Err(errors) => {
            if ui.json {
                ui.json_data(&diagnostics_json(&errors));
            }
            for error in &errors {
                ui.note(&render_diagnostic(error, ui.color));
            }
            errors.iter().map(|error| Exit::of(error.class)).next().unwrap_or(Exit::Failed)
        }
    }
}

/// What a command ends with: an exit code, or diagnostics to show.
type Outcome = Result<Exit, Vec<Diagnostic>>;

async fn dispatch(ui: Ui, cli: Cli) -> Outcome {
    let global = &cli.global;
    match cli.command {
        Command::Validate(args) => validate::run(ui, global, &args),
        Command::Plan(args) => plan::run(ui, global, &args).await,
        Command::Up(args) => up::run(ui, global, &args).await,
        Command::Adopt(args) => adopt::run(ui, global, &args).await,
        Command::IamPolicy(args) => iam_policy::run(ui, global, &args).await,
        Command::Unlock => unlock::run(ui, global).await,
        Command::Destroy(args) => destroy::run(ui, global, &args).await,
        Command::Down(args) if args.all_stacks => down_all::run(ui, global).await,
        Command::Down(_) => down::run(ui, global).await,
        Command::Start => start::run(ui, global).await,
        Command::Extend(args) => extend::run(ui, global, &args).await,
        Command::Status(args) => status::run(ui, global, &args).await,
        Command::Remind(args) => remind::run(ui, global, &args).await,
        Command::Cost(args) => cost::run(ui, global, &args).await,
        Command::Prices(args) => prices::run(ui, global, &args).await,
        Command::RunPipeline(args) => run_pipeline::run(ui, global, &args).await,
        Command::Runs(args) => runs::run(ui, global, &args).await,
        Command::Tune(args) => tune::run(ui, global, &args).await,
        Command::Logs(args) => logs::run(ui, global, &args).await,
        Command::Data(args) => data::run(ui, &args),
        Command::Doctor(args) => doctor::run(ui, &args),
        #[cfg(feature = "local")]
        Command::Local(args) => local::run(ui, &args, cli.global.yes).await,
    }
}

fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => "error",
        1 => "stack=info",
        2 => "stack=debug",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("STACK_LOG").unwrap_or_else(|_| level.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
