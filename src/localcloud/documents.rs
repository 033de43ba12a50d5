//! The state of a service that answers for itself: JSON documents by region, kind and name, saved on every change.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::Home;
use super::backlog::{self, Backlog};

/// The documents of one region: kind, then name.
type Shelf = BTreeMap<String, BTreeMap<String, Value>>;

/// The documents of one service.
#[derive(Debug)]
pub(super) struct Documents {
    kept: Arc<Kept>,
    backlog: Backlog,
}

#[derive(Debug)]
struct Kept {
    service: &'static str,
    folder: PathBuf,
    regions: Mutex<BTreeMap<String, Shelf>>,
    /// The sizes of the files by region.
    sizes: Mutex<BTreeMap<String, usize>>,
    /// Held while a file is written, so that an older state never replaces a newer one.
    writing: Mutex<()>,
}

impl Documents {
    /// Reads what was saved of `service` under `home`.
    ///
    /// # Errors
    /// If a saved file cannot be read; an unreadable state is never taken for an empty one.
    pub(super) fn open(service: &'static str, home: &Home) -> std::io::Result<Self> {
        let folder = home.state();
        std::fs::create_dir_all(&folder)?;
        let (mut regions, mut sizes) = (BTreeMap::new(), BTreeMap::new());
        for (region, path) in home.states_of(service)? {
            let bytes = std::fs::read(path)?;
            sizes.insert(region.clone(), bytes.len());
            regions.insert(region, serde_json::from_slice(&bytes)?);
        }
        let (regions, sizes, writing) = (Mutex::new(regions), Mutex::new(sizes), Mutex::default());
        let kept = Arc::new(Kept { service, folder, regions, sizes, writing });
        Ok(Self { kept, backlog: home.backlog().clone() })
    }

    /// Returns the regions that hold anything.
    pub(super) fn regions(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// Returns one document.
    pub(super) fn get(&self, region: &str, kind: &str, name: &str) -> Option<Value> {
        self.lock().get(region)?.get(kind)?.get(name).cloned()
    }

    /// Returns every document of a kind, by name.
    pub(super) fn list(&self, region: &str, kind: &str) -> Vec<(String, Value)> {
        let regions = self.lock();
        let documents = regions.get(region).and_then(|shelf| shelf.get(kind));
        documents.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Returns the names of every document of a kind.
    pub(super) fn names(&self, region: &str, kind: &str) -> Vec<String> {
        let regions = self.lock();
        let documents = regions.get(region).and_then(|shelf| shelf.get(kind));
        documents.into_iter().flat_map(|documents| documents.keys().cloned()).collect()
    }

    /// Adds a document; returns whether the name was free.
    pub(super) fn create(&self, region: &str, kind: &str, name: &str, document: Value) -> bool {
        let mut regions = self.lock();
        let documents = regions.entry(region.to_owned()).or_default().entry(kind.to_owned()).or_default();
        if documents.contains_key(name) {
            return false;
        }
        documents.insert(name.to_owned(), document);
        drop(regions);
        self.save(region);
        true
    }

    /// Adds or replaces a document.
    pub(super) fn put(&self, region: &str, kind: &str, name: &str, document: Value) {
        let mut regions = self.lock();
        let documents = regions.entry(region.to_owned()).or_default().entry(kind.to_owned()).or_default();
        documents.insert(name.to_owned(), document);
        drop(regions);
        self.save(region);
    }

    /// Changes a document in one step and returns what `change` returns; `None` if there is no such document.
    pub(super) fn edit<T>(
        &self,
        region: &str,
        kind: &str,
        name: &str,
        change: impl FnOnce(&mut Value) -> T,
    ) -> Option<T> {
        let mut regions = self.lock();
        let outcome = change(regions.get_mut(region)?.get_mut(kind)?.get_mut(name)?);
        drop(regions);
        self.save(region);
        Some(outcome)
    }

    /// Removes a document and returns it.
    pub(super) fn remove(&self, region: &str, kind: &str, name: &str) -> Option<Value> {
        let mut regions = self.lock();
        let removed = regions.get_mut(region)?.get_mut(kind)?.remove(name)?;
        drop(regions);
        self.save(region);
        Some(removed)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Shelf>> {
        self.kept.lock()
    }

    fn save(&self, region: &str) {
        let size = self.kept.sizes().get(region).copied().unwrap_or_default();
        let (kept, place) = (Arc::clone(&self.kept), region.to_owned());
        self.backlog.save(&self.kept.path(region), size, move || kept.save(&place));
    }
}

impl Kept {
    fn save(&self, region: &str) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match self.lock().get(region) {
            Some(shelf) => serde_json::to_vec(shelf).map_err(std::io::Error::other),
            None => return,
        };
        let written = text.and_then(|text| {
            self.sizes().insert(region.to_owned(), text.len());
            backlog::replace(&self.path(region), &text)
        });
        if let Err(error) = written {
            tracing::error!(service = self.service, %error, "could not save the state");
        }
    }

    fn path(&self, region: &str) -> PathBuf {
        self.folder.join(format!("{}@{region}.json", self.service))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Shelf>> {
        self.regions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sizes(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
