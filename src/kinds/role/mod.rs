//! `[role.NAME]`: an IAM role that one AWS service assumes.

mod calls;
mod kind;
mod table;

pub use kind::Role;
pub use table::{RoleTable, Service, Spec};
