//! Reads the logs of what a stack runs: functions and jobs and crawlers from CloudWatch, database servers from RDS.
//!
//! It only reads: nothing is created, and a log that does not exist yet is an empty one.

mod cloudwatch;
mod error;
mod failure;
mod frames;
mod grep;
mod line;
mod matter;
mod reader;
mod rights;
mod server_log;
mod servers;
mod since;
mod source;

pub use error::LogsError;
pub use failure::{Failed, failure};
pub use grep::Grep;
pub use line::Line;
pub use matter::what_matters;
pub use reader::Reader;
pub use rights::permissions;
pub use since::Since;
pub use source::{Source, Writer, sources};
