//! `stack cost`.

use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;

use super::args::Global;
use super::cache;
use super::session::{load, one, target};
use super::{Exit, Outcome};
use crate::aws::{Clients, Trouble, reach};
use crate::billing::{by_use, rate};
use crate::kinds::base::{Cx, Known, Meta};
use crate::pipeline::{Costing, EARLIER_RUNS, History, Pipeline, PipelineError, RunRecord};
use crate::spec::Stack;
use crate::ui::{CostView, Ui};

/// How long the runs before are waited for: what they tell is worth no more.
const PATIENCE: Duration = Duration::from_secs(15);

/// Options of `stack cost`.
#[derive(Debug, Args)]
pub struct CostArgs {
    /// Print tables for a pull request
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// How long a run takes; default: as the runs before, or half an hour
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=10_080))]
    run_minutes: Option<u32>,
}

/// Shows what the stack costs as it is declared. Only the runs before are asked for.
pub(super) async fn run(ui: Ui, global: &Global, args: &CostArgs) -> Outcome {
    let stack = load(ui, global)?;
    let target = target(ui, global, &stack.region).await?;
    let prices = cache::prices(&target).map_err(one)?;
    let aws = Clients::connect(target).await;
    let pipeline = stack.declared.get::<Pipeline>("pipeline");
    let (earlier, note) = match pipeline {
        Some(_) => earlier(&stack, &aws).await,
        None => (vec![], None),
    };
    let prices = prices.on(aws.clock.now().to_zoned(TimeZone::UTC).date());
    let rate = rate(&prices, &stack.resources, None);
    let costing = pipeline.map(|pipeline| Costing {
        pipeline,
        declared: &stack.declared,
        prices: &prices,
        rate: &rate,
        earlier: &earlier,
        minutes: args.run_minutes,
    });
    let run = costing.map(Costing::run);
    let by_use = by_use(&prices, &stack.resources);
    let view = CostView { stack: &stack.name, prices: &prices, rate: &rate, run: run.as_ref(), by_use: &by_use };
    if let Some(note) = note {
        ui.note(&format!("note: {note}; this is an estimate from the stack file"));
    }
    if args.markdown {
        ui.data(&view.markdown());
    } else {
        ui.answer(&view.text(), &view.json());
    }
    Ok(Exit::Done)
}

/// Returns the runs before, or why there are none to learn from. That is no failure: the file alone tells much.
async fn earlier(stack: &Stack, aws: &Clients) -> (Vec<RunRecord>, Option<String>) {
    match tokio::time::timeout(PATIENCE, ask(stack, aws)).await {
        Ok(Ok(runs)) => (runs, None),
        Ok(Err(why)) => (vec![], Some(why)),
        Err(_) => (vec![], Some("AWS did not answer, so no run before tells".to_owned())),
    }
}

async fn ask(stack: &Stack, aws: &Clients) -> Result<Vec<RunRecord>, String> {
    reach(&aws.target).await.map_err(|error| error.to_string())?;
    let meta = Meta {
        name: stack.name.clone(),
        region: stack.region.clone(),
        // The bucket is found by its name, whosever it is.
        account: String::new(),
        tags: stack.tags.clone(),
        my_ip: None,
    };
    let cx = Cx { aws: aws.clone(), known: Known::new(meta), final_snapshot: None };
    let history = History::of(stack, &cx).map_err(|error| error.to_string())?;
    history.newest(EARLIER_RUNS).await.map_err(|error| match error {
        PipelineError::Aws(error) if error.is_not_found() => "nothing of it exists yet".to_owned(),
        PipelineError::Aws(error) if error.trouble == Trouble::NoCredentials => {
            "there are no credentials, so no run before tells".to_owned()
        }
        error => format!("the runs before cannot be read: {error}"),
    })
}
