//! CloudWatch Logs: groups and streams in the state, events in one append-only file a stream.

mod events;
mod files;
mod groups;
mod pattern;
mod service;
mod state;
mod streams;

pub(super) use service::Logs;
