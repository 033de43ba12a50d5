//! `stack prices`.

use clap::{Args, Subcommand};

use super::args::Global;
use super::cache;
use super::session::{load, one, target};
use super::{Exit, Outcome};
use crate::aws::{Clients, Target, reach};
use crate::billing::{Fetched, Prices, fetch};
use crate::diag::{Class, Diagnostic};
use crate::ui::{Refreshed, Ui, prices_json, prices_text, refreshed_json, refreshed_text};

/// Where fetched prices come from.
const SOURCE: &str = "AWS Price List API";

/// Options of `stack prices`.
#[derive(Debug, Args)]
pub struct PricesArgs {
    #[command(subcommand)]
    command: Option<PricesCommand>,
}

#[derive(Debug, Subcommand)]
enum PricesCommand {
    /// Fetch the prices of the region from AWS and keep them on this computer
    Update,
}

/// Lists the prices of the region, or fetches them. With `--region` no stack file is needed.
pub(super) async fn run(ui: Ui, global: &Global, args: &PricesArgs) -> Outcome {
    let region = match &global.region {
        Some(region) => region.clone(),
        None => load(ui, global)?.region,
    };
    let target = target(ui, global, &region).await?;
    match args.command {
        Some(PricesCommand::Update) => update(ui, target).await,
        None => {
            let prices = cache::prices(&target).map_err(one)?;
            ui.answer(&prices_text(&prices), &prices_json(&prices));
            Ok(Exit::Done)
        }
    }
}

async fn update(ui: Ui, target: Target) -> Outcome {
    let Some(cache) = cache::cache() else {
        let error = Diagnostic::error(Class::Failed, "there is no folder to keep prices in: `HOME` is not set");
        return Err(vec![error.hint("`STACK_CACHE_HOME` names one")]);
    };
    // What cannot be read is written anew.
    let before = Prices::of(&target, &cache).unwrap_or_else(|_| Prices::of_table(&target.region));
    let aws = Clients::connect(target).await;
    reach(&aws.target).await.map_err(one)?;
    let told = fetch(&aws).await.map_err(one)?;
    let (region, target) = (aws.target.region.clone(), &aws.target);
    if told.prices.is_empty() {
        let error = Diagnostic::error(Class::Failed, format!("the price list tells no price of `{region}`"));
        return Err(vec![error.hint("look whether the region is written as AWS writes it, such as `us-east-2`")]);
    }
    let place = target.endpoint_url.as_ref().map(|url| format!(" at {url}")).unwrap_or_default();
    let fetched = Fetched::new(&region, format!("{SOURCE}{place}"), aws.clock.now(), told.prices);
    let path = cache.write(target, &fetched).map_err(one)?;
    let after = Prices::of(target, &cache).map_err(one)?;
    let refreshed = Refreshed { before: &before, after: &after, untold: &told.untold, path };
    ui.answer(&refreshed_text(&refreshed), &refreshed_json(&refreshed));
    Ok(Exit::Done)
}
