//! Glue: catalog databases, connections, classifiers, crawlers and Spark jobs.

pub mod classifier;
pub mod connection;
pub mod crawler;
pub mod database;
mod glue_tags;
pub mod job;

pub use classifier::Classifier;
pub use connection::Connection;
pub use crawler::Crawler;
pub use database::Database;
pub use job::Job;
