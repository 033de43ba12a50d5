//! The table `[pipeline]`: what the data look like, where each hop is, and the steps.

use serde::Deserialize;

use super::machine;
use super::order::{Planned, order};
use super::step_table::{KEYS, StepTable};
use crate::kinds::base::{Entry, Finding, KindError, Reference, Resource, Table};

/// The table `[pipeline]`.
pub struct Pipeline;

/// Its keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineTable {
    /// The encoding of the files; left out, it is told from the file, as are the next four.
    pub encoding: Option<Encoding>,
    /// How dates are written, in the words of `strftime`.
    pub date_format: Option<String>,
    /// What stands between two values: one character.
    pub delimiter: Option<String>,
    /// What stands around a value that holds a delimiter or the end of a line: one character.
    pub quote: Option<String>,
    /// Whether the first line names the columns.
    pub header: Option<bool>,
    /// Two columns whose products are summed: quantity and price.
    pub total: [String; 2],
    /// The columns, in the order of the file.
    pub columns: Vec<Column>,
    /// The first database.
    pub mysql: MysqlHop,
    /// The files between the databases.
    pub staging: StagingHop,
    /// The last database.
    pub warehouse: WarehouseHop,
    /// When the steps that need no computer of the person's own are run: `cron(0 2 * * ? *)`.
    pub schedule: Option<String>,
    /// The time zone of the schedule; UTC if it is left out.
    pub schedule_time_zone: Option<String>,
    /// The steps.
    pub step: Vec<StepTable>,
}

/// How letters are written as bytes. A UTF-8 byte order mark wins over either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// One byte a letter, ISO-8859-1.
    #[serde(rename = "iso-8859-1")]
    Latin1,
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
}

/// One column of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name in the file, in MySQL and in staging.
    pub name: String,
    /// What it holds.
    pub r#type: ColumnType,
    /// Its name in the warehouse.
    pub warehouse: String,
    /// What its different values are called, if they are counted.
    pub distinct: Option<String>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Any text, unchanged.
    Text,
    /// A whole number.
    Integer,
    /// A number with four decimals.
    Decimal,
    /// Date and time without a zone.
    Timestamp,
}

/// The first database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MysqlHop {
    /// The table `[mysql.NAME]`.
    pub server: String,
    /// The table with the rows.
    pub table: String,
    /// The table in which the loader keeps its loads.
    pub load_log: String,
}

/// The files between the databases.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagingHop {
    /// The table `[database.NAME]`.
    pub database: String,
    /// The table that the crawler makes.
    pub table: String,
    /// The table `[workgroup.NAME]`.
    pub workgroup: String,
}

/// The last database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarehouseHop {
    /// The table `[redshift.NAME]`.
    pub cluster: String,
    /// The table with the rows.
    pub table: String,
}

impl Table for Pipeline {
    const NAME: &'static str = "pipeline";
    const SINGLE: bool = true;
    type Spec = PipelineTable;

    fn references(&self, spec: &PipelineTable) -> Vec<Reference> {
        let mut references = vec![
            Reference::new("mysql.server", "mysql", &spec.mysql.server),
            Reference::new("staging.database", "database", &spec.staging.database),
            Reference::new("staging.workgroup", "workgroup", &spec.staging.workgroup),
            Reference::new("warehouse.cluster", "redshift", &spec.warehouse.cluster),
        ];
        for (position, table) in spec.step.iter().enumerate() {
            for (key, step) in table.all() {
                let deeper = |one: Reference| Reference { at: format!("step.{position}.{key}.{}", one.at), ..one };
                references.extend(step.references().into_iter().map(deeper));
            }
        }
        references
    }

    fn check(&self, spec: &PipelineTable, entry: Entry<'_>) -> Vec<Finding> {
        let mut findings = vec![];
        for position in 0..spec.step.len() {
            findings.extend(check_step(spec, position, entry));
        }
        if let Err(names) = order(&spec.step) {
            let finding = Finding::error("step", format!("these steps wait for each other: {}", names.join(", ")));
            findings.push(finding.hint("look at what they read, write and come after"));
        }
        for (key, value) in [("delimiter", &spec.delimiter), ("quote", &spec.quote)] {
            if value.as_ref().is_some_and(|value| value.len() != 1) {
                findings.push(Finding::error(key, "it must be one ASCII character"));
            }
        }
        for (position, name) in spec.total.iter().enumerate() {
            let column = spec.columns.iter().find(|column| column.name == *name);
            let is_number = |column: &&Column| matches!(column.r#type, ColumnType::Integer | ColumnType::Decimal);
            if column.filter(is_number).is_none() {
                let message = format!("`{name}` is not a column with numbers");
                findings.push(Finding::error(format!("total.{position}"), message));
            }
        }
        findings.extend(machine::check(spec, entry));
        findings
    }

    fn expand(&self, spec: &PipelineTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        machine::expand(spec, entry)
    }
}

fn check_step(spec: &PipelineTable, position: usize, entry: Entry<'_>) -> Vec<Finding> {
    let step = &spec.step[position];
    let mut findings = vec![];
    let count = step.all().len();
    if count != 1 {
        let message = format!("step `{}` says {count} things to do, it must say one", step.name);
        findings.push(Finding::error(format!("step.{position}.name"), message).hint(format!("one of {KEYS}")));
    }
    if spec.step.iter().take(position).any(|other| other.name == step.name) {
        let message = format!("two steps are called `{}`", step.name);
        findings.push(Finding::error(format!("step.{position}.name"), message));
    }
    for (at, name) in step.after.iter().enumerate() {
        if !spec.step.iter().any(|other| other.name == *name) {
            let finding = Finding::error(format!("step.{position}.after.{at}"), format!("there is no step `{name}`"));
            findings.push(finding);
        }
    }
    for (key, one) in step.all() {
        let deeper = |found: Finding| {
            let at = if found.at.is_empty() { key.to_owned() } else { format!("{key}.{}", found.at) };
            Finding { at: format!("step.{position}.{at}"), ..found }
        };
        findings.extend(one.check(entry).into_iter().map(deeper));
    }
    findings
}

impl PipelineTable {
    /// Returns the steps in their order; a checked pipeline always has one.
    pub fn ordered(&self) -> Vec<Planned<'_>> {
        order(&self.step).unwrap_or_default()
    }
}
