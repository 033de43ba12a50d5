//! Step Functions: state machines of the standard type, and an interpreter of the Amazon States Language with JSONPath.

mod asl;
mod executions;
mod history;
mod machines;
mod refused;
mod service;
mod tasks;
mod walk;

pub(super) use service::StatesService;
