//! Every table of the stack file, parsed, so that one may look at another.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Table;

/// The parsed tables of one stack file.
#[derive(Default, Clone)]
pub struct Declared {
    base: PathBuf,
    entries: BTreeMap<(&'static str, String), Arc<dyn Any + Send + Sync>>,
}

impl Declared {
    /// Begins empty; relative paths of the file start at `base`.
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into(), entries: BTreeMap::new() }
    }

    /// Adds a parsed table.
    pub fn insert(&mut self, table: &'static str, name: &str, spec: Arc<dyn Any + Send + Sync>) {
        self.entries.insert((table, name.to_owned()), spec);
    }

    /// Returns one table.
    pub fn get<T: Table>(&self, name: &str) -> Option<&T::Spec> {
        self.entries.get(&(T::NAME, name.to_owned()))?.downcast_ref()
    }

    /// Returns all tables of one kind with their names.
    pub fn all<T: Table>(&self) -> impl Iterator<Item = (&str, &T::Spec)> {
        let of_table = self.entries.iter().filter(|((table, _), _)| *table == T::NAME);
        of_table.filter_map(|((_, name), spec)| Some((name.as_str(), spec.downcast_ref()?)))
    }

    /// Returns whether there is such a table.
    pub fn has(&self, table: &str, name: &str) -> bool {
        self.entries.keys().any(|(kind, key)| *kind == table && key == name)
    }

    /// Returns the names of all tables of one kind.
    pub fn names(&self, table: &str) -> Vec<&str> {
        self.entries.keys().filter(|(kind, _)| *kind == table).map(|(_, name)| name.as_str()).collect()
    }

    /// Returns a path of the file as one that can be opened.
    pub fn path(&self, path: &str) -> PathBuf {
        self.base.join(path)
    }

    /// Returns the folder of the stack file.
    pub fn base(&self) -> &Path {
        &self.base
    }
}
