//! The hourly rate of a stack, line by line.

use serde::Serialize;

use super::usd_per_hour;
use crate::kinds::base::Resource;
use crate::model::{Address, Power};
use crate::plan::Observed;

/// What one resource costs.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// The resource.
    pub address: Address,
    /// Whether it runs now; absent for what cannot be stopped or does not exist.
    pub power: Option<Power>,
    /// US dollars an hour while it runs; `None` if a price is unknown.
    pub running: Option<f64>,
    /// US dollars an hour while it is stopped.
    pub stopped: Option<f64>,
}

impl Line {
    /// Returns whether it can be stopped and is not.
    pub fn is_running(&self) -> bool {
        matches!(self.power, Some(Power::Running | Power::Changing))
    }

    /// Returns what it costs in its present state.
    pub fn now(&self) -> Option<f64> {
        if self.power == Some(Power::Stopped) { self.stopped } else { self.running }
    }
}

/// The lines of a stack.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Rate {
    /// Resources that cost something.
    pub lines: Vec<Line>,
}

impl Rate {
    /// Returns the line of one resource.
    pub fn of(&self, address: &Address) -> Option<&Line> {
        self.lines.iter().find(|line| line.address == *address)
    }

    /// Returns US dollars an hour with everything running, and whether a price is unknown.
    pub fn running(&self) -> (f64, bool) {
        total(self.lines.iter().map(|line| line.running))
    }

    /// Returns US dollars an hour as things are now, and whether a price is unknown.
    pub fn now(&self) -> (f64, bool) {
        total(self.lines.iter().map(Line::now))
    }

    /// Returns US dollars an hour with everything stopped that can be.
    pub fn stopped(&self) -> (f64, bool) {
        total(self.lines.iter().map(|line| line.stopped))
    }
}

/// Prices the resources that exist.
pub fn rate<'a>(resources: impl IntoIterator<Item = &'a Resource>, observed: Option<&Observed>) -> Rate {
    let line = |resource: &Resource| {
        let items = resource.kind.billing(resource);
        if items.is_empty() {
            return None;
        }
        let price = |only_lasting: bool| {
            let counted = items.iter().filter(|item| !(only_lasting && item.stops));
            counted.map(|item| usd_per_hour(&item.sku).map(|price| price * f64::from(item.units))).sum()
        };
        let found = observed.map(|observed| observed.ours.get(&resource.address));
        // Asked about a world in which it does not exist, it costs nothing.
        let power = match found {
            Some(None) => return None,
            Some(Some(found)) => found.power,
            None => None,
        };
        Some(Line { address: resource.address.clone(), power, running: price(false), stopped: price(true) })
    };
    Rate { lines: resources.into_iter().filter_map(line).collect() }
}

fn total(prices: impl Iterator<Item = Option<f64>>) -> (f64, bool) {
    prices.fold((0.0, false), |(sum, unknown), price| (sum + price.unwrap_or_default(), unknown || price.is_none()))
}
