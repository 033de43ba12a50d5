//! The service: operations over the products.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::products::{Product, products, services};
use crate::localcloud::cloud::Context;
use crate::localcloud::page::page;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::service::Service;
use crate::localcloud::{Call, Reply};

/// The most results of one page.
const PAGE: usize = 100;

/// The price list on this machine.
pub(crate) struct Pricing {
    /// Prices by usage type that count in the place of its own; read at every call, so that a test can move one.
    moved: PathBuf,
}

impl Pricing {
    /// Takes the cloud's folder.
    pub(crate) fn new(context: &Context) -> Self {
        Self { moved: context.home.root().join("prices.json") }
    }

    fn answer(&self, call: &Call) -> Result<Value, Refusal> {
        let input = call.json();
        match call.operation.as_str() {
            "GetProducts" => self.get_products(&input),
            "DescribeServices" => self.describe_services(&input),
            "GetAttributeValues" => self.get_attribute_values(&input),
            operation => {
                Err(Refusal::new("UnknownOperationException", format!("the local price list has no {operation}")))
            }
        }
    }

    fn get_products(&self, input: &Value) -> Result<Value, Refusal> {
        let mut found = self.of_service(input)?;
        for filter in input["Filters"].as_array().into_iter().flatten() {
            let text = |member: &str| filter[member].as_str().unwrap_or_default();
            if text("Type") != "TERM_MATCH" {
                return Err(invalid(format!("the local price list has only filters of the type TERM_MATCH: {filter}")));
            }
            found.retain(|product| product.attributes.get(text("Field")).is_some_and(|value| value == text("Value")));
        }
        let texts: Vec<String> = found.into_iter().map(|product| product.document.to_string()).collect();
        let (shown, next) = paged(input, texts);
        Ok(json!({ "FormatVersion": "aws_v1", "PriceList": shown, "NextToken": next }))
    }

    fn describe_services(&self, input: &Value) -> Result<Value, Refusal> {
        let codes = match input["ServiceCode"].as_str() {
            Some(_) => vec![self.known_service(input)?],
            None => services(),
        };
        let described = codes.into_iter().map(|code| {
            let all = products(code, &BTreeMap::new());
            let names: BTreeSet<&String> = all.iter().flat_map(|product| product.attributes.keys()).collect();
            json!({ "ServiceCode": code, "AttributeNames": names })
        });
        let (shown, next) = paged(input, described.collect());
        Ok(json!({ "FormatVersion": "aws_v1", "Services": shown, "NextToken": next }))
    }

    fn get_attribute_values(&self, input: &Value) -> Result<Value, Refusal> {
        let name = input["AttributeName"].as_str().unwrap_or_default();
        let all = self.of_service(input)?;
        let values: BTreeSet<&String> = all.iter().filter_map(|product| product.attributes.get(name)).collect();
        let (shown, next) = paged(input, values.into_iter().map(|value| json!({ "Value": value })).collect());
        Ok(json!({ "AttributeValues": shown, "NextToken": next }))
    }

    fn of_service(&self, input: &Value) -> Result<Vec<Product>, Refusal> {
        Ok(products(self.known_service(input)?, &self.moved()?))
    }

    #[expect(clippy::unused_self, reason = "it stands with the operations that ask it")]
    fn known_service(&self, input: &Value) -> Result<&'static str, Refusal> {
        let code = input["ServiceCode"].as_str().unwrap_or_default();
        let known = services().into_iter().find(|known| *known == code);
        known.ok_or_else(|| invalid(format!("Input Parameters: ServiceCode is invalid: {code}")))
    }

    fn moved(&self) -> Result<BTreeMap<String, f64>, Refusal> {
        let unusable = |error: &dyn std::error::Error| {
            Refusal::new("InternalErrorException", format!("{}: {error}", self.moved.display())).status(500)
        };
        match std::fs::read_to_string(&self.moved) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| unusable(&error)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(unusable(&error)),
        }
    }
}

#[async_trait]
impl Service for Pricing {
    fn signing_names(&self) -> &'static [&'static str] {
        &["pricing"]
    }

    async fn handle(&self, call: Call) -> Reply {
        match self.answer(&call) {
            Ok(body) => Reply::json(&body),
            Err(refusal) => refusal.reply(),
        }
    }
}

fn paged<T>(input: &Value, items: Vec<T>) -> (Vec<T>, Option<String>) {
    page(items, input["NextToken"].as_str(), input["MaxResults"].as_u64(), PAGE)
}

fn invalid(message: String) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
