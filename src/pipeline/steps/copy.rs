//! Loads files of S3 into a table of Redshift, as one transaction: readers see the old rows or the new ones.

use async_trait::async_trait;
use serde::Deserialize;

use crate::kinds::base::{Entry, Finding, Permission, Reference, Template};
use crate::kinds::template_references;
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, RightsCx, StepCx, Tally, warehouse};
use crate::sql::literal;

/// `copy = { table, from, role, format, mode, keys }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Copy {
    /// The table.
    pub table: String,
    /// The prefix of the files: `s3://…`.
    pub from: Template,
    /// The table `[role.NAME]` that the cluster reads with.
    pub role: String,
    /// How the files are written.
    #[serde(default)]
    pub format: Format,
    /// What becomes of the rows that are there.
    #[serde(default)]
    pub mode: Mode,
    /// The columns by which `merge` knows a row again.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// How files are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// CSV with a header.
    #[default]
    Csv,
    /// Parquet.
    Parquet,
}

/// What becomes of the rows that are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// They go.
    #[default]
    Replace,
    /// Those with the same keys go.
    Merge,
    /// They stay; running the step twice loads the files twice.
    Append,
}

impl Copy {
    pub(in crate::pipeline) fn statements(&self, from: &str, role: &str) -> Vec<String> {
        let format = match self.format {
            Format::Csv => "FORMAT CSV IGNOREHEADER 1 TIMEFORMAT 'auto'",
            Format::Parquet => "FORMAT AS PARQUET",
        };
        let table = &self.table;
        let copy = |into: &str| format!("COPY {into} FROM {} IAM_ROLE {} {format}", literal(from), literal(role));
        match self.mode {
            Mode::Append => vec![copy(table)],
            // TRUNCATE would commit at once.
            Mode::Replace => vec![format!("DELETE FROM {table}"), copy(table)],
            Mode::Merge => {
                let same: Vec<String> = self.keys.iter().map(|key| format!("{table}.{key} = staged.{key}")).collect();
                vec![
                    format!("CREATE TEMP TABLE staged (LIKE {table})"),
                    copy("staged"),
                    format!("DELETE FROM {table} USING staged WHERE {}", same.join(" AND ")),
                    format!("INSERT INTO {table} SELECT * FROM staged"),
                    "DROP TABLE staged".to_owned(),
                ]
            }
        }
    }
}

#[async_trait]
impl Step for Copy {
    fn reads(&self) -> Vec<Dataset> {
        vec![]
    }

    fn writes(&self) -> Vec<Dataset> {
        vec![Dataset::WAREHOUSE]
    }

    fn references(&self) -> Vec<Reference> {
        let role = Reference::new("role", "role", &self.role);
        template_references("from", &self.from).into_iter().chain([role]).collect()
    }

    fn check(&self, _entry: Entry<'_>) -> Vec<Finding> {
        match (self.mode, self.keys.is_empty()) {
            (Mode::Merge, true) => {
                let finding = Finding::error("keys", "`merge` must know by which columns a row is the same");
                vec![finding.hint("such as `keys = [\"load_id\", \"line_number\"]`")]
            }
            (Mode::Replace | Mode::Append, false) => vec![Finding::error("keys", "only `mode = \"merge\"` uses keys")],
            _ => vec![],
        }
    }

    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission> {
        cx.warehouse()
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        let (from, role) = (cx.render(&self.from)?, cx.output("role", &self.role, "arn")?);
        warehouse(cx.cx, cx.pipeline)?.transaction(&self.statements(&from, &role)).await?;
        Ok(Tally::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_is_staged_and_quotes_what_it_is_given() {
        let copy = Copy {
            table: "sales".into(),
            from: "s3://b/it's/".into(),
            role: "redshift".into(),
            format: Format::Parquet,
            mode: Mode::Merge,
            keys: vec!["load_id".into(), "line_number".into()],
        };
        let statements = copy.statements("s3://b/it's/", "arn:aws:iam::1:role/r");
        assert_eq!(
            statements[1],
            "COPY staged FROM 's3://b/it''s/' IAM_ROLE 'arn:aws:iam::1:role/r' FORMAT AS PARQUET"
        );
        assert!(statements[2].ends_with("sales.load_id = staged.load_id AND sales.line_number = staged.line_number"));
    }
}
