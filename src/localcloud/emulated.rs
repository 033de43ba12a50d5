//! A `winterbaume` service behind the gateway: requests made to look as it expects them, and a state that survives.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tokio::runtime::Handle;
use winterbaume_core::{DEFAULT_ACCOUNT_ID, MockRequest, StatefulService};

use super::{Call, Home, Reply};

/// The one account of the local cloud.
pub(super) const ACCOUNT: &str = DEFAULT_ACCOUNT_ID;

/// An emulated control plane whose state is saved after every change.
pub(super) struct Emulated<S> {
    service: Arc<S>,
    name: &'static str,
    folder: PathBuf,
}

impl<S: StatefulService> Emulated<S> {
    /// Takes a fresh service and restores what was saved of it under `home`.
    ///
    /// # Errors
    /// If a saved state cannot be read; an unreadable state is never taken for an empty one.
    pub(super) async fn open(name: &'static str, service: S, home: &Home) -> std::io::Result<Self> {
        let folder = home.state();
        std::fs::create_dir_all(&folder)?;
        let opened = Self { service: Arc::new(service), name, folder };
        for entry in std::fs::read_dir(&opened.folder)? {
            let path = entry?.path();
            let Some(file) = path.file_name().and_then(|file| file.to_str()) else { continue };
            let Some((service, region)) = file.strip_suffix(".json").and_then(|stem| stem.split_once('@')) else {
                continue;
            };
            if service == name {
                let view = serde_json::from_slice(&std::fs::read(&path)?)?;
                opened.restore(region, view).await?;
            }
        }
        Ok(opened)
    }

    /// Hands a request on and saves the state if the request changed it.
    pub(super) async fn handle(&self, call: &Call) -> Reply {
        let request = MockRequest {
            method: call.method.to_string(),
            uri: format!("https://{}.{}.amazonaws.com{}", self.name, call.region, call.target),
            headers: call.headers.clone(),
            body: call.body.clone(),
        };
        let response = self.service.handle(request).await;
        let status = http::StatusCode::from_u16(response.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        if !call.is_read() && status.is_success() {
            self.save(&call.region).await;
        }
        Reply { status, headers: response.headers, body: response.body }
    }

    /// Returns the state of a region as its serde view.
    pub(super) async fn view(&self, region: &str) -> Value {
        let (service, region) = (Arc::clone(&self.service), region.to_owned());
        // `StatefulService` does not promise `Send` futures, so they run where they are made.
        let snapshot = move || Handle::current().block_on(service.snapshot(ACCOUNT, &region));
        match tokio::task::spawn_blocking(snapshot).await {
            Ok(view) => serde_json::to_value(view).unwrap_or_default(),
            Err(_) => Value::Null,
        }
    }

    async fn restore(&self, region: &str, view: Value) -> std::io::Result<()> {
        let view: S::StateView = serde_json::from_value(view)?;
        let (service, region) = (Arc::clone(&self.service), region.to_owned());
        let restore = move || Handle::current().block_on(service.restore(ACCOUNT, &region, view));
        let restored = tokio::task::spawn_blocking(restore).await.map_err(std::io::Error::other)?;
        restored.map_err(|error| std::io::Error::other(error.to_string()))
    }

    /// Writes the state of a region beside its place and moves it there, so that a crash leaves the old or the new.
    async fn save(&self, region: &str) {
        let view = self.view(region).await;
        let path = self.folder.join(format!("{}@{region}.json", self.name));
        let beside = path.with_extension("json.new");
        let written = std::fs::write(&beside, view.to_string()).and_then(|()| std::fs::rename(&beside, &path));
        if let Err(error) = written {
            tracing::error!(service = self.name, %error, "could not save the state");
        }
    }
}
