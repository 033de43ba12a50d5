//! What every kind is made of: the `Kind` and `Table` traits, their erasure, diffs, templates and errors.

mod any;
mod attribute;
mod declared;
mod diff;
mod error;
mod found;
mod kind;
mod known;
mod permission;
mod shared;
mod table;
mod template;

pub use any::{AnyFound, AnyKind, Resource};
pub use attribute::{Answer, Attribute};
pub use declared::Declared;
pub use diff::Diff;
pub use error::KindError;
pub use found::{Found, One, Scope};
pub use kind::{Cx, Kind};
pub use known::{Known, Meta, Outputs};
pub use permission::Permission;
pub use shared::Shared;
pub use table::{AnyTable, Entry, Finding, Reference, SpecError, Table};
pub use template::Template;
