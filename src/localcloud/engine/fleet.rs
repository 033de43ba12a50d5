//! The running servers of one service, one a name.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use super::{EngineError, Server};

type Slot = Arc<AsyncMutex<Option<Server>>>;

/// Servers by name. Starting and stopping the same name happen one after the other.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    slots: Mutex<HashMap<String, Slot>>,
    closing: AtomicBool,
}

impl Fleet {
    /// Starts the server of `name` with `launch` unless it runs already; returns its port.
    ///
    /// # Errors
    /// What `launch` said, or [`EngineError::Closing`].
    pub(crate) async fn start<F>(&self, name: &str, launch: impl FnOnce() -> F) -> Result<u16, EngineError>
    where
        F: Future<Output = Result<Server, EngineError>> + Send,
    {
        let slot = self.slot(name);
        let mut held = slot.lock().await;
        if let Some(server) = held.as_mut().filter(|_| !self.is_closing())
            && server.is_running()
        {
            return Ok(server.port);
        }
        if self.is_closing() {
            return Err(EngineError::Closing);
        }
        let server = launch().await?;
        let port = server.port;
        *held = Some(server);
        Ok(port)
    }

    /// Stops the server of `name`, if it runs.
    pub(crate) async fn stop(&self, name: &str) {
        let slot = self.slot(name);
        let taken = slot.lock().await.take();
        if let Some(server) = taken {
            server.stop().await;
        }
    }

    /// Stops every server, all at the same time, and starts none from now on.
    pub(crate) async fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        let slots: Vec<Slot> = self.lock().values().cloned().collect();
        let stops = slots.into_iter().map(|slot| async move {
            let taken = slot.lock().await.take();
            if let Some(server) = taken {
                server.stop().await;
            }
        });
        futures::future::join_all(stops).await;
    }

    /// Returns port and password of the server's own user, if it runs.
    pub(crate) async fn door(&self, name: &str) -> Option<(u16, String)> {
        let slot = self.slot(name);
        let mut held = slot.lock().await;
        let server = held.as_mut()?;
        server.is_running().then(|| (server.port, server.admin_password.clone()))
    }

    /// Returns whether the server of `name` was started and has ended by itself; busy counts as alive.
    pub(crate) fn has_died(&self, name: &str) -> bool {
        let slot = self.slot(name);
        match slot.try_lock() {
            Ok(mut held) => !self.is_closing() && held.as_mut().is_some_and(|server| !server.is_running()),
            Err(_) => false,
        }
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    fn slot(&self, name: &str) -> Slot {
        Arc::clone(self.lock().entry(name.to_owned()).or_default())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
