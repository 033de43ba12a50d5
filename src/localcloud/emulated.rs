//! A `winterbaume` service behind the gateway: requests made to look as it expects them, and a state that survives.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::runtime::Handle;
use winterbaume_core::{DEFAULT_ACCOUNT_ID, MockRequest, StatefulService};

use super::backlog::{self, Backlog};
use super::{Call, Home, Reply};

/// The one account of the local cloud.
pub(super) const ACCOUNT: &str = DEFAULT_ACCOUNT_ID;

/// An emulated control plane whose state is saved after every change.
pub(super) struct Emulated<S> {
    kept: Arc<Kept<S>>,
    backlog: Backlog,
}

struct Kept<S> {
    service: S,
    name: &'static str,
    folder: PathBuf,
    /// The sizes of the files by region.
    sizes: Mutex<BTreeMap<String, usize>>,
    /// Held while a file is written, so that an older state never replaces a newer one.
    writing: Mutex<()>,
}

impl<S: StatefulService> Emulated<S> {
    /// Takes a fresh service and restores what was saved of it under `home`.
    ///
    /// # Errors
    /// If a saved state cannot be read; an unreadable state is never taken for an empty one.
    pub(super) async fn open(name: &'static str, service: S, home: &Home) -> std::io::Result<Self> {
        let folder = home.state();
        std::fs::create_dir_all(&folder)?;
        let kept = Kept { service, name, folder, sizes: Mutex::default(), writing: Mutex::default() };
        let opened = Self { kept: Arc::new(kept), backlog: home.backlog().clone() };
        for (region, path) in home.states_of(name)? {
            let bytes = std::fs::read(path)?;
            opened.kept.sizes().insert(region.clone(), bytes.len());
            opened.restore(&region, serde_json::from_slice(&bytes)?).await?;
        }
        Ok(opened)
    }

    /// Hands a request on and saves the state if the request changed it.
    pub(super) async fn handle(&self, call: &Call) -> Reply {
        let request = MockRequest {
            method: call.method.to_string(),
            uri: format!("https://{}.{}.amazonaws.com{}", self.kept.name, call.region, call.target),
            headers: call.headers.clone(),
            body: call.body.clone(),
        };
        let response = self.kept.service.handle(request).await;
        let status = http::StatusCode::from_u16(response.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        if !call.is_read() && status.is_success() {
            self.save(&call.region).await;
        }
        Reply { status, headers: response.headers, body: response.body }
    }

    async fn restore(&self, region: &str, view: Value) -> std::io::Result<()> {
        let view: S::StateView = serde_json::from_value(view)?;
        let (kept, region) = (Arc::clone(&self.kept), region.to_owned());
        // `StatefulService` does not promise `Send` futures, so they run where they are made.
        let restore = move || Handle::current().block_on(kept.service.restore(ACCOUNT, &region, view));
        let restored = tokio::task::spawn_blocking(restore).await.map_err(std::io::Error::other)?;
        restored.map_err(|error| std::io::Error::other(error.to_string()))
    }

    /// Saves on a thread of its own: a snapshot waits for locks, and who holds one next may be a task that only the
    /// worker of this one would run.
    async fn save(&self, region: &str) {
        let size = self.kept.sizes().get(region).copied().unwrap_or_default();
        let (kept, place) = (Arc::clone(&self.kept), region.to_owned());
        let (backlog, path) = (self.backlog.clone(), self.kept.path(region));
        let save = move || backlog.save(&path, size, move || kept.save(&place));
        if let Err(error) = tokio::task::spawn_blocking(save).await {
            tracing::error!(service = self.kept.name, %error, "could not save the state");
        }
    }
}

impl<S: StatefulService> Kept<S> {
    fn save(&self, region: &str) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        // A snapshot waits for nothing but locks, which need no runtime, only a thread that is no worker of one.
        let view = futures::executor::block_on(self.service.snapshot(ACCOUNT, region));
        let written = serde_json::to_vec(&view).map_err(std::io::Error::from).and_then(|text| {
            self.sizes().insert(region.to_owned(), text.len());
            backlog::replace(&self.path(region), &text)
        });
        if let Err(error) = written {
            tracing::error!(service = self.name, %error, "could not save the state");
        }
    }
}

impl<S> Kept<S> {
    fn path(&self, region: &str) -> PathBuf {
        self.folder.join(format!("{}@{region}.json", self.name))
    }

    fn sizes(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
