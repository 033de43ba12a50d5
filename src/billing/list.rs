//! The price table of the repository.

use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

use super::price::{Price, Unit};

/// The table as it stands in the repository.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[expect(dead_code, reason = "it tells readers of the file its form")]
    version: u32,
    prices: Vec<Entry>,
}

/// A price with the regions in which it holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    sku: String,
    item: String,
    unit: Unit,
    usd: f64,
    regions: Vec<String>,
    /// The regions in whose own price list it was seen.
    verified_in: Vec<String>,
    source: String,
    date: Date,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| serde_json::from_str(include_str!("prices.json")).expect("a test reads the table"));

/// Returns the prices that the table knows for a region.
pub(super) fn of_region(region: &str) -> Vec<Price> {
    let entries = TABLE.prices.iter().filter(|entry| entry.regions.iter().any(|one| one == region));
    let price = |entry: &Entry| Price {
        sku: entry.sku.clone(),
        item: entry.item.clone(),
        unit: entry.unit,
        usd: entry.usd,
        source: entry.source.clone(),
        date: entry.date,
        is_verified: entry.verified_in.iter().any(|one| one == region),
        is_fetched: false,
    };
    entries.map(price).collect()
}

/// Returns what an item is called for people and what its price is for, whatever the region.
pub(super) fn item(sku: &str) -> Option<(&'static str, Unit)> {
    TABLE.prices.iter().find(|entry| entry.sku == sku).map(|entry| (entry.item.as_str(), entry.unit))
}
