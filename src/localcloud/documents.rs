//! The state of a service that answers for itself: JSON documents by region, kind and name, saved on every change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::Home;

/// The documents of one region: kind, then name.
type Shelf = BTreeMap<String, BTreeMap<String, Value>>;

/// The documents of one service.
#[derive(Debug)]
pub(super) struct Documents {
    service: &'static str,
    folder: PathBuf,
    regions: Mutex<BTreeMap<String, Shelf>>,
}

impl Documents {
    /// Reads what was saved of `service` under `home`.
    ///
    /// # Errors
    /// If a saved file cannot be read; an unreadable state is never taken for an empty one.
    pub(super) fn open(service: &'static str, home: &Home) -> std::io::Result<Self> {
        let folder = home.state();
        std::fs::create_dir_all(&folder)?;
        let mut regions = BTreeMap::new();
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if let Some(region) = region_of(service, &path) {
                regions.insert(region, serde_json::from_slice(&std::fs::read(&path)?)?);
            }
        }
        Ok(Self { service, folder, regions: Mutex::new(regions) })
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

    /// Adds a document; returns whether the name was free.
    pub(super) fn create(&self, region: &str, kind: &str, name: &str, document: Value) -> bool {
        let mut regions = self.lock();
        let documents = regions.entry(region.to_owned()).or_default().entry(kind.to_owned()).or_default();
        if documents.contains_key(name) {
            return false;
        }
        documents.insert(name.to_owned(), document);
        self.save(region, &regions);
        true
    }

    /// Adds or replaces a document.
    pub(super) fn put(&self, region: &str, kind: &str, name: &str, document: Value) {
        let mut regions = self.lock();
        let documents = regions.entry(region.to_owned()).or_default().entry(kind.to_owned()).or_default();
        documents.insert(name.to_owned(), document);
        self.save(region, &regions);
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
        self.save(region, &regions);
        Some(outcome)
    }

    /// Removes a document and returns it.
    pub(super) fn remove(&self, region: &str, kind: &str, name: &str) -> Option<Value> {
        let mut regions = self.lock();
        let removed = regions.get_mut(region)?.get_mut(kind)?.remove(name)?;
        self.save(region, &regions);
        Some(removed)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Shelf>> {
        self.regions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a region beside its place and moves it there, so that a crash leaves the old or the new.
    fn save(&self, region: &str, regions: &BTreeMap<String, Shelf>) {
        let Some(shelf) = regions.get(region) else { return };
        let path = self.folder.join(format!("{}@{region}.json", self.service));
        let beside = path.with_extension("json.new");
        let text = serde_json::to_vec(shelf).map_err(std::io::Error::other);
        let written =
            text.and_then(|text| std::fs::write(&beside, text)).and_then(|()| std::fs::rename(&beside, &path));
        if let Err(error) = written {
            tracing::error!(service = self.service, %error, "could not save the state");
        }
    }
}

fn region_of(service: &str, path: &Path) -> Option<String> {
    let stem = path.file_name()?.to_str()?.strip_suffix(".json")?;
    let (named, region) = stem.split_once('@')?;
    (named == service).then(|| region.to_owned())
}
