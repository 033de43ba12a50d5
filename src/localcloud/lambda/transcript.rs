//! What one execution environment prints: to CloudWatch Logs, and its last 4 KiB to the caller who asks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::task::JoinHandle;

use crate::localcloud::log_stream::{LogHandle, LogStream};

/// How much of the log an invocation returns.
const TAIL_BYTES: usize = 4096;

/// A pipe that was silent for this long is taken for empty.
const QUIET: Duration = Duration::from_millis(3);

/// The log of one environment.
pub(super) struct Transcript {
    stream: LogStream,
    shared: Arc<Mutex<Shared>>,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    tail: Vec<u8>,
    lines: u64,
}

impl Transcript {
    pub(super) fn new(stream: LogStream) -> Self {
        Self { stream, shared: Arc::default(), readers: vec![] }
    }

    /// Takes every line of a pipe until it closes.
    pub(super) fn follow(&mut self, pipe: impl AsyncRead + Unpin + Send + 'static) {
        let (log, shared) = (self.stream.handle(), Arc::clone(&self.shared));
        self.readers.push(tokio::spawn(async move {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
                let text = String::from_utf8_lossy(&line);
                record(&log, &shared, text.trim_end_matches('\n'));
                line.clear();
            }
        }));
    }

    /// Adds a line of the platform.
    pub(super) fn line(&self, text: &str) {
        record(&self.stream.handle(), &self.shared, text);
    }

    /// Forgets the tail of the invocation before.
    pub(super) fn begin(&self) {
        lock(&self.shared).tail.clear();
    }

    /// Returns the last lines since [`Transcript::begin`].
    pub(super) fn tail(&self) -> Vec<u8> {
        lock(&self.shared).tail.clone()
    }

    /// Waits until what the process printed so far was read.
    pub(super) async fn settle(&self) {
        let mut seen = lock(&self.shared).lines;
        loop {
            tokio::time::sleep(QUIET).await;
            let now = lock(&self.shared).lines;
            if now == seen {
                return;
            }
            seen = now;
        }
    }

    /// Waits until the log is written; the process must have ended.
    pub(super) async fn close(self) {
        for reader in self.readers {
            // A descendant may still hold the pipe; it is swept away later and has nothing to say.
            if tokio::time::timeout(Duration::from_secs(1), reader).await.is_err() {
                tracing::debug!("a pipe stayed open");
            }
        }
        self.stream.close().await;
    }
}

fn record(log: &LogHandle, shared: &Mutex<Shared>, text: &str) {
    log.write(text);
    let mut shared = lock(shared);
    shared.lines += 1;
    shared.tail.extend_from_slice(text.as_bytes());
    shared.tail.push(b'\n');
    let surplus = shared.tail.len().saturating_sub(TAIL_BYTES);
    shared.tail.drain(..surplus);
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
