//! Glue: the data catalog, crawlers that crawl, and jobs that run on local Spark.

mod bookmarks;
mod classifiers;
mod connections;
mod crawl;
mod crawlers;
mod databases;
mod jobs;
mod partitions;
mod refused;
mod run;
mod runs;
mod service;
mod tables;
mod tags;

pub(super) use service::GlueService;
