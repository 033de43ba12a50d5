//! The names by which AWS knows what the steps work with, read from the tables of the stack file.

use crate::kinds::base::{Entry, Known, Meta, Table, Template};
use crate::kinds::bucket::Bucket;
use crate::kinds::glue::crawler::Crawler;
use crate::kinds::glue::database::Database;
use crate::kinds::glue::job::Job;
use crate::kinds::mysql::Mysql;
use crate::kinds::redshift::Redshift;
use crate::kinds::workgroup::Workgroup;
use crate::pipeline::PipelineTable;

/// The stack file, asked for names.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) entry: Entry<'a>,
    pub(super) pipeline: &'a PipelineTable,
}

impl Names<'_> {
    /// Reads a name; a checked file refers to nothing that is not there.
    fn of<T: Table>(&self, name: &str, read: impl Fn(&T::Spec) -> &String) -> String {
        self.entry.all.get::<T>(name).map(|table| read(table).clone()).unwrap_or_default()
    }

    pub(super) fn crawler(&self, name: &str) -> String {
        self.of::<Crawler>(name, |table| &table.name)
    }

    pub(super) fn job(&self, name: &str) -> String {
        self.of::<Job>(name, |table| &table.name)
    }

    pub(super) fn workgroup(&self) -> String {
        self.of::<Workgroup>(&self.pipeline.staging.workgroup, |table| &table.name)
    }

    pub(super) fn staging_database(&self) -> String {
        self.of::<Database>(&self.pipeline.staging.database, |table| &table.name)
    }

    pub(super) fn instance(&self) -> String {
        self.of::<Mysql>(&self.pipeline.mysql.server, |table| &table.identifier)
    }

    pub(super) fn cluster(&self) -> String {
        self.of::<Redshift>(&self.pipeline.warehouse.cluster, |table| &table.identifier)
    }

    pub(super) fn warehouse_database(&self) -> String {
        self.of::<Redshift>(&self.pipeline.warehouse.cluster, |table| &table.database)
    }

    /// Returns the names of all buckets.
    pub(super) fn buckets(&self) -> Vec<String> {
        self.entry.all.all::<Bucket>().map(|(_, bucket)| bucket.name.clone()).collect()
    }

    /// Returns the bucket that the answers of queries go to.
    pub(super) fn results_bucket(&self) -> Option<String> {
        let group = self.entry.all.get::<Workgroup>(&self.pipeline.staging.workgroup)?;
        let named = group.results.needs().into_iter().find(|address| address.kind == <Bucket as Table>::NAME);
        if let Some(address) = named {
            return Some(self.of::<Bucket>(&address.name, |bucket| &bucket.name));
        }
        let place = group.results.render(&Known::new(Meta::default()))?;
        Some(place.strip_prefix("s3://")?.split('/').next()?.to_owned())
    }
}

/// Returns a text that stands for an output of a resource.
pub(super) fn output(kind: &str, name: &str, output: &str) -> String {
    format!("${{{kind}.{name}.{output}}}")
}

/// Returns a text as one with outputs in it.
pub(super) fn template(text: String) -> Result<Template, crate::kinds::base::KindError> {
    Template::try_from(text).map_err(crate::kinds::base::KindError::Broken)
}
