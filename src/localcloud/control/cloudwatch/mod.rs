//! CloudWatch: dashboards, and metrics that somebody put.

mod dashboards;
mod metrics;
mod service;
mod speech;
mod state;

pub(super) use service::CloudWatch;
