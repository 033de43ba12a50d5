//! The products and the form in which AWS tells them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};

/// The regions with prices, what their usage types begin with, and where they are.
const REGIONS: [(&str, &str, &str); 2] =
    [("us-east-1", "", "US East (N. Virginia)"), ("us-east-2", "USE2-", "US East (Ohio)")];

/// A product, the same in all regions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    service: String,
    family: String,
    /// Without the letters of the region.
    usage_type: String,
    unit: String,
    /// From which amount on which price counts.
    tiers: Vec<(u64, f64)>,
    attributes: BTreeMap<String, String>,
}

static ENTRIES: LazyLock<Vec<Entry>> =
    LazyLock::new(|| serde_json::from_str(include_str!("products.json")).expect("a test reads the products"));

/// A product in a region.
pub(super) struct Product {
    /// Its attributes, the family of products among them.
    pub(super) attributes: BTreeMap<String, String>,
    /// The whole of it, as AWS tells it.
    pub(super) document: Value,
}

/// Returns the service codes, sorted.
pub(super) fn services() -> Vec<&'static str> {
    let mut codes: Vec<&str> = ENTRIES.iter().map(|entry| entry.service.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Returns the products of a service in all regions. `moved` holds prices by usage type that count in the place of the
/// first.
pub(super) fn products(service: &str, moved: &BTreeMap<String, f64>) -> Vec<Product> {
    let entries = || ENTRIES.iter().enumerate().filter(|(_, entry)| entry.service == service);
    let all = REGIONS.iter().flat_map(|region| entries().map(move |(at, entry)| (at, entry, region)));
    all.map(|(at, entry, region)| product(at, entry, *region, moved)).collect()
}

fn product(
    at: usize,
    entry: &Entry,
    (region, prefix, location): (&str, &str, &str),
    moved: &BTreeMap<String, f64>,
) -> Product {
    let usage_type = format!("{prefix}{}", entry.usage_type);
    let mut attributes = entry.attributes.clone();
    let more = [
        ("servicecode", entry.service.as_str()),
        ("location", location),
        ("locationType", "AWS Region"),
        ("regionCode", region),
        ("usagetype", usage_type.as_str()),
    ];
    attributes.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let sku = format!("LOCAL{at:04}{}", region.replace('-', "").to_uppercase());
    let term = format!("{sku}.JRTCKXETXF");
    let mut dimensions = serde_json::Map::new();
    for (tier, (begin, usd)) in entry.tiers.iter().enumerate() {
        let usd = moved.get(&usage_type).filter(|_| tier == 0).unwrap_or(usd);
        let end = entry.tiers.get(tier + 1).map_or("Inf".to_owned(), |(next, _)| next.to_string());
        let code = format!("{term}.{tier:010}");
        let dimension = json!({
            "rateCode": code, "unit": entry.unit, "beginRange": begin.to_string(), "endRange": end,
            "description": format!("${usd} per {} of {usage_type}", entry.unit), "appliesTo": [],
            "pricePerUnit": { "USD": format!("{usd:.10}") },
        });
        dimensions.insert(code, dimension);
    }
    let document = json!({
        "product": { "productFamily": entry.family, "attributes": attributes, "sku": sku },
        "serviceCode": entry.service,
        "terms": { "OnDemand": { term.clone(): {
            "priceDimensions": dimensions, "sku": sku, "offerTermCode": "JRTCKXETXF", "termAttributes": {},
            "effectiveDate": "2026-11-01T00:00:00Z",
        } } },
        "version": "20261101000000", "publicationDate": "2026-11-01T00:00:00Z",
    });
    attributes.insert("productFamily".to_owned(), entry.family.clone());
    Product { attributes, document }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_price_is_that_of_one_region_and_the_tiers_join() {
        let moved = BTreeMap::from([("USE2-InstanceUsage:db.t3.micro".to_owned(), 0.5)]);
        let of = |region: &str, usage: &str| {
            let all = products("AmazonRDS", &moved).into_iter().chain(products("AWSLambda", &moved));
            let mut found = all.filter(|one| one.attributes["regionCode"] == region);
            found.find(|one| one.attributes["usagetype"] == usage).unwrap().document.to_string()
        };
        assert!(of("us-east-2", "USE2-InstanceUsage:db.t3.micro").contains("\"USD\":\"0.5000000000\""));
        assert!(of("us-east-1", "InstanceUsage:db.t3.micro").contains("\"USD\":\"0.0170000000\""));
        let lambda = of("us-east-1", "Lambda-GB-Second");
        assert!(lambda.contains("\"endRange\":\"6000000000\"") && lambda.contains("\"beginRange\":\"6000000000\""));
    }
}
