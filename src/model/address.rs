//! The name of a resource inside one stack.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind and a logical name, written `mysql.sales`. It is the value of the tag `stack:id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address {
    /// The kind's name, such as `mysql`.
    pub kind: String,
    /// The logical name, such as `sales`.
    pub name: String,
}

impl Address {
    /// Joins a kind and a logical name.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), name: name.into() }
    }

    /// Reads `kind.name`; the name may hold further dots.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once('.')?;
        (!kind.is_empty() && !name.is_empty()).then(|| Self::new(kind, name))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.name)
    }
}
