//! A server that answers.

use super::process::Process;

/// A running database server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(super) process: Process,
    /// The loopback port that it listens on.
    pub port: u16,
    /// The password of the local cloud's own user, made anew at each start and kept in memory only.
    pub(super) admin_password: String,
}

impl Server {
    /// Returns whether the process still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Stops the server in order; its data stay.
    pub(crate) async fn stop(self) {
        self.process.stop().await;
    }
}
