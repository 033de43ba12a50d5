//! Suggests values for what a load needs: parameters of a MySQL server from its memory and the size of the file, each
//! with its reason.

mod data;
mod mysql;

pub use data::data_bytes;
pub use mysql::{Server, Suggestion, advise};
