//! How a thing is known to be ours: tags, deterministic names and the spec hash. There is no state file.

mod hash;
mod index;
mod lease;
mod tags;

pub use hash::{SpecHash, fingerprint};
pub use index::TagIndex;
pub use lease::{Holder, Lease, LeaseError};
pub use tags::{Owner, Tags};
