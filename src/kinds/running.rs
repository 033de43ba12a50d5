//! Since when a server runs, by what AWS told of it.

use aws_smithy_types::DateTime;
use jiff::{SignedDuration, Timestamp};

use crate::aws::moment;
use crate::model::Since;

/// For how long AWS tells what happened to a server.
const TOLD: SignedDuration = SignedDuration::from_hours(14 * 24);

/// [`TOLD`] as requests say it.
pub(super) const TOLD_MINUTES: i32 = 14 * 24 * 60;

/// What an event says of whether a server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// It was stopped.
    Ended,
    /// It began to run.
    Began,
}

/// Returns what an event says, if it says whether the server runs; `meaning` reads its message.
pub(super) fn turn(
    date: Option<&DateTime>,
    message: Option<&str>,
    meaning: impl FnOnce(&str) -> Option<Turn>,
) -> Option<(Timestamp, Turn)> {
    Some((moment(date?)?, meaning(message?)?))
}

/// Returns whether a message has one of some words, in whatever letters.
pub(super) fn says(message: &str, words: &[&str]) -> bool {
    let message = message.to_lowercase();
    words.iter().any(|word| message.contains(word))
}

/// Returns since when a server runs that does run now. AWS may have told nothing, or not all, and in any order. What is
/// told of an earlier server of the same name, from before this one was made, does not count.
pub(super) fn since(turns: &[(Timestamp, Turn)], made: Option<Timestamp>, now: Timestamp) -> Since {
    let first = made.unwrap_or(Timestamp::MIN);
    match turns.iter().filter(|(moment, _)| *moment >= first).max() {
        Some((moment, Turn::Began)) => Since { moment: *moment, is_exact: true },
        // Its start was not told, or not yet.
        Some((moment, Turn::Ended)) => Since { moment: *moment, is_exact: false },
        None => {
            let oldest = now.checked_sub(TOLD).unwrap_or(Timestamp::MIN);
            Since { moment: first.max(oldest), is_exact: first >= oldest }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Turn::{Began, Ended};
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day)
    }

    /// Returns the day since which it runs on day 20, with a `~` where that is not exact.
    fn days(turns: &[(i64, Turn)], made: Option<i64>) -> String {
        let turns: Vec<_> = turns.iter().map(|(day, turn)| (at(*day), *turn)).collect();
        let found = since(&turns, made.map(at), at(20));
        let day = found.moment.duration_since(Timestamp::UNIX_EPOCH).as_hours() / 24;
        format!("{}{day}", if found.is_exact { "" } else { "~" })
    }

    #[test]
    fn the_newest_start_counts_in_whatever_order_events_come() {
        assert_eq!(days(&[(8, Began), (12, Began), (10, Ended)], Some(1)), "12");
        assert_eq!(days(&[(12, Began), (12, Ended)], Some(1)), "12");
        assert_eq!(days(&[(8, Began)], Some(7)), "8");
    }

    #[test]
    fn without_events_it_is_as_old_as_it_is_or_at_least_fourteen_days() {
        assert_eq!(days(&[], Some(15)), "15");
        assert_eq!(days(&[], Some(6)), "6");
        assert_eq!(days(&[], Some(5)), "~6");
        assert_eq!(days(&[], None), "~6");
    }

    #[test]
    fn a_start_that_was_not_told_came_after_the_stop() {
        assert_eq!(days(&[(9, Began), (11, Ended)], Some(1)), "~11");
    }

    #[test]
    fn an_earlier_server_of_the_same_name_does_not_count() {
        assert_eq!(days(&[(9, Began), (11, Ended)], Some(12)), "12");
    }
}
