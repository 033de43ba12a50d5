//! A short fingerprint of what was declared.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The value of the tag `stack:spec`: `v1:` and sixteen hex digits over the canonical declared fields.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpecHash(pub String);

impl SpecHash {
    /// Hashes the declared fields. Fields must be in a fixed order, so maps must be `BTreeMap`s.
    pub fn of(spec: &impl Serialize) -> Self {
        let canonical = serde_json::to_vec(spec).expect("a spec has only string keys and finite numbers");
        Self(format!("v1:{}", fingerprint(&canonical)))
    }

    /// Returns the mark of what was adopted as it was, while the file says something else.
    pub fn adopted() -> Self {
        Self("v1:adopted".into())
    }
}

/// Returns the first sixteen hex digits of the SHA-256 of `bytes`.
pub fn fingerprint(bytes: &[u8]) -> String {
    let mut digits = hex::encode(Sha256::digest(bytes));
    digits.truncate(16);
    digits
}
