//! What every kind is made of: the `Kind` and `Table` traits, their erasure, diffs, templates and errors.

mod any;
mod declared;
mod diff;
mod error;
mod found;
mod kind;
mod known;
mod table;
mod template;

pub use any::{AnyFound, AnyKind, Resource};
pub use declared::Declared;
pub use diff::Diff;
pub use error::KindError;
pub use found::{Found, Scope};
pub use kind::{Cx, Kind};
pub use known::{Known, Meta, Outputs};
pub use table::{AnyTable, Entry, Finding, Reference, SpecError, Table};
pub use template::Template;
