//! Calls of any operation of AWS by the names that EventBridge Scheduler and Step Functions give them, made through the
//! local cloud's own endpoint.

mod call;
mod rights;
mod services;
mod wire;
mod xml;

pub(super) use call::{Failed, call};
pub(super) use rights::may;
pub(super) use services::{Remote, find};
