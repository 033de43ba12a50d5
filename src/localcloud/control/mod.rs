//! The control plane services that have no engine behind them: EC2 networks, IAM, STS, CloudWatch and its logs.
//!
//! They are our own because a reconciler lives on what an emulator leaves out: ids that name nothing are refused,
//! things in use cannot be deleted, filters and pages work, and documents come back as they were put.

mod cloudwatch;
mod ec2;
mod iam;
mod logs;
mod names;
mod query;
mod refusal;
mod saved;
mod services;
mod sts;

pub(super) use services::open;
