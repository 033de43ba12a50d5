//! What runs in the background of one local cloud, and ends with it.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinSet;

/// Tasks of one local cloud. Clones are the same tasks.
#[derive(Debug, Clone, Default)]
pub(super) struct Tasks(Arc<Mutex<Running>>);

#[derive(Debug, Default)]
struct Running {
    tasks: JoinSet<()>,
    closed: bool,
}

impl Tasks {
    /// Runs a task until it ends by itself or the local cloud ends.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.lock();
        if running.closed {
            return;
        }
        while running.tasks.try_join_next().is_some() {}
        running.tasks.spawn(task);
    }

    /// Ends every task without waiting for it, and begins none from now on.
    pub(super) fn abort(&self) {
        let mut running = self.lock();
        running.closed = true;
        running.tasks.abort_all();
    }

    /// Ends every task, waits until none is left, and begins none from now on.
    pub(super) async fn stop(&self) {
        self.abort();
        let mut tasks = std::mem::take(&mut self.lock().tasks);
        tasks.shutdown().await;
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
