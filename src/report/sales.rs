//! The questions that the data were collected for: revenue by month and quarter, best products by season.

use serde::Serialize;

use crate::sql::{Redshift, Row, SqlError};

/// How many products a season shows.
const BEST: u8 = 3;

/// Revenue of a period.
#[derive(Debug, Clone, Serialize)]
pub struct Period {
    /// The year; empty where all years are together.
    pub year: String,
    /// The month, quarter or season.
    pub name: String,
    /// Exact revenue, as the warehouse writes it.
    pub revenue: String,
    /// Rows.
    pub rows: u64,
}

/// A product that sold well.
#[derive(Debug, Clone, Serialize)]
pub struct Best {
    /// The season.
    pub season: String,
    /// The product.
    pub product: String,
    /// Pieces sold, returns taken off.
    pub quantity: String,
    /// Exact revenue.
    pub revenue: String,
}

/// The summary.
#[derive(Debug, Clone, Serialize)]
pub struct Sales {
    /// By month, in order.
    pub months: Vec<Period>,
    /// By quarter, in order.
    pub quarters: Vec<Period>,
    /// By season, all years together.
    pub seasons: Vec<Period>,
    /// The products that sold most, by season.
    pub best: Vec<Best>,
}

/// Asks the warehouse.
///
/// # Errors
/// If a query fails.
pub async fn sales(warehouse: &Redshift, table: &str) -> Result<Sales, SqlError> {
    let months = format!(
        "SELECT year, month_name, SUM(revenue), COUNT(*) FROM {table} GROUP BY year, month, month_name ORDER BY year, month"
    );
    let quarters = format!(
        "SELECT year, quarter, SUM(revenue), COUNT(*) FROM {table} GROUP BY year, quarter ORDER BY year, quarter"
    );
    let order = "CASE season WHEN 'Winter' THEN 1 WHEN 'Spring' THEN 2 WHEN 'Summer' THEN 3 ELSE 4 END";
    let seasons = format!("SELECT '', season, SUM(revenue), COUNT(*) FROM {table} GROUP BY season ORDER BY {order}");
    let best_products = format!(
        "SELECT season, product, quantity, revenue FROM (\
         SELECT season, product, SUM(quantity) AS quantity, SUM(revenue) AS revenue, \
         ROW_NUMBER() OVER (PARTITION BY season ORDER BY SUM(quantity) DESC, product) AS place \
         FROM {table} WHERE product IS NOT NULL GROUP BY season, product) AS ranked WHERE place <= {BEST} \
         ORDER BY {order}, place"
    );
    Ok(Sales {
        months: warehouse.query(&months).await?.into_iter().map(|row| period(row, "")).collect(),
        quarters: warehouse.query(&quarters).await?.into_iter().map(|row| period(row, "Q")).collect(),
        seasons: warehouse.query(&seasons).await?.into_iter().map(|row| period(row, "")).collect(),
        best: warehouse.query(&best_products).await?.into_iter().map(best).collect(),
    })
}

fn period(row: Row, prefix: &str) -> Period {
    let mut values = row.into_iter().map(Option::unwrap_or_default);
    let mut next = || values.next().unwrap_or_default();
    Period {
        year: next(),
        name: format!("{prefix}{}", next()),
        revenue: next(),
        rows: next().parse().unwrap_or_default(),
    }
}

fn best(row: Row) -> Best {
    let mut values = row.into_iter().map(Option::unwrap_or_default);
    let mut next = || values.next().unwrap_or_default();
    Best { season: next(), product: next(), quantity: next(), revenue: next() }
}
