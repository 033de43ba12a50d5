//! A table that is checked, in the words of its database.

use crate::pipeline::hop::Hop;
use crate::pipeline::{PipelineError, StepCx};

/// How many of the failing rows are shown.
pub(super) const SAMPLE: usize = 5;

/// A table in the words of its database.
pub(super) struct Table {
    pub(super) hop: Hop,
    pub(super) from: String,
    /// The columns of a sample; none for a table whose columns nobody declared.
    pub(super) shown: Vec<String>,
    pub(super) condition: Option<String>,
}

impl Table {
    /// Returns the pipeline's own table of a hop, or another one, or a part of it.
    ///
    /// # Errors
    /// If the hop does not exist.
    pub(super) fn of(
        cx: &StepCx<'_>,
        hop: Hop,
        other: Option<&str>,
        part: Option<&str>,
    ) -> Result<Self, PipelineError> {
        let pipeline = cx.pipeline;
        let own = other.is_none();
        let table = |name: &str| other.unwrap_or(name).to_owned();
        let (from, names): (String, Vec<String>) = match hop {
            Hop::Mysql => {
                let names = pipeline.columns.iter().map(|column| column.name.clone());
                (format!("`{}`", table(&pipeline.mysql.table)), names.collect())
            }
            Hop::Staging => {
                let database = cx.output("database", &pipeline.staging.database, "name")?;
                let names = pipeline.columns.iter().map(|column| column.name.to_lowercase());
                (format!("\"{database}\".\"{}\"", table(&pipeline.staging.table)), names.collect())
            }
            Hop::Warehouse => {
                let names = pipeline.columns.iter().map(|column| column.warehouse.clone());
                (table(&pipeline.warehouse.table), names.collect())
            }
        };
        let finished = (own && hop == Hop::Mysql)
            .then(|| format!("LoadId IN (SELECT LoadId FROM `{}` WHERE State = 'loaded')", pipeline.mysql.load_log));
        let conditions: Vec<String> = finished.into_iter().chain(part.map(str::to_owned)).collect();
        let condition = conditions.iter().map(|one| format!("({one})")).reduce(|all, one| format!("{all} AND {one}"));
        // Of a table that is not the pipeline's own nobody knows the columns.
        let shown = if own { names } else { vec![] };
        Ok(Self { hop, from, shown, condition })
    }

    /// Returns a column's name.
    pub(super) fn name(&self, column: &str) -> String {
        match self.hop {
            Hop::Mysql => format!("`{column}`"),
            Hop::Staging => format!("\"{}\"", column.to_lowercase()),
            Hop::Warehouse => column.to_owned(),
        }
    }

    /// Returns a value whose emptiness means that there is none: CSV knows no NULL.
    pub(super) fn value(&self, column: &str) -> String {
        match self.hop {
            Hop::Staging => format!("NULLIF({}, '')", self.text(column)),
            Hop::Mysql | Hop::Warehouse => self.name(column),
        }
    }

    /// Returns a value as text.
    pub(super) fn text(&self, column: &str) -> String {
        let name = self.name(column);
        match self.hop {
            Hop::Mysql => format!("CAST({name} AS CHAR)"),
            Hop::Staging | Hop::Warehouse => format!("CAST({name} AS VARCHAR)"),
        }
    }

    /// Returns a value as a number.
    pub(super) fn number(&self, column: &str) -> String {
        match self.hop {
            Hop::Staging => format!("CAST({} AS DECIMAL(38,4))", self.value(column)),
            Hop::Mysql | Hop::Warehouse => self.name(column),
        }
    }

    /// Returns the condition with which rows are taken.
    pub(super) fn filter(&self, condition: Option<&str>) -> String {
        let all = [self.condition.as_deref(), condition].into_iter().flatten().map(|one| format!("({one})"));
        all.reduce(|all, one| format!("{all} AND {one}")).map(|all| format!(" WHERE {all}")).unwrap_or_default()
    }

    /// Returns the query that counts rows.
    pub(super) fn count(&self, condition: Option<&str>) -> String {
        format!("SELECT COUNT(*) FROM {}{}", self.from, self.filter(condition))
    }

    /// Returns the query that shows a few rows.
    pub(super) fn sample(&self, condition: &str) -> String {
        let shown: Vec<String> = self.shown.iter().map(|column| self.name(column)).collect();
        let shown = if shown.is_empty() { "*".to_owned() } else { shown.join(", ") };
        format!("SELECT {shown} FROM {}{} LIMIT {SAMPLE}", self.from, self.filter(Some(condition)))
    }
}
