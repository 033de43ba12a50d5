//! What a run will do, and what it is expected to take: told by the runs before it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Planned;
use super::record::{RunRecord, State};

/// How many earlier runs are asked.
pub const EARLIER_RUNS: usize = 10;

/// One step to come.
#[derive(Debug, Clone, Serialize)]
pub struct ForecastStep {
    /// Its place in the order, from 1.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// What it does: `job`.
    pub kind: &'static str,
    /// The steps that it waits for.
    pub after: Vec<String>,
    /// Whether this run leaves it out.
    pub is_left_out: bool,
    /// How long it usually takes, in seconds: the median of the earlier runs.
    pub seconds: Option<f64>,
    /// What it usually costs, in US dollars.
    pub usd: Option<f64>,
}

/// A run to come.
#[derive(Debug, Clone, Serialize)]
pub struct Forecast {
    /// The steps, in their order.
    pub steps: Vec<ForecastStep>,
    /// How long the whole usually takes, in seconds: steps that wait for nothing common run side by side.
    pub seconds: Option<f64>,
    /// What the whole usually costs, in US dollars.
    pub usd: Option<f64>,
    /// How many earlier runs told.
    pub runs: usize,
}

impl Forecast {
    /// Looks ahead at the steps at the positions `meant`.
    pub fn of(steps: &[Planned<'_>], meant: &BTreeSet<usize>, earlier: &[RunRecord]) -> Self {
        let mut told: Vec<ForecastStep> = vec![];
        let mut ends: Vec<f64> = vec![];
        for (at, planned) in steps.iter().enumerate() {
            let is_left_out = !meant.contains(&at);
            let name = &planned.table.name;
            let seconds = usual(earlier, name, |step| step.seconds()).filter(|_| !is_left_out);
            let usd = usual(earlier, name, |step| step.tally.usd).filter(|_| !is_left_out);
            let begins = planned.needs.iter().map(|need| ends[*need]).fold(0.0, f64::max);
            ends.push(begins + seconds.unwrap_or_default());
            let after = planned.needs.iter().map(|need| steps[*need].table.name.clone()).collect();
            let kind = planned.table.kind();
            told.push(ForecastStep { number: at + 1, name: name.clone(), kind, after, is_left_out, seconds, usd });
        }
        let prices: Vec<f64> = told.iter().filter_map(|step| step.usd).collect();
        let is_known = told.iter().any(|step| step.seconds.is_some());
        Self {
            seconds: is_known.then(|| ends.iter().copied().fold(0.0, f64::max)),
            usd: (!prices.is_empty()).then(|| prices.iter().sum()),
            runs: earlier.iter().filter(|run| run.state == State::Done).count(),
            steps: told,
        }
    }
}

/// Returns the median of what a step took in the runs in which it ended well.
fn usual(runs: &[RunRecord], name: &str, of: fn(&super::StepRecord) -> Option<f64>) -> Option<f64> {
    let steps = runs.iter().flat_map(|run| &run.steps);
    let mut found: Vec<f64> =
        steps.filter(|step| step.name == name && step.state == State::Done).filter_map(of).collect();
    found.sort_unstable_by(f64::total_cmp);
    found.get(found.len() / 2).copied()
}
