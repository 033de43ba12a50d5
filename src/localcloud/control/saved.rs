//! State by region, whose changes go to the disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::localcloud::Home;
use crate::localcloud::backlog::{self, Backlog};

/// The state of one service by region.
#[derive(Debug)]
pub(super) struct Saved<T> {
    kept: Arc<Kept<T>>,
    backlog: Backlog,
}

#[derive(Debug)]
struct Kept<T> {
    name: &'static str,
    folder: PathBuf,
    regions: Mutex<BTreeMap<String, T>>,
    /// The sizes of the files by region.
    sizes: Mutex<BTreeMap<String, usize>>,
    /// Held while a file is written, so that an older state never replaces a newer one.
    writing: Mutex<()>,
}

impl<T: Clone + Default + Serialize + DeserializeOwned + Send + 'static> Saved<T> {
    /// Reads what was saved under `home`.
    ///
    /// # Errors
    /// If a saved state cannot be read; an unreadable state is never taken for an empty one.
    pub(super) fn open(name: &'static str, home: &Home) -> std::io::Result<Self> {
        let folder = home.state();
        std::fs::create_dir_all(&folder)?;
        let (mut regions, mut sizes) = (BTreeMap::new(), BTreeMap::new());
        for (region, path) in home.states_of(name)? {
            let bytes = std::fs::read(path)?;
            sizes.insert(region.clone(), bytes.len());
            regions.insert(region, serde_json::from_slice(&bytes)?);
        }
        let (regions, sizes, writing) = (Mutex::new(regions), Mutex::new(sizes), Mutex::default());
        let kept = Arc::new(Kept { name, folder, regions, sizes, writing });
        Ok(Self { kept, backlog: home.backlog().clone() })
    }

    /// Looks at the state of a region.
    pub(super) fn read<R>(&self, region: &str, look: impl FnOnce(&T) -> R) -> R {
        let regions = self.kept.lock();
        match regions.get(region) {
            Some(state) => look(state),
            None => look(&T::default()),
        }
    }

    /// Changes the state of a region; what fails changes nothing.
    pub(super) fn change<R, E>(&self, region: &str, change: impl FnOnce(&mut T) -> Result<R, E>) -> Result<R, E> {
        let outcome = {
            let mut regions = self.kept.lock();
            let mut state = regions.get(region).cloned().unwrap_or_default();
            let outcome = change(&mut state)?;
            regions.insert(region.to_owned(), state);
            outcome
        };
        let size = self.kept.sizes().get(region).copied().unwrap_or_default();
        let (kept, place) = (Arc::clone(&self.kept), region.to_owned());
        self.backlog.save(&self.kept.path(region), size, move || kept.save(&place));
        Ok(outcome)
    }
}

impl<T: Clone + Serialize> Kept<T> {
    fn save(&self, region: &str) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = self.lock().get(region).cloned() else { return };
        let written = serde_json::to_vec(&state).map_err(std::io::Error::from).and_then(|text| {
            self.sizes().insert(region.to_owned(), text.len());
            backlog::replace(&self.path(region), &text)
        });
        if let Err(error) = written {
            tracing::error!(service = self.name, %error, "could not save the state");
        }
    }
}

impl<T> Kept<T> {
    fn path(&self, region: &str) -> PathBuf {
        self.folder.join(format!("{}@{region}.json", self.name))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, T>> {
        self.regions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sizes(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
