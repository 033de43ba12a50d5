//! The figures of one hop.

use std::collections::BTreeMap;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::pipeline::table::{Column, ColumnType, PipelineTable};
use crate::sql::Row;

/// How many different values a column has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distinct {
    /// What they are called.
    pub what: String,
    /// How many.
    pub count: u64,
}

/// The content of one hop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Rows.
    pub rows: u64,
    /// The sum of the products of the two `total` columns, exact.
    pub total: Decimal,
    /// The exact sum of each column with numbers.
    pub sums: BTreeMap<String, Decimal>,
    /// The fingerprint of each column, and of the row as `*`.
    pub fingerprints: BTreeMap<String, Decimal>,
    /// How many different values the counted columns have.
    pub distinct: Vec<Distinct>,
}

/// The columns of which sums are taken.
pub(super) fn summed(pipeline: &PipelineTable) -> impl Iterator<Item = &Column> {
    pipeline.columns.iter().filter(|column| matches!(column.r#type, ColumnType::Integer | ColumnType::Decimal))
}

impl Profile {
    /// Reads the one row that a profile query returns: rows, total, sums, fingerprints, row fingerprint, distinct.
    ///
    /// Returns `None` if the row is not of that form.
    pub fn from_row(pipeline: &PipelineTable, row: &Row) -> Option<Self> {
        let mut values = row.iter();
        let mut number = || match values.next()? {
            // The sum of no rows is NULL.
            None => Some(Decimal::ZERO),
            Some(text) => Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).ok(),
        };
        let rows = u64::try_from(number()?).ok()?;
        let total = number()?.normalize();
        let mut sums = BTreeMap::new();
        for column in summed(pipeline) {
            sums.insert(column.name.clone(), number()?.normalize());
        }
        let mut fingerprints = BTreeMap::new();
        for column in &pipeline.columns {
            fingerprints.insert(column.name.clone(), number()?.normalize());
        }
        fingerprints.insert("*".into(), number()?.normalize());
        let mut distinct = vec![];
        for column in &pipeline.columns {
            if let Some(what) = &column.distinct {
                distinct.push(Distinct { what: what.clone(), count: u64::try_from(number()?).ok()? });
            }
        }
        Some(Self { rows, total, sums, fingerprints, distinct })
    }
}
