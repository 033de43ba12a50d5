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

/// Returns what an invocation of a function costs in US dollars, the request itself among it.
///
/// Source: AWS Lambda list prices of us-east-1 and us-east-2 (first tier), compiled 2026-11-22; whether an account still
/// has its free share is not known, so it is not taken off.
pub fn lambda_usd(architecture: &str, memory_mib: i32, billed_seconds: f64) -> f64 {
    const USD_PER_REQUEST: f64 = 0.20 / 1_000_000.0;
    let usd_per_gib_second = if architecture == "arm64" { 0.000_013_333_4 } else { 0.000_016_666_7 };
    f64::from(memory_mib) / 1_024.0 * billed_seconds * usd_per_gib_second + USD_PER_REQUEST
}
