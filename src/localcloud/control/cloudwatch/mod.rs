//! CloudWatch: dashboards, and metrics that somebody put.

mod dashboards;
mod metrics;
mod service;
mod state;

pub(super) use service::CloudWatch;
