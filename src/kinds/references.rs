//! Which tables a text with outputs names.

use super::TABLES;
use super::base::{Reference, Template};

/// Returns the tables that `template`, standing at `at`, names. Outputs belong to tables, so `${bucket.in.name}` is
/// checked like `bucket = "in"`.
pub fn template_references(at: &str, template: &Template) -> Vec<Reference> {
    let tables: Vec<&'static str> = TABLES.iter().map(|table| table.name()).collect();
    template.references(at, &tables)
}
