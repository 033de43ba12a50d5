//! The price table, and what fetching it anew has changed.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::billing::{Price, Prices, Untold};

/// What fetching has brought.
#[derive(Debug)]
pub struct Refreshed<'a> {
    /// The prices as they were.
    pub before: &'a Prices,
    /// The prices as they are now.
    pub after: &'a Prices,
    /// What was asked for in vain.
    pub untold: &'a [Untold],
    /// Where they are kept.
    pub path: PathBuf,
}

impl<'a> Refreshed<'a> {
    /// Returns prices that changed, as they were and as they are.
    fn changed(&self) -> Vec<(&'a Price, &'a Price)> {
        let pairs = self.after.all().iter().filter_map(|new| Some((self.before.get(&new.sku)?, new)));
        pairs.filter(|(old, new)| (old.usd - new.usd).abs() > f64::EPSILON).collect()
    }

    /// Returns how many prices were unknown before.
    fn new_ones(&self) -> usize {
        self.after.all().iter().filter(|new| self.before.get(&new.sku).is_none()).count()
    }

    /// Returns how many prices were told.
    fn told(&self) -> usize {
        self.after.all().iter().filter(|price| price.is_fetched).count()
    }

    /// Returns what keeps the figure of the table, and why.
    fn kept(&self) -> Vec<(&'a Price, &'a str)> {
        let why = |price: &Price| {
            let untold = self.untold.iter().find(|untold| untold.item == price.item);
            untold.map_or("the price list has no such item", |untold| untold.why.as_str())
        };
        self.after.all().iter().filter(|price| !price.is_fetched).map(|price| (price, why(price))).collect()
    }
}

/// Returns the prices of a region as text.
pub fn prices_text(prices: &Prices) -> String {
    if prices.all().is_empty() {
        return format!("no price of {} is known; `stack prices update` fetches them", prices.region());
    }
    let mut text = format!("prices of {}, in US dollars on demand\n", prices.region());
    let widest = prices.all().iter().map(|price| price.item.len()).max().unwrap_or_default();
    for price in prices.all() {
        let (usd, unit) = (price.usd.to_string(), price.unit.name());
        let checked = if price.is_verified { "" } else { " (not checked for this region)" };
        let source = &price.source;
        let _ = writeln!(text, "{:<widest$}  {usd:>12}  {unit:<10}  {}  {source}{checked}", price.item, price.date);
    }
    let _ = writeln!(text, "{}", source_line(prices));
    text
}

/// Returns where the prices come from, in a line.
pub(super) fn source_line(prices: &Prices) -> String {
    let dates = prices.all().iter().map(|price| price.date);
    let Some(oldest) = dates.min() else {
        return format!("no price of {} is known; `stack prices update` fetches them", prices.region());
    };
    let count = |counts: fn(&Price) -> bool| prices.all().iter().filter(|price| counts(price)).count();
    match prices.fetched() {
        Some(at) => format!(
            "prices of {}: fetched on {} from AWS, {} of {} from the table of this `stack`",
            prices.region(),
            at.strftime("%Y-%m-%d"),
            count(|price| !price.is_fetched),
            prices.all().len()
        ),
        None => format!(
            "prices of {}: the table of this `stack` of {oldest}, {} of {} not checked for this region; \
             `stack prices update` fetches AWS's own",
            prices.region(),
            count(|price| !price.is_verified),
            prices.all().len()
        ),
    }
}

/// Returns the prices of a region as JSON.
pub fn prices_json(prices: &Prices) -> Value {
    json!({ "version": 1, "region": prices.region(), "fetched": prices.fetched(), "prices": prices.all() })
}

/// Returns what fetching has changed as text.
pub fn refreshed_text(refreshed: &Refreshed<'_>) -> String {
    let mut text = String::new();
    let changed = refreshed.changed();
    for (old, new) in &changed {
        let percent = (new.usd / old.usd - 1.0) * 100.0;
        let percent = if percent.is_finite() { format!(" ({percent:+.1}%)") } else { String::new() };
        let _ = writeln!(text, "~ {}  {} -> {} per {}{percent}", new.item, old.usd, new.usd, new.unit.name());
    }
    for (price, why) in refreshed.kept() {
        let _ = writeln!(text, "  {}  stays at {} of {}: {why}", price.item, price.usd, price.date);
    }
    let kept: Vec<&str> = refreshed.kept().iter().map(|(price, _)| price.item.as_str()).collect();
    for untold in refreshed.untold.iter().filter(|untold| !kept.contains(&untold.item.as_str())) {
        let _ = writeln!(text, "  {}  stays unknown: {}", untold.item, untold.why);
    }
    let (told, new, path) = (refreshed.told(), refreshed.new_ones(), refreshed.path.display());
    let region = refreshed.after.region();
    let _ = writeln!(
        text,
        "{told} prices of {region} fetched: {} changed, {new} were unknown before; kept in `{path}`",
        changed.len()
    );
    text
}

/// Returns what fetching has changed as JSON.
pub fn refreshed_json(refreshed: &Refreshed<'_>) -> Value {
    let changed = |(old, new): &(&Price, &Price)| json!({ "sku": new.sku, "item": new.item, "unit": new.unit, "before": old.usd, "after": new.usd });
    let kept = |(price, why): &(&Price, &str)| json!({ "sku": price.sku, "item": price.item, "usd": price.usd, "date": price.date, "why": why });
    json!({
        "version": 1,
        "region": refreshed.after.region(),
        "told": refreshed.told(),
        "new": refreshed.new_ones(),
        "changed": refreshed.changed().iter().map(changed).collect::<Vec<_>>(),
        "kept": refreshed.kept().iter().map(kept).collect::<Vec<_>>(),
        "path": refreshed.path,
    })
}
