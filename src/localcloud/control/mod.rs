//! The control plane services that have no engine behind them: EC2 networks, IAM, STS, CloudWatch and its logs,
//! and the tags of all services.
//!
//! They are our own because a reconciler lives on what an emulator leaves out: ids that name nothing are refused,
//! things in use cannot be deleted, filters and pages work, and documents come back as they were put.

mod cloudwatch;
mod ec2;
mod glob;
mod iam;
mod logs;
mod names;
mod query;
mod refusal;
mod saved;
mod services;
mod speech;
mod sts;
mod table;
mod tagging;

pub(super) use services::open;
pub(super) use tagging::Tagging;
