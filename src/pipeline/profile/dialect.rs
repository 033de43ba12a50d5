//! The profile query in the words of each database. All three must give the same figures for the same content.

use super::figures::summed;
use crate::pipeline::table::{Column, ColumnType, PipelineTable};

/// A database's own spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// MySQL and MariaDB.
    Mysql,
    /// Athena (Trino), where a staging column is text in CSV and has its type in Parquet.
    Athena,
    /// Redshift.
    Redshift,
}

impl Dialect {
    /// Returns the query that measures `table`, with one row as [`super::Profile::from_row`] reads it.
    pub(super) fn query(self, pipeline: &PipelineTable, table: &str, condition: &str) -> String {
        let product = pipeline.total.iter().filter_map(|name| pipeline.columns.iter().find(|one| one.name == *name));
        let product: Vec<String> = product.map(|column| self.number(column)).collect();
        let mut figures = vec!["COUNT(*)".to_owned(), format!("SUM({})", product.join(" * "))];
        figures.extend(summed(pipeline).map(|column| format!("SUM({})", self.number(column))));
        figures.extend(pipeline.columns.iter().map(|column| self.hash(&self.text(column))));
        let texts: Vec<String> = pipeline.columns.iter().map(|column| self.text(column)).collect();
        figures.push(self.hash(&self.joined(&texts)));
        let counted = pipeline.columns.iter().filter(|column| column.distinct.is_some());
        figures.extend(counted.map(|column| self.distinct(column)));
        format!("SELECT {} FROM {table}{condition}", figures.join(", "))
    }

    fn name(self, column: &Column) -> String {
        match self {
            Self::Mysql => format!("`{}`", column.name),
            Self::Athena => column.name.to_lowercase(),
            Self::Redshift => column.warehouse.clone(),
        }
    }

    /// Returns the text of a value, '' for NULL: numbers plain, decimals with four places, dates as ISO 8601.
    fn text(self, column: &Column) -> String {
        let name = self.name(column);
        let text = match (self, column.r#type) {
            (_, ColumnType::Text) => name,
            (Self::Athena, ColumnType::Integer | ColumnType::Decimal) => format!("CAST({name} AS VARCHAR)"),
            // The text of a timestamp goes on with its fractions, and has a `T` in it where Athena is the local cloud's.
            (Self::Athena, ColumnType::Timestamp) => {
                format!("REPLACE(SUBSTR(CAST({name} AS VARCHAR), 1, 19), 'T', ' ')")
            }
            (Self::Mysql, ColumnType::Integer | ColumnType::Decimal) => format!("CAST({name} AS CHAR)"),
            (Self::Mysql, ColumnType::Timestamp) => format!("DATE_FORMAT({name}, '%Y-%m-%d %H:%i:%s')"),
            (Self::Redshift, ColumnType::Integer | ColumnType::Decimal) => format!("CAST({name} AS VARCHAR)"),
            (Self::Redshift, ColumnType::Timestamp) => format!("TO_CHAR({name}, 'YYYY-MM-DD HH24:MI:SS')"),
        };
        format!("COALESCE({text}, '')")
    }

    fn number(self, column: &Column) -> String {
        let name = self.name(column);
        match (self, column.r#type) {
            (Self::Athena, ColumnType::Integer) => format!("CAST(NULLIF(CAST({name} AS VARCHAR), '') AS BIGINT)"),
            (Self::Athena, _) => format!("CAST(NULLIF(CAST({name} AS VARCHAR), '') AS DECIMAL(18,4))"),
            (_, ColumnType::Integer) => format!("CAST({name} AS DECIMAL(18,0))"),
            _ => name,
        }
    }

    fn distinct(self, column: &Column) -> String {
        let name = self.name(column);
        // CSV has no NULL: what is empty there is none of the values.
        let value = if self == Self::Athena { format!("NULLIF(CAST({name} AS VARCHAR), '')") } else { name };
        format!("COUNT(DISTINCT {value})")
    }

    fn hash(self, text: &str) -> String {
        match self {
            Self::Mysql => format!("SUM(CAST(CONV(LEFT(MD5({text}), 8), 16, 10) AS UNSIGNED))"),
            Self::Athena => format!("SUM(from_base(substr(to_hex(md5(to_utf8({text}))), 1, 8), 16))"),
            Self::Redshift => format!("SUM(STRTOL(SUBSTRING(MD5({text}), 1, 8), 16))"),
        }
    }

    fn joined(self, texts: &[String]) -> String {
        match self {
            Self::Mysql => format!("CONCAT_WS('|', {})", texts.join(", ")),
            Self::Athena | Self::Redshift => texts.join(" || '|' || "),
        }
    }
}
