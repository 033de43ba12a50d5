//! The table `[pipeline]`: what the data look like, where each hop is, and the steps.

use serde::Deserialize;

use super::step::{Dataset, Step};
use super::steps::{Check, Crawl, Job, UploadStep, WaitForLoad};
use crate::kinds::base::{Entry, Finding, KindError, Reference, Resource, Table};

/// The table `[pipeline]`.
pub struct Pipeline;

/// Its keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineTable {
    /// The encoding of the file.
    pub encoding: Encoding,
    /// How dates are written, in the words of `strftime`.
    pub date_format: String,
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

/// A step: its name and exactly one of the other keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepTable {
    /// What it is called on the screen.
    pub name: String,
    upload: Option<UploadStep>,
    load: Option<WaitForLoad>,
    crawl: Option<Crawl>,
    job: Option<Job>,
    check: Option<Check>,
}

impl StepTable {
    fn all(&self) -> Vec<&dyn Step> {
        let mut steps: Vec<&dyn Step> = vec![];
        steps.extend(self.upload.iter().map(|step| step as &dyn Step));
        steps.extend(self.load.iter().map(|step| step as &dyn Step));
        steps.extend(self.crawl.iter().map(|step| step as &dyn Step));
        steps.extend(self.job.iter().map(|step| step as &dyn Step));
        steps.extend(self.check.iter().map(|step| step as &dyn Step));
        steps
    }

    /// Returns what is to be done; a loaded pipeline has exactly one in each step.
    pub fn step(&self) -> Option<&dyn Step> {
        self.all().into_iter().next()
    }

    fn references(&self) -> Vec<Reference> {
        let upload = self.upload.iter().map(|step| Reference::new("upload.bucket", "bucket", &step.bucket));
        let load = self.load.iter().map(|step| Reference::new("load.function", "lambda", &step.function));
        let crawl = self.crawl.iter().map(|step| Reference::new("crawl.crawler", "crawler", &step.crawler));
        let job = self.job.iter().map(|step| Reference::new("job.job", "job", &step.job));
        upload.chain(load).chain(crawl).chain(job).collect()
    }
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
        for (position, step) in spec.step.iter().enumerate() {
            let deeper = |one: Reference| Reference { at: format!("step.{position}.{}", one.at), ..one };
            references.extend(step.references().into_iter().map(deeper));
        }
        references
    }

    fn check(&self, spec: &PipelineTable, _entry: Entry<'_>) -> Vec<Finding> {
        let mut findings = vec![];
        for (position, step) in spec.step.iter().enumerate() {
            let count = step.all().len();
            if count != 1 {
                let message = format!("step `{}` says {count} things to do, it must say one", step.name);
                let finding = Finding::error(format!("step.{position}.name"), message);
                findings.push(finding.hint("one of `upload`, `load`, `crawl`, `job` and `check`"));
            }
            if spec.step.iter().take(position).any(|other| other.name == step.name) {
                let message = format!("two steps are called `{}`", step.name);
                findings.push(Finding::error(format!("step.{position}.name"), message));
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
        findings
    }

    fn expand(&self, _spec: &PipelineTable, _entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        Ok(vec![])
    }
}

impl PipelineTable {
    /// Returns the steps in the order of what they read and write; where that leaves a choice, in that of the file.
    pub fn ordered(&self) -> Vec<&StepTable> {
        let mut left: Vec<&StepTable> = self.step.iter().collect();
        let mut ordered: Vec<&StepTable> = vec![];
        while !left.is_empty() {
            let writes =
                |step: &StepTable, dataset: &Dataset| step.step().is_some_and(|step| step.writes().contains(dataset));
            let waits = |step: &StepTable| {
                let reads = step.step().map(|step| step.reads().to_vec()).unwrap_or_default();
                let others = left.iter().filter(|other| other.name != step.name);
                others.clone().any(|other| reads.iter().any(|dataset| writes(other, dataset)))
            };
            // A circle cannot be ordered; the file's own order is then as good as any.
            let next = left.iter().position(|step| !waits(step)).unwrap_or(0);
            ordered.push(left.remove(next));
        }
        ordered
    }
}
