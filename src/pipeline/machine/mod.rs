//! The nightly run: the steps of the pipeline as a Step Functions state machine, and the schedule that starts it. It
//! needs no computer of the person's own.

mod crawl;
mod definition;
mod hops;
mod names;
mod resources;
mod rights;
mod servers;
mod states;
#[cfg(test)]
mod tests;

pub(super) use resources::{check, expand};
