//! What the resources of a stack are billed for by what they keep and do, which nobody knows beforehand.

use serde::Serialize;

use super::price::Unit;
use super::{Prices, list};
use crate::kinds::base::Resource;

/// Kinds of resources and what each is billed for by use.
const BY_USE: [(&str, &[&str]); 8] = [
    ("bucket", &["s3:standard-gib"]),
    ("mysql", &["rds:backup-gib", "secretsmanager:request"]),
    ("redshift", &["redshift:managed-storage-gib", "secretsmanager:request"]),
    ("log_group", &["logs:ingest-gib", "logs:store-gib"]),
    ("lambda", &["lambda:request"]),
    ("job", &["glue:dpu-hour"]),
    ("crawler", &["glue:dpu-hour"]),
    ("workgroup", &["athena:terabyte"]),
];

/// Something that is billed by use.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ByUse {
    /// What is billed.
    pub sku: &'static str,
    /// The same for people.
    pub item: String,
    /// What its price is for.
    pub unit: Option<Unit>,
    /// US dollars for one unit; `None` if the price is unknown.
    pub usd: Option<f64>,
}

/// Returns what the resources are billed for by use, each item once.
pub fn by_use<'a>(prices: &Prices, resources: impl IntoIterator<Item = &'a Resource>) -> Vec<ByUse> {
    let mut found: Vec<ByUse> = vec![];
    for resource in resources {
        let items = BY_USE.iter().find(|(kind, _)| *kind == resource.address.kind).map_or(&[][..], |(_, items)| items);
        for sku in items {
            if found.iter().all(|known| known.sku != *sku) {
                let unit = prices.get(sku).map(|price| price.unit).or_else(|| list::item(sku).map(|(_, unit)| unit));
                found.push(ByUse { sku, item: prices.name(sku), unit, usd: prices.usd(sku) });
            }
        }
    }
    found
}
