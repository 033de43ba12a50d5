//! All integration tests, one binary, a module per behaviour.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

mod architecture;
#[cfg(feature = "local")]
mod billing_cloud;
#[cfg(feature = "local")]
mod cost;
mod docs;
#[cfg(feature = "local")]
mod drift;
#[cfg(feature = "local")]
mod edit;
#[cfg(feature = "local")]
mod guards;
mod help;
#[cfg(feature = "local")]
mod judge;
#[cfg(feature = "local")]
mod local_faults;
#[cfg(feature = "local")]
mod local_operations;
#[cfg(feature = "local")]
mod logs;
#[cfg(feature = "local")]
mod models;
#[cfg(feature = "local")]
mod money;
#[cfg(feature = "local")]
mod moto;
#[cfg(feature = "local")]
mod pipeline;
#[cfg(feature = "local")]
mod properties;
#[cfg(feature = "local")]
mod remind;
mod retired;
#[cfg(feature = "local")]
mod schedule;
mod spec_errors;
mod support;
#[cfg(feature = "local")]
mod team;
mod tune;
#[cfg(feature = "local")]
mod two_runs;
#[cfg(feature = "local")]
mod whole_job;
#[cfg(feature = "local")]
mod world;
#[cfg(feature = "local")]
mod wrong_input;
