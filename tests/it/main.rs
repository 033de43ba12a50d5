//! All integration tests, one binary, a module per behaviour.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

mod architecture;
mod help;
mod spec_errors;
mod support;
#[cfg(feature = "local")]
mod whole_job;
#[cfg(feature = "local")]
mod world;
#[cfg(feature = "local")]
mod wrong_input;
