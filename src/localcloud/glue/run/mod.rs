//! One run of a job: the unchanged script on local Spark, with its logs in CloudWatch.

mod arguments;
mod attempt;
mod files;
mod launch;
mod library;
mod task;

pub(super) use task::{LOG_GROUP, run};
