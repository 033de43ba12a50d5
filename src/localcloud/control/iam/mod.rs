//! IAM: roles with their policies, and the managed policies of AWS by name.
//!
//! Nothing is enforced: every caller may do everything. What is kept is what a reconciler reads and writes, with the
//! order of deletion and the conflicts that AWS has.

mod attachments;
mod details;
mod documents;
mod managed;
mod policies;
mod roles;
mod service;
mod simulate;
mod state;

pub(super) use service::Iam;
