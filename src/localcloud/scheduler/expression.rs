//! `cron(..)`, `rate(..)` and `at(..)`, and when they come next.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::cron::Cron;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    Cron(Cron),
    /// Again and again, from the beginning of the schedule.
    Rate(SignedDuration),
    /// Once.
    At(DateTime),
}

impl Expression {
    /// Reads an expression.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.trim().split_once('(')?;
        let inside = rest.strip_suffix(')')?;
        match kind {
            "cron" => Cron::parse(inside).map(Self::Cron),
            "rate" => rate(inside).map(Self::Rate),
            // AWS takes neither fractions of a second nor an offset here.
            "at" if inside.len() == "2026-01-01T00:00:00".len() => inside.parse().ok().map(Self::At),
            _ => None,
        }
    }

    /// Returns the first moment after `after`; rates count from `beginning`, which is itself the first.
    pub(super) fn next(&self, after: Timestamp, beginning: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Cron(cron) => cron.next(after, zone),
            Self::Rate(_) if after < beginning => Some(beginning),
            Self::Rate(every) => {
                let passed = after.duration_since(beginning).as_secs() / every.as_secs().max(1);
                let step = i32::try_from(passed + 1).ok()?;
                beginning.checked_add(every.checked_mul(step)?).ok()
            }
            Self::At(moment) => zone.to_ambiguous_timestamp(*moment).compatible().ok().filter(|moment| *moment > after),
        }
    }
}

fn rate(inside: &str) -> Option<SignedDuration> {
    let (count, unit) = inside.split_once(' ')?;
    let count: i64 = count.parse().ok().filter(|count| (1..=1_000_000).contains(count))?;
    let minutes = match unit {
        "minute" | "minutes" => 1,
        "hour" | "hours" => 60,
        "day" | "days" => 24 * 60,
        _ => return None,
    };
    Some(SignedDuration::from_mins(count * minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(text: &str, after: &str) -> Option<String> {
        let beginning: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let zone = TimeZone::get("Europe/London").unwrap();
        let next = Expression::parse(text).unwrap().next(after.parse().unwrap(), beginning, &zone);
        next.map(|moment| moment.to_string())
    }

    #[test]
    fn rates_count_from_the_beginning_and_are_no_days_of_the_calendar() {
        assert_eq!(next("rate(5 minutes)", "2026-11-23T09:59:59Z").unwrap(), "2026-11-23T10:00:00Z");
        assert_eq!(next("rate(5 minutes)", "2026-11-23T10:07:00Z").unwrap(), "2026-11-23T10:10:00Z");
        assert_eq!(next("rate(1 day)", "2027-03-28T10:00:00Z").unwrap(), "2027-03-29T10:00:00Z");
    }

    #[test]
    fn once_is_once_and_in_the_zone() {
        assert_eq!(next("at(2026-07-01T12:00:00)", "2026-06-30T00:00:00Z").unwrap(), "2026-07-01T11:00:00Z");
        assert_eq!(next("at(2026-07-01T12:00:00)", "2026-07-01T11:00:00Z"), None);
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for wrong in
            ["cron(0 2 * * *)", "rate(0 minutes)", "rate(5 seconds)", "at(2026-07-01)", "every day", "cron(0 2 * * ? *"]
        {
            assert_eq!(Expression::parse(wrong), None, "{wrong}");
        }
    }
}
