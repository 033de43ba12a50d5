//! TOML text to a checked `Stack`. The only room with TOML; it keeps the document, so that every key path has a place.
//!
//! All errors are collected: a person sees every mistake of a file at once.

mod document;
mod find;
mod load;
mod parse;
mod stack;
mod suggest;

pub use document::Document;
pub use find::find;
pub use load::load;
pub use stack::Stack;
