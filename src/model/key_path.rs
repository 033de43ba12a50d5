//! A place in the stack file by keys, before it is a line and a column.

use std::fmt;

/// Keys and list positions from the top of the file, such as `crawler`, `rds`, `source`, `path`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct KeyPath(Vec<String>);

impl KeyPath {
    /// Takes keys in order; a list position is its number.
    pub fn new<Key: Into<String>>(keys: impl IntoIterator<Item = Key>) -> Self {
        Self(keys.into_iter().map(Into::into).collect())
    }

    /// Returns the path one key deeper.
    pub fn then(&self, key: impl Into<String>) -> Self {
        let mut keys = self.0.clone();
        keys.push(key.into());
        Self(keys)
    }

    /// Returns the path that leads on by `dotted`, such as `source.path`.
    pub fn join(&self, dotted: &str) -> Self {
        dotted.split('.').filter(|key| !key.is_empty()).fold(self.clone(), |path, key| path.then(key))
    }

    /// Returns the keys.
    pub fn keys(&self) -> &[String] {
        &self.0
    }

    /// Returns the last key.
    pub fn last(&self) -> Option<&str> {
        self.0.last().map(String::as_str)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}
