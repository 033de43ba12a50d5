//! Polling with a limit, backoff and jitter. No other room sleeps.

mod backoff;
mod poll;

pub use backoff::Backoff;
pub use poll::{Probe, WaitError, until};
