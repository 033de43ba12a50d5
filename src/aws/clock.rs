//! What time it is at AWS: a laptop's clock may be wrong, and what is scheduled or billed goes by AWS's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_smithy_types::DateTime;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};

/// A difference up to this is that of an answer on its way: dates of HTTP have whole seconds.
const SAME: SignedDuration = SignedDuration::from_secs(5);

/// The clock of AWS, as the dates of its answers show it. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// By how many seconds it is ahead of this computer's.
    ahead_seconds: Arc<AtomicI64>,
}

impl Clock {
    /// Returns what time it is at AWS; before the first answer, what time it is here.
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.ahead_seconds.load(Ordering::Relaxed));
        Timestamp::now().checked_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// Learns the time from the header `Date` of an answer.
    pub(super) fn learn(&self, date: &str) {
        let Ok(there) = rfc2822::DateTimeParser::new().parse_timestamp(date) else { return };
        let ahead = there.duration_since(Timestamp::now());
        let ahead = if ahead.abs() <= SAME { SignedDuration::ZERO } else { ahead };
        self.ahead_seconds.store(ahead.as_secs(), Ordering::Relaxed);
    }
}

/// Returns a moment that AWS tells, or `None` if no calendar has it.
pub fn moment(date: &DateTime) -> Option<Timestamp> {
    Timestamp::new(date.secs(), i32::try_from(date.subsec_nanos()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_follows_the_dates_of_answers() {
        let clock = Clock::default();
        let close = |to: Timestamp| clock.now().duration_since(to).abs() < SignedDuration::from_secs(2);
        assert!(close(Timestamp::now()));
        clock.learn("Mon, 23 Nov 2099 10:00:00 GMT");
        assert!(close("2099-11-23T10:00:00Z".parse().unwrap()), "{}", clock.now());
        clock.learn("nonsense");
        assert!(close("2099-11-23T10:00:00Z".parse().unwrap()));
        clock.learn(&rfc2822::DateTimePrinter::new().timestamp_to_string(&Timestamp::now()).unwrap());
        assert!(close(Timestamp::now()));
    }
}
