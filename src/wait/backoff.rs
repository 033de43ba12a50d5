//! How long to pause between two attempts.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// Pauses that double from `first` to `longest`, each shortened by up to a quarter so that callers spread out.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Starts at `first`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, longest }
    }

    /// Returns the pause to make now and doubles the one after it.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next.min(self.longest);
        self.next = (self.next * 2).min(self.longest);
        pause.mul_f64(1.0 - fraction() / 4.0)
    }

    /// Waits for [`Self::pause`].
    pub async fn sleep(&mut self) {
        tokio::time::sleep(self.pause()).await;
    }
}

/// Returns a number from 0 to 1 that differs from call to call; quality does not matter for jitter.
fn fraction() -> f64 {
    let word = RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(word >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
