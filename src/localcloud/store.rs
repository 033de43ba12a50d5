//! The typed state of a service that is answered here, saved after every change.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Home;

/// A state in memory with its copy on disk.
#[derive(Debug)]
pub(super) struct Store<T> {
    value: Mutex<T>,
    path: PathBuf,
}

impl<T: Default + Serialize + DeserializeOwned> Store<T> {
    /// Reads what was saved under `name`, or takes an empty state.
    ///
    /// # Errors
    /// If the saved state cannot be read; an unreadable state is never taken for an empty one.
    pub(super) fn open(home: &Home, name: &str) -> std::io::Result<Self> {
        let folder = home.state();
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.json"));
        let value = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => T::default(),
            Err(error) => return Err(error),
        };
        Ok(Self { value: Mutex::new(value), path })
    }

    /// Looks at the state.
    pub(super) fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.lock())
    }

    /// Changes the state and saves it.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut value = self.lock();
        let outcome = change(&mut value);
        let beside = self.path.with_extension("json.new");
        // Written beside its place and moved there, so that a crash leaves the old or the new.
        let saved = serde_json::to_vec_pretty(&*value)
            .map_err(std::io::Error::from)
            .and_then(|bytes| std::fs::write(&beside, bytes))
            .and_then(|()| std::fs::rename(&beside, &self.path));
        if let Err(error) = saved {
            tracing::error!(path = %self.path.display(), %error, "could not save the state");
        }
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
