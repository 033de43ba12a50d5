//! The Redshift Data API: statements that run asynchronously, with their results kept for a day.

mod describe;
mod error_log;
mod load;
mod manifest;
mod network;
mod reader;
mod request;
mod results;
mod rows;
mod run;
mod service;
mod statements;
mod unload;

pub(super) use service::RedshiftData;
