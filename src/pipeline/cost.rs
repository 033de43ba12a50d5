//! What one run costs: told by the runs before it where there are some, else estimated from what is declared.

use serde::Serialize;

use super::record::RunRecord;
use super::{Dataset, Forecast, ForecastStep, PipelineTable, Planned};
use crate::billing::{CRAWL_LEAST_SECONDS, JOB_LEAST_SECONDS, Prices, Rate, run_usd};
use crate::kinds::base::Declared;
use crate::kinds::glue::job::Job as JobKind;
use crate::kinds::lambda::Lambda;
use crate::model::Address;

/// How long a run is taken to last when no run tells, in seconds.
const ASSUMED_SECONDS: f64 = 1_800.0;

/// How long a load is taken to last when no run tells, in seconds.
const ASSUMED_LOAD_SECONDS: f64 = 60.0;

/// How a figure is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// It is the median of the runs before.
    Runs,
    /// It was said on the command line.
    Given,
    /// It is an estimate.
    Estimate,
    /// It is billed, and nobody knows how much.
    Unknown,
    /// Nothing is billed for it by itself.
    Nothing,
}

/// What one step costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepCost {
    /// Its name.
    pub name: String,
    /// What it does: `job`.
    pub kind: &'static str,
    /// How long it usually takes, in seconds; `None` if no run tells.
    pub seconds: Option<f64>,
    /// What it costs, in US dollars; `None` if nothing is billed, or the price is unknown.
    pub usd: Option<f64>,
    /// How the price is known.
    pub basis: Basis,
    /// What an estimate assumes.
    pub why: Option<String>,
}

/// What a database costs while a run goes on, beside what it costs anyway.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServerCost {
    /// The resource.
    pub address: Address,
    /// US dollars; `None` if a price is unknown.
    pub usd: Option<f64>,
}

/// What one run costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunCost {
    /// The steps, in their order.
    pub steps: Vec<StepCost>,
    /// What has to run for it.
    pub servers: Vec<ServerCost>,
    /// How long it takes, in seconds.
    pub seconds: f64,
    /// How that is known.
    pub time: Basis,
    /// How many earlier runs told.
    pub runs: usize,
}

impl RunCost {
    /// Returns what the steps themselves cost in US dollars, and whether something unknown comes on top.
    pub fn steps_usd(&self) -> (f64, bool) {
        let has_unknown = self.steps.iter().any(|step| step.basis == Basis::Unknown);
        // The sum of nothing is a negative zero.
        (self.steps.iter().filter_map(|step| step.usd).sum::<f64>() + 0.0, has_unknown)
    }

    /// Returns what the whole costs in US dollars, and whether something unknown comes on top.
    pub fn usd(&self) -> (f64, bool) {
        let (steps, has_unknown) = self.steps_usd();
        let servers: f64 = self.servers.iter().filter_map(|server| server.usd).sum();
        (steps + servers, has_unknown || self.servers.iter().any(|server| server.usd.is_none()))
    }

    /// Returns how long it takes, in hours.
    pub fn hours(&self) -> f64 {
        self.seconds / 3_600.0
    }
}

/// What the cost of a run is judged by.
#[derive(Clone, Copy)]
pub struct Costing<'a> {
    /// The pipeline.
    pub pipeline: &'a PipelineTable,
    /// Everything that the file declares.
    pub declared: &'a Declared,
    /// What things cost.
    pub prices: &'a Prices,
    /// What the stack costs by the hour.
    pub rate: &'a Rate,
    /// The runs before, the newest first.
    pub earlier: &'a [RunRecord],
    /// How many minutes a run takes, if somebody said so.
    pub minutes: Option<u32>,
}

impl Costing<'_> {
    /// Returns what one run costs.
    pub fn run(self) -> RunCost {
        let planned = self.pipeline.ordered();
        let forecast = Forecast::of(&planned, &(0..planned.len()).collect(), self.earlier);
        let (seconds, time) = match (self.minutes, forecast.seconds) {
            (Some(minutes), _) => (f64::from(minutes) * 60.0, Basis::Given),
            (None, Some(seconds)) => (seconds, Basis::Runs),
            (None, None) => (ASSUMED_SECONDS, Basis::Estimate),
        };
        let stopping = self.rate.lines.iter().filter(|line| line.can_stop());
        let server = |line: &crate::billing::Line| ServerCost {
            address: line.address.clone(),
            usd: run_usd(line, seconds / 3_600.0),
        };
        RunCost {
            servers: stopping.map(server).collect(),
            steps: planned.iter().zip(&forecast.steps).map(|(planned, told)| self.step(planned, told)).collect(),
            seconds,
            time,
            runs: forecast.runs,
        }
    }

    fn step(self, planned: &Planned<'_>, told: &ForecastStep) -> StepCost {
        let estimate = if told.usd.is_some() { Estimate::Nothing } else { self.estimate(planned, told.seconds) };
        let (usd, basis, why) = match estimate {
            Estimate::Nothing if told.usd.is_some() => (told.usd, Basis::Runs, None),
            Estimate::Nothing => (None, Basis::Nothing, None),
            Estimate::Of(None, _) => (None, Basis::Unknown, Some("its price is unknown".to_owned())),
            Estimate::Of(usd, why) => (usd, Basis::Estimate, Some(why)),
            Estimate::Unknown(why) => (None, Basis::Unknown, Some(why.to_owned())),
        };
        StepCost { name: told.name.clone(), kind: told.kind, seconds: told.seconds, usd, basis, why }
    }

    fn estimate(self, planned: &Planned<'_>, seconds: Option<f64>) -> Estimate {
        let (table, prices) = (planned.table, self.prices);
        if let Some(job) = table.job.as_ref().and_then(|step| self.declared.get::<JobKind>(&step.job)) {
            let Some(dpus) = dpus(&job.worker_type) else {
                return Estimate::Unknown("how much a worker of this type uses is unknown");
            };
            let dpus = dpus * f64::from(job.workers);
            let took = seconds.unwrap_or_default().max(JOB_LEAST_SECONDS);
            return Estimate::Of(prices.glue_run_usd(dpus, took), format!("{dpus} DPUs for {}", span(took)));
        }
        if table.crawl.is_some() {
            let took = seconds.unwrap_or_default().max(CRAWL_LEAST_SECONDS);
            return Estimate::Of(prices.crawl_usd(took), format!("2 DPUs for {}", span(took)));
        }
        if let Some(function) = table.load.as_ref().and_then(|step| self.declared.get::<Lambda>(&step.function)) {
            let took = seconds.unwrap_or(ASSUMED_LOAD_SECONDS);
            let usd = prices.lambda_usd(&function.architecture, function.memory_mib, took);
            return Estimate::Of(usd, format!("{} MiB for {}", function.memory_mib, span(took)));
        }
        let asks_athena = table.athena.is_some() || table.check.is_some();
        if asks_athena && table.all_reads().contains(&Dataset::STAGING) {
            return Estimate::Of(prices.athena_usd(0), "one query, which Athena bills with 10 MB at least".to_owned());
        }
        if table.command.is_some() {
            return Estimate::Unknown("what the program uses is unknown");
        }
        Estimate::Nothing
    }
}

/// What a step is expected to cost, and why.
enum Estimate {
    /// Nothing is billed for it by itself.
    Nothing,
    /// So many US dollars, as far as prices are known.
    Of(Option<f64>, String),
    /// Nobody knows.
    Unknown(&'static str),
}

/// Returns how many data processing units one worker is. Source: the AWS Glue guide on worker types.
fn dpus(worker_type: &str) -> Option<f64> {
    let known = [("G.025X", 0.25), ("G.1X", 1.0), ("G.2X", 2.0), ("G.4X", 4.0), ("G.8X", 8.0)];
    known.iter().find(|(name, _)| *name == worker_type).map(|(_, dpus)| *dpus)
}

fn span(seconds: f64) -> String {
    if seconds < 120.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}
