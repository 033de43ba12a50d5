//! The arguments of every command.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::adopt::AdoptArgs;
use super::cost::CostArgs;
use super::data::DataArgs;
use super::destroy::DestroyArgs;
use super::doctor::DoctorArgs;
use super::down_all::DownArgs;
use super::extend::ExtendArgs;
use super::iam_policy::IamPolicyArgs;
#[cfg(feature = "local")]
use super::local::LocalArgs;
use super::logs::LogsArgs;
use super::plan::PlanArgs;
use super::prices::PricesArgs;
use super::remind::RemindArgs;
use super::run_pipeline::RunPipelineArgs;
use super::runs::RunsArgs;
use super::status::StatusArgs;
use super::tune::TuneArgs;
use super::up::UpArgs;
use super::validate::ValidateArgs;

/// Infrastructure as code and a job runner for an AWS data-engineering stack.
///
/// One TOML file describes buckets, MySQL on RDS, Redshift, Lambda, Glue and the ETL between them. `stack up` brings
/// AWS to the file, `stack run-pipeline` runs the ETL and proves its numbers, `stack down` stops what is billed.
#[derive(Debug, Parser)]
#[command(name = "stack", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed; 2 changes pending (plan --detailed-exitcode) or \
something runs (remind --quiet); 64 usage; \
65 the stack file is wrong; 75 somebody else holds the lock; 101 our bug; 130 interrupted";

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The stack file; default: the only `stacks/*.toml`
    #[arg(long, global = true, value_name = "FILE", env = "STACK_FILE")]
    pub stack: Option<PathBuf>,
    /// Print JSON to stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// A profile of the AWS configuration files
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Another region than the stack file says
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Another endpoint than AWS's own
    #[arg(long, global = true, value_name = "URL", env = "AWS_ENDPOINT_URL")]
    pub endpoint_url: Option<String>,
    /// Use the local cloud, and start it if it does not run
    #[arg(long, global = true)]
    pub local: bool,
    /// Answer every question with yes
    #[arg(long, short = 'y', global = true)]
    pub yes: bool,
    /// Say more (-vv: calls)
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the stack file: every error and warning at once
    Validate(ValidateArgs),
    /// Show what `up` would do
    Plan(PlanArgs),
    /// Bring the cloud to the stack file
    Up(UpArgs),
    /// Take over what exists already, without changing it
    Adopt(AdoptArgs),
    /// Run the ETL and prove its numbers
    RunPipeline(RunPipelineArgs),
    /// List the runs of the pipeline, or show one step by step
    Runs(RunsArgs),
    /// Stop what is billed by the hour and keep the data
    Down(DownArgs),
    /// Start what `down` stopped
    Start,
    /// Give the servers more time before they stop by themselves
    Extend(ExtendArgs),
    /// Show what exists, whether it runs, since when, and what it costs
    Status(StatusArgs),
    /// Print one line if anything that is billed by the hour runs, for shell prompts and cron
    Remind(RemindArgs),
    /// Show what the stack costs by the hour and by the month, and what one run of its pipeline costs
    Cost(CostArgs),
    /// List the prices of the region, or fetch AWS's own
    Prices(PricesArgs),
    /// Show what functions, jobs, crawlers and MySQL wrote into their logs, in the order of time
    Logs(LogsArgs),
    /// Suggest values for what a load needs, with their reasons
    Tune(TuneArgs),
    /// Delete everything of this stack
    Destroy(DestroyArgs),
    /// Print the smallest IAM policy with which this stack can be planned, applied, run, stopped and destroyed
    IamPolicy(IamPolicyArgs),
    /// Show who holds the lease of this stack, and end it
    Unlock,
    /// Make data of the shape of the real data set
    Data(DataArgs),
    /// Check the programs that the local cloud needs, and install them
    Doctor(DoctorArgs),
    /// The local cloud: AWS on this machine
    #[cfg(feature = "local")]
    Local(LocalArgs),
}
