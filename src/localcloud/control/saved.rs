//! State that is on the disk before its change is answered.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::localcloud::Home;

/// The state of one service by region.
#[derive(Debug)]
pub(super) struct Saved<T> {
    name: &'static str,
    folder: PathBuf,
    regions: Mutex<BTreeMap<String, T>>,
}

impl<T: Clone + Default + Serialize + DeserializeOwned> Saved<T> {
    /// Reads what was saved under `home`.
    ///
    /// # Errors
    /// If a saved state cannot be read; an unreadable state is never taken for an empty one.
    pub(super) fn open(name: &'static str, home: &Home) -> std::io::Result<Self> {
        let folder = home.state();
        std::fs::create_dir_all(&folder)?;
        let mut regions = BTreeMap::new();
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let Some(file) = path.file_name().and_then(|file| file.to_str()) else { continue };
            let Some((service, region)) = file.strip_suffix(".json").and_then(|stem| stem.split_once('@')) else {
                continue;
            };
            if service == name {
                regions.insert(region.to_owned(), serde_json::from_slice(&std::fs::read(&path)?)?);
            }
        }
        Ok(Self { name, folder, regions: Mutex::new(regions) })
    }

    /// Looks at the state of a region.
    pub(super) fn read<R>(&self, region: &str, look: impl FnOnce(&T) -> R) -> R {
        let regions = self.lock();
        match regions.get(region) {
            Some(state) => look(state),
            None => look(&T::default()),
        }
    }

    /// Changes the state of a region; what fails changes nothing.
    pub(super) fn change<R, E>(&self, region: &str, change: impl FnOnce(&mut T) -> Result<R, E>) -> Result<R, E> {
        let mut regions = self.lock();
        let mut state = regions.get(region).cloned().unwrap_or_default();
        let outcome = change(&mut state)?;
        self.save(region, &state);
        regions.insert(region.to_owned(), state);
        Ok(outcome)
    }

    /// Writes beside the place and moves there, so that a crash leaves the old or the new.
    fn save(&self, region: &str, state: &T) {
        let path = self.folder.join(format!("{}@{region}.json", self.name));
        let beside = path.with_extension("json.new");
        let text = serde_json::to_vec(state).map_err(std::io::Error::from);
        let written =
            text.and_then(|text| std::fs::write(&beside, text)).and_then(|()| std::fs::rename(&beside, &path));
        if let Err(error) = written {
            tracing::error!(service = self.name, %error, "could not save the state");
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, T>> {
        self.regions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
