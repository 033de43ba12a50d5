//! The Resource Groups Tagging API: every service is asked for its tags when somebody wants to know; none are kept here.

mod filters;
mod service;

pub(in super::super) use service::Tagging;
