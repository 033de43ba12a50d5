//! How long to pause between two attempts.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// Pauses that grow from `first` to `longest`, each shortened by up to a quarter so that callers spread out.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
    growth: f64,
}

impl Backoff {
    /// Starts at `first` and doubles.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, longest, growth: 2.0 }
    }

    /// Starts at `first` and grows by a quarter: what is waited for is noticed late by about a fifth of the
    /// time that it took, where doubled pauses may notice it after twice that time.
    pub fn gentle(first: Duration, longest: Duration) -> Self {
        Self { growth: 1.25, ..Self::new(first, longest) }
    }

    /// Returns the pause to make now and lets the one after it grow.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next.min(self.longest);
        self.next = self.next.mul_f64(self.growth).min(self.longest);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gentle_pauses_notice_an_end_soon_after_it() {
        let mut backoff = Backoff::gentle(Duration::from_millis(150), Duration::from_secs(15));
        let mut waited = Duration::ZERO;
        for _ in 0..60 {
            let pause = backoff.pause();
            let is_late = pause > waited.mul_f64(0.45) && waited > Duration::from_secs(2);
            assert!(!is_late && pause <= Duration::from_secs(15), "{pause:?} after {waited:?}");
            waited += pause;
        }
        assert!(waited > Duration::from_secs(300), "so many looks reach only {waited:?}");
    }
}
