//! TOML text to a checked `Stack`. The only room with TOML; it keeps the document, so that every key path has a place.
//!
//! All errors are collected: a person sees every mistake of a file at once.

mod bucket_name;
mod document;
mod find;
mod fix;
mod load;
mod moved;
mod options;
mod parse;
mod splice;
mod stack;
mod suggest;
mod twice;
mod write;

pub use document::Document;
pub use find::find;
pub use fix::{Left, Repaired, repair};
pub use load::load;
pub use moved::{Moved, TableAddress};
pub use options::Options;
pub use splice::Change;
pub use stack::{Stack, is_region};
pub use write::write;
