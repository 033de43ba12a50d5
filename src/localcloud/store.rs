//! The typed state of a service that is answered here, saved after every change.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Home;
use super::backlog::{self, Backlog};

/// A state in memory with its copy on disk.
#[derive(Debug)]
pub(super) struct Store<T> {
    kept: Arc<Kept<T>>,
    backlog: Backlog,
}

#[derive(Debug)]
struct Kept<T> {
    value: Mutex<T>,
    path: PathBuf,
    /// Held while the file is written, so that an older state never replaces a newer one.
    writing: Mutex<()>,
    size: AtomicUsize,
}

impl<T: Default + Serialize + DeserializeOwned + Send + 'static> Store<T> {
    /// Reads what was saved under `name`, or takes an empty state.
    ///
    /// # Errors
    /// If the saved state cannot be read; an unreadable state is never taken for an empty one.
    pub(super) fn open(home: &Home, name: &str) -> std::io::Result<Self> {
        let folder = home.state();
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.json"));
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let value = if bytes.is_empty() { T::default() } else { serde_json::from_slice(&bytes)? };
        let size = AtomicUsize::new(bytes.len());
        let kept = Arc::new(Kept { value: Mutex::new(value), path, writing: Mutex::new(()), size });
        Ok(Self { kept, backlog: home.backlog().clone() })
    }

    /// Looks at the state.
    pub(super) fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.kept.lock())
    }

    /// Changes the state and saves it.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let outcome = change(&mut self.kept.lock());
        let kept = Arc::clone(&self.kept);
        let size = kept.size.load(Ordering::Relaxed);
        self.backlog.save(&self.kept.path, size, move || kept.save());
        outcome
    }
}

impl<T: Serialize> Kept<T> {
    fn save(&self) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let text = serde_json::to_vec(&*self.lock()).map_err(std::io::Error::from);
        let saved = text.and_then(|text| {
            self.size.store(text.len(), Ordering::Relaxed);
            backlog::replace(&self.path, &text)
        });
        if let Err(error) = saved {
            tracing::error!(path = %self.path.display(), %error, "could not save the state");
        }
    }
}

impl<T> Kept<T> {
    fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
