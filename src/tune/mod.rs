//! Suggests values for what a load needs: parameters of a MySQL server from its memory and the size of the file, and
//! the memory of the loader from trials; each with its reason.

mod data;
mod error;
mod lambda;
mod mysql;
mod report;
mod rights;

pub use data::{data_bytes, unzipped};
pub use error::TuneError;
pub use lambda::{Figures, Measured, Trial, best};
pub use mysql::{Server, Suggestion, advise};
pub use rights::permissions;
