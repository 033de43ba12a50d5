//! What crawlers do: look at databases and files, and write down the tables that they find.

mod catalog;
mod csv;
mod folders;
mod found;
mod glob;
pub(super) mod jdbc;
mod mysql;
mod parquet;
mod postgres;
mod s3;
mod task;

pub(super) use task::{Ended, LOG_GROUP, run};
