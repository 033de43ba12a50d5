//! The table `[crawler.NAME]`.

use serde::Deserialize;

use super::crawler::{Crawler, Spec};
use super::{Classifier, Connection, Database};
use crate::kinds::base::{Entry, Finding, Kind, KindError, Reference, Resource, Table, Template};
use crate::kinds::{role, template_references};
use crate::model::Address;

/// The keys of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrawlerTable {
    /// Its name.
    pub name: String,
    /// The role it runs as.
    pub role: String,
    /// The catalog database that it fills.
    pub database: String,
    /// What it reads.
    pub source: Source,
    /// Classifiers that are asked before Glue's own.
    #[serde(default)]
    pub classifiers: Vec<String>,
    /// What the names of its tables begin with.
    #[serde(default)]
    pub table_prefix: String,
    /// When it runs by itself, such as `cron(0 3 * * ? *)`, in UTC; left out, it runs on demand only.
    pub schedule: Option<String>,
}

/// What a crawler reads.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The connection; a JDBC path needs one.
    pub connection: Option<String>,
    /// `database/table` or `database/schema/%` through a JDBC connection, or `s3://bucket/folder/`.
    pub path: Template,
}

impl Table for Crawler {
    const NAME: &'static str = "crawler";
    type Spec = CrawlerTable;

    fn references(&self, spec: &CrawlerTable) -> Vec<Reference> {
        let mut references = vec![
            Reference::new("role", <role::Role as Table>::NAME, &spec.role),
            Reference::new("database", <Database as Table>::NAME, &spec.database),
        ];
        if let Some(connection) = &spec.source.connection {
            references.push(Reference::new("source.connection", <Connection as Table>::NAME, connection));
        }
        for (position, classifier) in spec.classifiers.iter().enumerate() {
            references.push(Reference::new(format!("classifiers.{position}"), <Classifier as Table>::NAME, classifier));
        }
        references.extend(template_references("source.path", &spec.source.path));
        references
    }

    fn check(&self, spec: &CrawlerTable, entry: Entry<'_>) -> Vec<Finding> {
        let path = spec.source.path.as_str();
        if spec.schedule.as_ref().is_some_and(|text| !(text.starts_with("cron(") && text.ends_with(')'))) {
            return vec![Finding::error("schedule", "not a schedule of Glue").hint("such as `cron(0 3 * * ? *)`")];
        }
        if path.starts_with("s3://") {
            return vec![];
        }
        let connection = spec.source.connection.as_ref().and_then(|name| entry.all.get::<Connection>(name));
        if spec.source.connection.is_some() && connection.is_none() {
            // The reference itself is wrong, which is said elsewhere.
            return vec![];
        }
        let is_jdbc = connection.is_some_and(|connection| connection.mysql.is_some() || connection.redshift.is_some());
        if !is_jdbc {
            let finding = Finding::error("source.path", "this path needs a connection to MySQL or Redshift");
            return vec![finding.hint("add `connection`, or write `s3://bucket/folder/`")];
        }
        let parts = path.split('/').count();
        let wanted = if connection.is_some_and(|connection| connection.mysql.is_some()) { 2 } else { 3 };
        let form = if wanted == 2 { "`database/table` or `database/%`" } else { "`database/schema/%`" };
        let finding = Finding::error("source.path", format!("the path must be {form}"));
        if parts == wanted { vec![] } else { vec![finding] }
    }

    fn unique_name(&self, spec: &CrawlerTable) -> Option<String> {
        Some(spec.name.clone())
    }

    fn expand(&self, spec: &CrawlerTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        let classifiers = spec.classifiers.iter().map(|name| Address::new(<Classifier as Kind>::NAME, name));
        let crawler = Spec {
            name: spec.name.clone(),
            role: Address::new(<role::Role as Kind>::NAME, &spec.role),
            database: Address::new(<Database as Kind>::NAME, &spec.database),
            connection: spec.source.connection.as_ref().map(|name| Address::new(<Connection as Kind>::NAME, name)),
            path: spec.source.path.clone(),
            classifiers: classifiers.collect(),
            table_prefix: spec.table_prefix.clone(),
            schedule: spec.schedule.clone(),
        };
        Ok(vec![Resource::new(&Crawler, entry.name, entry.origin.clone(), crawler)])
    }
}
