//! How much of a month a stack runs, and what that month costs.

use super::price::HOURS_A_MONTH;
use super::rate::{Line, Part};
use super::table::BillingTable;

/// RDS bills a started server for ten minutes at least.
const RDS_LEAST_HOURS: f64 = 10.0 / 60.0;

/// Nights of an average month.
pub const NIGHTS_A_MONTH: f64 = 365.0 / 12.0;

/// Weekdays of an average month.
const WEEKDAYS_A_MONTH: f64 = 5.0 * 52.0 / 12.0;

/// Hours of eight on each weekday of an average month.
const WORKING_HOURS_A_MONTH: f64 = 8.0 * WEEKDAYS_A_MONTH;

/// How a stack is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Habit {
    /// It is never stopped.
    AlwaysOn,
    /// It runs eight hours on weekdays.
    Weekdays,
    /// It is started once on each weekday, and stops by itself after so many hours.
    AutoStop {
        /// After how long it stops, in hours.
        hours: f64,
    },
    /// It is started once a night for a run that takes so many hours.
    Nightly {
        /// How long it runs, in hours.
        hours: f64,
    },
}

impl Habit {
    /// Returns what a resource costs in a month, in US dollars; `None` if a price is unknown.
    pub fn usd_per_month(self, line: &Line) -> Option<f64> {
        // The sum of nothing is a negative zero, here and below.
        line.parts.iter().map(|part| self.of_part(part)).sum::<Option<f64>>().map(|usd| usd + 0.0)
    }

    /// Returns what is known of what all of them cost in a month, and whether there is more.
    pub fn total(self, lines: &[Line]) -> (f64, bool) {
        let parts = || lines.iter().flat_map(|line| &line.parts).map(|part| self.of_part(part));
        (parts().flatten().sum::<f64>() + 0.0, parts().any(|usd| usd.is_none()))
    }

    /// Returns the habit that a stack file speaks of: a stack that stops by itself is used once a day, any other always.
    pub fn declared(billing: Option<&BillingTable>) -> Self {
        match billing.and_then(BillingTable::auto_stop) {
            Some(after) => Self::AutoStop { hours: after.as_secs_f64() / 3_600.0 },
            None => Self::AlwaysOn,
        }
    }

    fn of_part(self, part: &Part) -> Option<f64> {
        let hours = match self {
            _ if !part.item.stops => HOURS_A_MONTH,
            Self::AlwaysOn => HOURS_A_MONTH,
            Self::Weekdays => WORKING_HOURS_A_MONTH,
            Self::AutoStop { hours } => WEEKDAYS_A_MONTH * billed_hours(part, hours),
            Self::Nightly { hours } => NIGHTS_A_MONTH * billed_hours(part, hours),
        };
        part.usd_per_hour.map(|usd| usd * hours)
    }
}

/// Returns what a resource that runs for so many hours costs for that, in US dollars, beside what it costs anyway.
pub fn run_usd(line: &Line, hours: f64) -> Option<f64> {
    let stopping = line.parts.iter().filter(|part| part.item.stops);
    let all = stopping.map(|part| part.usd_per_hour.map(|usd| usd * billed_hours(part, hours)));
    all.sum::<Option<f64>>().map(|usd| usd + 0.0)
}

fn billed_hours(part: &Part, hours: f64) -> f64 {
    if part.item.sku.starts_with("rds:") { hours.max(RDS_LEAST_HOURS) } else { hours }
}

#[cfg(test)]
mod tests {
    use super::super::Prices;
    use super::*;
    use crate::model::{Address, BilledItem};

    #[test]
    fn what_lasts_is_paid_all_month_and_a_server_for_ten_minutes_at_least() {
        let prices = Prices::of_table("us-east-2");
        let items = vec![BilledItem::while_running("rds:db.t4g.micro", 1), BilledItem::always("rds:gp3-gib", 20)];
        let line = Line::of(&prices, Address::new("mysql", "a"), None, items);
        let month = |habit: Habit| format!("{:.2}", habit.usd_per_month(&line).unwrap());
        assert_eq!(month(Habit::AlwaysOn), "13.98"); // 0.016 * 730 + 20 * 0.115
        assert_eq!(month(Habit::Weekdays), "5.07"); // 0.016 * 173.33 + 2.30
        assert_eq!(month(Habit::Nightly { hours: 0.5 }), "2.54"); // 0.016 * 30.42 / 2 + 2.30
        assert_eq!(month(Habit::Nightly { hours: 0.01 }), "2.38"); // 0.016 * 30.42 / 6 + 2.30
        let unknown = Line::of(&prices, Address::new("mysql", "b"), None, vec![BilledItem::always("rds:io1-gib", 9)]);
        assert_eq!(Habit::AlwaysOn.usd_per_month(&unknown), None);
        assert!(Habit::AlwaysOn.total(&[line, unknown]).1);
    }
}
