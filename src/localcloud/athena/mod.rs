//! Athena: queries over the catalog's tables, run by DataFusion on the plain files of the buckets.

mod engine;
mod executions;
mod refused;
mod results;
mod service;
mod task;
mod workgroups;

pub(super) use service::AthenaService;
