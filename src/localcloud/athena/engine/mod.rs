//! DataFusion, made to look like Athena: the catalog is Glue's, functions have Trino's names.

mod catalog;
mod columns;
mod failure;
mod files;
mod functions;
mod query;
mod render;
mod table;
mod text;
mod types;

pub(super) use query::{CATALOG, Question, answer};
