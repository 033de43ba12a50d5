//! What to write instead of what is wrong.

use serde_json::Value;

use crate::model::KeyPath;

/// What a machine may write in place of a key and its value, because no decision of a person hangs on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replacement {
    /// Another value of the same key.
    Value(Value),
    /// Another key with another value.
    Entry(String, Value),
    /// Nothing; the key goes.
    Nothing,
}

/// A replacement and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The key, from the top of the file.
    pub at: KeyPath,
    /// What to write there.
    pub replacement: Replacement,
}
