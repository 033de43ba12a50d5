//! Asks the price list of AWS for what the table knows by name.
//!
//! Which item is asked for with which filters is data: `queries.json`. What the list does not tell, or tells in a way
//! that leaves a doubt, is not taken.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aws_sdk_pricing::types::{Filter, FilterType};
use futures::future::try_join_all;
use serde::Deserialize;
use serde_json::Value;

use super::cache::FetchedPrice;
use super::error::BillingError;
use super::price::Unit;
use crate::aws::{AwsError, Clients, Sorted, Trouble};

/// What stands in a filter for the letters with which a region's usage types begin.
const PREFIX: &str = "{prefix}";

/// The query whose answers show that prefix, and what follows it there.
const TELLS_PREFIX: (&str, &str) = ("rds:{instanceType}", "InstanceUsage:");

/// How one item, or a family of items, is found in the price list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    /// The item; words in braces are attributes of the product.
    sku: String,
    item: String,
    unit: Unit,
    /// The words that the price list has for the unit.
    api_units: Vec<String>,
    service: String,
    /// Attributes and their values, which AWS compares.
    filters: BTreeMap<String, String>,
    /// How the usage type ends, which is compared here: it begins with letters for the region.
    usage_type_ends: String,
}

static QUERIES: LazyLock<Vec<Query>> =
    LazyLock::new(|| serde_json::from_str(include_str!("queries.json")).expect("a test reads the queries"));

/// An item that was asked for without a usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// The item for people.
    pub item: String,
    /// Why its price stays as it is.
    pub why: String,
}

/// What the price list told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// The prices.
    pub prices: Vec<FetchedPrice>,
    /// What it did not tell.
    pub untold: Vec<Untold>,
}

/// Asks the price list for the region of the clients.
///
/// # Errors
/// If the price list cannot be reached or refuses the caller.
pub async fn fetch(aws: &Clients) -> Result<Told, BillingError> {
    let region = &aws.target.region;
    let (later, first): (Vec<&Query>, Vec<&Query>) =
        QUERIES.iter().partition(|query| query.filters.values().any(|value| value.contains(PREFIX)));
    let mut answers = try_join_all(first.iter().map(|query| ask(aws, query, ""))).await?;
    let shown = first.iter().zip(&answers).find(|(query, _)| query.sku == TELLS_PREFIX.0);
    let prefix = shown.and_then(|(_, products)| products.iter().find_map(prefix)).unwrap_or_default();
    answers.extend(try_join_all(later.iter().map(|query| ask(aws, query, &prefix))).await?);
    let mut told = Told::default();
    for (query, products) in first.iter().chain(&later).zip(&answers) {
        read(query, products, region, &mut told);
    }
    Ok(told)
}

/// Returns the letters with which usage types of the region begin, as a product shows them.
fn prefix(product: &Value) -> Option<String> {
    let usage = product["product"]["attributes"]["usagetype"].as_str()?;
    usage.split_once(TELLS_PREFIX.1).map(|(prefix, _)| prefix.to_owned())
}

/// Returns the products of a query, all pages. What AWS takes for a wrong question has no answer.
async fn ask(aws: &Clients, query: &Query, prefix: &str) -> Result<Vec<Value>, BillingError> {
    const OPERATION: &str = "pricing:GetProducts";
    let mut call = aws.pricing.get_products().service_code(&query.service);
    let region = ("regionCode", aws.target.region.clone());
    let own = query.filters.iter().map(|(field, value)| (field.as_str(), value.replace(PREFIX, prefix)));
    for (field, value) in own.chain([region]) {
        let filter = Filter::builder().r#type(FilterType::TermMatch).field(field).value(value).build();
        call = call.filters(filter.map_err(|_| AwsError::incomplete(OPERATION, "filter"))?);
    }
    let mut texts = call.into_paginator().items().send();
    let mut products = vec![];
    while let Some(text) = texts.next().await {
        match text.named(OPERATION) {
            Ok(text) => products.extend(serde_json::from_str(&text)),
            Err(error) if matches!(error.trouble, Trouble::Invalid | Trouble::NotFound) => {
                tracing::info!(%error, sku = query.sku, "the price list does not know what is asked");
                return Ok(vec![]);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(products)
}

/// Takes from the products of a query what leaves no doubt.
fn read(query: &Query, products: &[Value], region: &str, told: &mut Told) {
    let mut found: BTreeMap<String, (String, Result<f64, String>)> = BTreeMap::new();
    for product in products {
        let attributes = &product["product"]["attributes"];
        let Some(ending) = filled(&query.usage_type_ends, attributes) else { continue };
        let is_meant = attributes["usagetype"].as_str().is_some_and(|usage| usage.ends_with(&ending));
        if !is_meant || attributes["regionCode"].as_str() != Some(region) {
            continue;
        }
        let Some((sku, item)) = filled(&query.sku, attributes).zip(filled(&query.item, attributes)) else { continue };
        let usd = usd(product, &query.api_units);
        let known = found.entry(sku).or_insert_with(|| (item, usd.clone()));
        if known.1 != usd {
            known.1 = usd.and(Err("the price list tells several prices".to_owned()));
        }
    }
    if found.is_empty() {
        told.untold.push(Untold { item: query.item.clone(), why: "the price list has no such item".to_owned() });
    }
    for (sku, (item, usd)) in found {
        match usd {
            Ok(usd) => told.prices.push(FetchedPrice { sku, item, unit: query.unit, usd }),
            Err(why) => told.untold.push(Untold { item, why }),
        }
    }
}

/// Fills attributes of a product into a text; `None` if it lacks one.
fn filled(text: &str, attributes: &Value) -> Option<String> {
    let Some((before, rest)) = text.split_once('{') else { return Some(text.to_owned()) };
    let (name, after) = rest.split_once('}')?;
    let value = attributes[name].as_str().filter(|value| !value.is_empty())?;
    Some(format!("{before}{value}{}", filled(after, attributes)?))
}

/// Returns the price of a product: that of its first tier which is not free, as nobody knows what of an account's free
/// share is left.
fn usd(product: &Value, units: &[String]) -> Result<f64, String> {
    let terms = product["terms"]["OnDemand"].as_object().into_iter().flatten();
    let dimensions = terms.flat_map(|(_, term)| term["priceDimensions"].as_object().into_iter().flatten());
    let mut tiers = vec![];
    for (_, dimension) in dimensions {
        let unit = dimension["unit"].as_str().unwrap_or_default();
        if !units.iter().any(|known| known.eq_ignore_ascii_case(unit)) {
            return Err(format!("the price list counts it in `{unit}`"));
        }
        let number = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
        let price = number(&dimension["pricePerUnit"]["USD"]).filter(|usd| usd.is_finite() && *usd >= 0.0);
        let Some(usd) = price else { return Err("the price list tells no price in US dollars".to_owned()) };
        tiers.push((number(&dimension["beginRange"]).unwrap_or_default(), usd));
    }
    tiers.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    let paid = tiers.iter().find(|(_, usd)| *usd > 0.0).or(tiers.first());
    paid.map(|(_, usd)| *usd).ok_or_else(|| "the price list tells no price on demand".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::billing::Prices;

    fn product(class: &str, usage: &str, tiers: &[(&str, &str)]) -> Value {
        let dimension = |(begin, usd): &(&str, &str)| {
            let body = json!({ "unit": "Hrs", "beginRange": begin, "pricePerUnit": { "USD": usd } });
            (format!("a.b.{begin}"), body)
        };
        let dimensions: serde_json::Map<String, Value> = tiers.iter().map(dimension).collect();
        json!({
            "product": { "attributes": { "usagetype": usage, "instanceType": class, "regionCode": "us-east-2" } },
            "terms": { "OnDemand": { "a.b": { "priceDimensions": dimensions } } },
        })
    }

    fn classes() -> &'static Query {
        QUERIES.iter().find(|query| query.sku == TELLS_PREFIX.0).unwrap()
    }

    #[test]
    fn every_item_of_the_table_is_asked_for_but_those_that_never_had_a_price_or_are_gone() {
        let table = Prices::of_table("us-east-2");
        let is_asked = |sku: &str| {
            QUERIES.iter().any(|query| {
                query.sku == sku
                    || filled(
                        &query.sku,
                        &json!({ "instanceType": sku
                .split_once(':').map_or("", |(_, class)| class) }),
                    )
                    .as_deref()
                        == Some(sku)
            })
        };
        let missing: Vec<&str> =
            table.all().iter().map(|price| price.sku.as_str()).filter(|sku| !is_asked(sku)).collect();
        assert_eq!(missing, ["budgets:budget"]);
        for query in QUERIES.iter().filter(|query| !query.sku.contains('{')) {
            assert_eq!(table.get(&query.sku).map(|price| price.unit), Some(query.unit), "{}", query.sku);
        }
    }

    #[test]
    fn the_first_tier_that_is_not_free_is_the_price() {
        let of = |tiers: &[(&str, &str)]| usd(&product("db.t4g.micro", "", tiers), &["Hrs".to_owned()]);
        assert_eq!(of(&[("10", "0.5"), ("9", "0.7"), ("0", "0.0000000000")]), Ok(0.7));
        assert_eq!(of(&[("0", "0")]), Ok(0.0));
        assert!(of(&[("0", "cheap")]).is_err() && of(&[]).is_err());
        assert_eq!(
            usd(&product("a", "", &[("0", "1")]), &["GB-Mo".to_owned()]).unwrap_err(),
            "the price list counts it in `Hrs`"
        );
    }

    #[test]
    fn what_leaves_a_doubt_is_not_taken() {
        let mut told = Told::default();
        let products = [
            product("db.t4g.micro", "USE2-InstanceUsage:db.t4g.micro", &[("0", "0.02")]),
            product("db.t4g.micro", "USE2-RDSProxy:db.t4g.micro", &[("0", "7")]),
            product("db.t3.micro", "USE2-InstanceUsage:db.t3.micro", &[("0", "0.017")]),
            product("db.t3.micro", "USE2-InstanceUsage:db.t3.micro", &[("0", "0.019")]),
        ];
        read(classes(), &products, "us-east-2", &mut told);
        let taken: Vec<(&str, f64)> = told.prices.iter().map(|price| (price.sku.as_str(), price.usd)).collect();
        assert_eq!(taken, [("rds:db.t4g.micro", 0.02)]);
        assert_eq!(told.untold.len(), 1);
        assert_eq!(told.untold[0].why, "the price list tells several prices");
        assert_eq!(prefix(&products[0]).as_deref(), Some("USE2-"));
        read(classes(), &products, "eu-west-1", &mut told);
        assert_eq!(told.untold[1].why, "the price list has no such item");
    }
}
