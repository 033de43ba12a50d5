//! The hourly rate of a stack, line by line.

use serde::Serialize;

use super::Prices;
use crate::kinds::base::Resource;
use crate::model::{Address, BilledItem, Power};
use crate::plan::Observed;

/// One thing that a resource is billed for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// What is billed.
    pub item: BilledItem,
    /// The same for people.
    pub name: String,
    /// US dollars an hour for all units of it; `None` if the price is unknown.
    pub usd_per_hour: Option<f64>,
}

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
    /// What it is made of.
    pub parts: Vec<Part>,
}

impl Line {
    /// Returns whether it can be stopped and is not.
    pub fn is_running(&self) -> bool {
        matches!(self.power, Some(Power::Running | Power::Changing))
    }

    /// Prices what a resource is billed for.
    pub fn of(prices: &Prices, address: Address, power: Option<Power>, items: Vec<BilledItem>) -> Self {
        let part = |item: BilledItem| Part { name: prices.name(&item.sku), usd_per_hour: prices.of_item(&item), item };
        let parts: Vec<Part> = items.into_iter().map(part).collect();
        let sum = |only_lasting: bool| {
            let counted = parts.iter().filter(|part| !(only_lasting && part.item.stops));
            // The sum of nothing is a negative zero.
            counted.map(|part| part.usd_per_hour).sum::<Option<f64>>().map(|usd| usd + 0.0)
        };
        Self { address, power, running: sum(false), stopped: sum(true), parts }
    }

    /// Returns what it costs in its present state.
    pub fn now(&self) -> Option<f64> {
        if self.power == Some(Power::Stopped) { self.stopped } else { self.running }
    }

    /// Returns whether stopping it saves something.
    pub fn can_stop(&self) -> bool {
        self.parts.iter().any(|part| part.item.stops)
    }

    /// Returns the part of its price that is known and that `counts`, and whether there is an unknown one.
    fn known(&self, counts: impl Fn(&Part) -> bool) -> (f64, bool) {
        let counted = || self.parts.iter().filter(|part| counts(part));
        (counted().filter_map(|part| part.usd_per_hour).sum(), counted().any(|part| part.usd_per_hour.is_none()))
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
        self.total(|_, _| true)
    }

    /// Returns US dollars an hour as things are now, and whether a price is unknown.
    pub fn now(&self) -> (f64, bool) {
        self.total(|line, part| line.power != Some(Power::Stopped) || !part.item.stops)
    }

    /// Returns US dollars an hour with everything stopped that can be, and whether a price is unknown.
    pub fn stopped(&self) -> (f64, bool) {
        self.total(|_, part| !part.item.stops)
    }

    /// Adds what is known, of lines with an unknown part as well.
    fn total(&self, counts: impl Fn(&Line, &Part) -> bool) -> (f64, bool) {
        self.lines.iter().fold((0.0, false), |(sum, has_unknown), line| {
            let (usd, unknown) = line.known(|part| counts(line, part));
            (sum + usd, has_unknown || unknown)
        })
    }
}

/// Adds what is known, and tells whether something unknown comes on top.
pub fn sum_known(prices: impl IntoIterator<Item = Option<f64>>) -> (f64, bool) {
    let add = |(sum, has_unknown): (f64, bool), usd: Option<f64>| {
        (sum + usd.unwrap_or_default(), has_unknown || usd.is_none())
    };
    prices.into_iter().fold((0.0, false), add)
}

/// Prices resources: as they are declared, or, in a world that was looked at, as they exist there, together with what
/// is ours there and left the file.
pub fn rate<'a>(
    prices: &Prices,
    resources: impl IntoIterator<Item = &'a Resource>,
    observed: Option<&Observed>,
) -> Rate {
    let line = |resource: &Resource| {
        let found = observed.map(|observed| observed.ours.get(&resource.address));
        let (items, power) = match found {
            // Asked about a world in which it does not exist, it costs nothing.
            Some(None) => return None,
            Some(Some(found)) => (resource.kind.billed(found), found.power),
            None => (vec![], None),
        };
        // What AWS bills goes by what exists; kinds that report nothing of it cost what was declared.
        let items = if items.is_empty() { resource.kind.billing(resource) } else { items };
        (!items.is_empty()).then(|| Line::of(prices, resource.address.clone(), power, items))
    };
    let mut lines: Vec<Line> = resources.into_iter().filter_map(line).collect();
    for orphan in observed.into_iter().flat_map(|observed| &observed.orphans) {
        let items = orphan.kind.billed(&orphan.found);
        if !items.is_empty() {
            lines.push(Line::of(prices, orphan.address.clone(), orphan.found.power, items));
        }
    }
    Rate { lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_part_makes_the_line_unknown_and_the_total_a_least_amount() {
        let prices = Prices::of_table("us-east-2");
        let items = vec![
            BilledItem::while_running("rds:db.q9.huge", 1),
            BilledItem::while_running("vpc:public-ipv4", 1),
            BilledItem::always("rds:gp3-gib", 73),
        ];
        let line = Line::of(&prices, Address::new("mysql", "a"), Some(Power::Running), items);
        assert_eq!((line.running, line.now()), (None, None));
        let rate = Rate { lines: vec![line] };
        let told = |(usd, has_unknown): (f64, bool)| (format!("{usd:.4}"), has_unknown);
        assert_eq!(told(rate.running()), ("0.0165".to_owned(), true));
        assert_eq!(told(rate.stopped()), ("0.0115".to_owned(), false));
        let mut stopped = rate.clone();
        stopped.lines[0].power = Some(Power::Stopped);
        assert_eq!(told(stopped.now()), ("0.0115".to_owned(), false));
    }
}
