//! The price list: products with their prices, of which `prices.json` in the cloud's folder moves any.

mod products;
mod service;

pub(super) use service::Pricing;
