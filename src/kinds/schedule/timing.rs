//! When a schedule calls what it names.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use serde::Serialize;

/// How far before the first call a schedule begins: AWS calls at whole minutes, and the first one must not be missed.
const BEFORE: SignedDuration = SignedDuration::from_secs(30);

/// The zone of what is counted from a moment.
const ZONE: &str = "UTC";

/// When a schedule calls what it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Timing {
    /// At times that the stack file says.
    Declared {
        /// `cron(..)`, `rate(..)` or `at(..)`.
        expression: String,
        /// The zone that the expression is meant in, such as `Europe/London`.
        time_zone: String,
    },
    /// Every hour from a moment on, which commands push into the future.
    Hourly {
        /// How far after the last of these commands the moment lies, in seconds.
        after_seconds: u64,
    },
}

/// What a schedule is told of its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) expression: String,
    pub(super) time_zone: String,
    pub(super) start: Option<Timestamp>,
    pub(super) description: Option<String>,
}

impl Timing {
    /// Returns the times of a schedule that is made at `now`.
    pub(super) fn begin(&self, now: Timestamp) -> Times {
        match self {
            Self::Declared { expression, time_zone } => {
                Times { expression: expression.clone(), time_zone: time_zone.clone(), start: None, description: None }
            }
            Self::Hourly { after_seconds } => {
                let after = Duration::from_secs(*after_seconds);
                self.from(now.saturating_add(after).unwrap_or(Timestamp::MAX))
            }
        }
    }

    /// Returns the times of a schedule that calls every hour from `moment` on.
    pub(super) fn from(&self, moment: Timestamp) -> Times {
        let first = whole_minute(moment);
        Times {
            expression: hourly(first),
            time_zone: ZONE.to_owned(),
            start: Some(first.saturating_sub(BEFORE).unwrap_or(first)),
            description: self.description(),
        }
    }

    /// Returns what the schedule is described with: it is compared, so that another number of hours in the file is seen.
    pub fn description(&self) -> Option<String> {
        match self {
            Self::Declared { .. } => None,
            Self::Hourly { after_seconds } => {
                Some(format!("every hour, {} minutes after the last use", after_seconds / 60))
            }
        }
    }
}

/// Returns the first call of a schedule that begins at `start`.
pub(super) fn first_call(start: Timestamp) -> Timestamp {
    whole_minute(start)
}

/// Returns whether an expression calls once an hour.
pub(super) fn is_hourly(expression: &str) -> bool {
    let minute = expression.strip_prefix("cron(").and_then(|rest| rest.strip_suffix(" * * * ? *)"));
    minute.is_some_and(|minute| minute.parse::<u8>().is_ok_and(|minute| minute < 60))
}

fn hourly(first: Timestamp) -> String {
    format!("cron({} * * * ? *)", first.strftime("%-M"))
}

/// Returns the first whole minute at or after a moment.
fn whole_minute(moment: Timestamp) -> Timestamp {
    let up = jiff::TimestampRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Ceil);
    moment.round(up).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hourly_schedule_begins_just_before_its_first_call() {
        let timing = Timing::Hourly { after_seconds: 4 * 3600 };
        let times = timing.begin("2026-11-23T10:02:17Z".parse().unwrap());
        assert_eq!(times.expression, "cron(3 * * * ? *)");
        assert_eq!(times.time_zone, "UTC");
        let start = times.start.unwrap();
        assert_eq!(start.to_string(), "2026-11-23T14:02:30Z");
        assert_eq!(first_call(start).to_string(), "2026-11-23T14:03:00Z");
        assert_eq!(times.description.unwrap(), "every hour, 240 minutes after the last use");
        assert!(is_hourly(&times.expression));
        for other in ["cron(3 4 * * ? *)", "rate(1 hour)", "cron(60 * * * ? *)", "cron(0/5 * * * ? *)"] {
            assert!(!is_hourly(other), "{other}");
        }
    }
}
