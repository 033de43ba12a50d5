//! How a thing is known to be ours: tags, deterministic names and the spec hash. There is no state file.

mod hash;
mod tags;

pub use hash::{SpecHash, fingerprint};
pub use tags::{Owner, Tags};
