//! List prices, dated. An entry is what one unit costs in an hour.
//!
//! Source: AWS on-demand list prices of us-east-1 and us-east-2, which are equal for these items; compiled 2026-11-22.

/// AWS's own number for turning monthly prices into hourly ones.
pub const HOURS_A_MONTH: f64 = 730.0;

/// What is billed, and US dollars an hour for one unit.
const PRICES: [(&str, f64); 12] = [
    ("rds:db.t3.micro", 0.017),
    ("rds:db.t4g.micro", 0.016),
    ("rds:gp3-gib", 0.115 / HOURS_A_MONTH),
    ("redshift:ra3.large", 0.543),
    ("redshift:ra3.xlplus", 1.086),
    ("redshift:dc2.large", 0.25),
    ("vpc:public-ipv4", 0.005),
    ("vpc:interface-endpoint", 0.01),
    ("secretsmanager:secret", 0.40 / HOURS_A_MONTH),
    ("cloudwatch:alarm", 0.10 / HOURS_A_MONTH),
    // The first three dashboards of an account are free; whether this is one of them is not known.
    ("cloudwatch:dashboard", 3.0 / HOURS_A_MONTH),
    ("kms:key", 1.0 / HOURS_A_MONTH),
];

/// Returns the price of one unit in US dollars an hour, or `None` if it is not in the table.
pub fn usd_per_hour(sku: &str) -> Option<f64> {
    PRICES.iter().find(|(name, _)| *name == sku).map(|(_, price)| *price)
}
