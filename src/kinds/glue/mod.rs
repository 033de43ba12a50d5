//! Glue: catalog databases, connections, classifiers, crawlers and Spark jobs.

pub mod classifier;
pub mod connection;
pub mod crawler;
mod crawler_table;
pub mod database;
mod glue_tags;
pub mod job;
mod job_table;

pub use classifier::Classifier;
pub use connection::Connection;
pub use crawler::Crawler;
pub use crawler_table::{CrawlerTable, Source};
pub use database::Database;
pub use job::Job;
pub use job_table::JobTable;
