//! Faults on purpose, and the journal of calls: what a test sets before, and what it looks at afterwards.
//!
//! A fault strikes calls of customers only. What the parts of the local cloud ask each other is neither struck nor in
//! the journal, as AWS's own traffic is not a customer's either.

mod book;
mod door;
mod fate;
mod fault;
mod journal;
mod names;
mod propagation;
mod request;
mod rest;
mod words;

pub use book::{Faults, Standing};
pub use fate::Fate;
pub use fault::{Effect, Fault};
pub use journal::{CallRecord, Calls};

pub(super) use book::{Strike, Verdict};
pub(super) use door::own_path;
pub(super) use names::operation;
pub(super) use request::Asked;
pub(super) use words::{Words, engines_off};
