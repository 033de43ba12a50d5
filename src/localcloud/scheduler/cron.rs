//! Expressions of six fields: minutes, hours, day of the month, month, day of the week, year.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const LAST_YEAR: i16 = 2199;

/// How many days are looked at: the rarest days, such as a 29th of February on a Monday, come within forty years.
const MOST_DAYS: usize = 366 * 41;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: BTreeSet<i16>,
    hours: BTreeSet<i16>,
    months: BTreeSet<i16>,
    years: BTreeSet<i16>,
    days: Vec<Day>,
}

/// One way to name days; days of the week count from 1, Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    OfMonth(i16),
    /// The weekday, Monday to Friday, nearest to a day of the month.
    NearestWorkday(i16),
    LastOfMonth,
    OfWeek(i16),
    /// The n-th of its kind in a month.
    NthOfWeek(i16, i16),
    LastOfWeek(i16),
}

impl Cron {
    /// Reads the six fields.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, of_month, months, of_week, years] = fields.as_slice() else { return None };
        let days = match (*of_month, *of_week) {
            ("?", of_week) if of_week != "?" => days_of_week(of_week)?,
            (of_month, "?") if of_month != "?" => days_of_month(of_month)?,
            _ => return None,
        };
        Some(Self {
            minutes: numbers(minutes, 0, 59, &[])?,
            hours: numbers(hours, 0, 23, &[])?,
            months: numbers(months, 1, 12, &MONTHS)?,
            years: numbers(years, 1970, LAST_YEAR, &[])?,
            days,
        })
    }

    /// Returns the first moment after `after`. A time that the clocks leave out in spring does not come on that day, and
    /// one that they repeat in autumn comes once.
    pub(super) fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut date = zone.to_datetime(after).date();
        for _ in 0..MOST_DAYS {
            if date.year() > LAST_YEAR {
                return None;
            }
            if self.has(date)
                && let Some(moment) = self.on(date, after, zone)
            {
                return Some(moment);
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn on(&self, date: Date, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let times = self.hours.iter().flat_map(|hour| self.minutes.iter().map(move |minute| (*hour, *minute)));
        let moments = times.filter_map(|(hour, minute)| {
            let local = date.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
            let moment = zone.to_ambiguous_timestamp(local);
            if matches!(moment.offset(), AmbiguousOffset::Gap { .. }) {
                return None;
            }
            moment.earlier().ok()
        });
        moments.filter(|moment| *moment > after).min()
    }

    fn has(&self, date: Date) -> bool {
        self.years.contains(&date.year())
            && self.months.contains(&i16::from(date.month()))
            && self.days.iter().any(|day| day.is(date))
    }
}

impl Day {
    fn is(self, date: Date) -> bool {
        let (day, last) = (i16::from(date.day()), i16::from(date.days_in_month()));
        let weekday = weekday(date);
        match self {
            Self::OfMonth(wanted) => day == wanted,
            Self::LastOfMonth => day == last,
            Self::NearestWorkday(wanted) => wanted <= last && nearest_workday(date, wanted) == Some(day),
            Self::OfWeek(wanted) => weekday == wanted,
            Self::NthOfWeek(wanted, nth) => weekday == wanted && (day - 1) / 7 + 1 == nth,
            Self::LastOfWeek(wanted) => weekday == wanted && day + 7 > last,
        }
    }
}

/// Returns the day of the week, from 1, Sunday.
fn weekday(date: Date) -> i16 {
    i16::from(date.weekday().to_sunday_one_offset())
}

/// Returns the Monday to Friday nearest to a day of the month of `date`, within that month.
fn nearest_workday(date: Date, wanted: i16) -> Option<i16> {
    let last = i16::from(date.days_in_month());
    let aim = Date::new(date.year(), date.month(), i8::try_from(wanted).ok()?).ok()?;
    Some(match aim.weekday() {
        Weekday::Saturday if wanted > 1 => wanted - 1,
        Weekday::Saturday => wanted + 2,
        Weekday::Sunday if wanted < last => wanted + 1,
        Weekday::Sunday => wanted - 2,
        _ => wanted,
    })
}

fn days_of_month(field: &str) -> Option<Vec<Day>> {
    let mut days = vec![];
    for piece in field.split(',') {
        if piece == "L" {
            days.push(Day::LastOfMonth);
        } else if let Some(day) = piece.strip_suffix('W') {
            days.push(Day::NearestWorkday(number(day, 1, 31, &[])?));
        } else {
            days.extend(numbers(piece, 1, 31, &[])?.into_iter().map(Day::OfMonth));
        }
    }
    Some(days)
}

fn days_of_week(field: &str) -> Option<Vec<Day>> {
    let mut days = vec![];
    for piece in field.split(',') {
        if let Some((day, nth)) = piece.split_once('#') {
            days.push(Day::NthOfWeek(number(day, 1, 7, &WEEKDAYS)?, number(nth, 1, 5, &[])?));
        } else if piece == "L" {
            days.push(Day::OfWeek(7));
        } else if let Some(day) = piece.strip_suffix('L') {
            days.push(Day::LastOfWeek(number(day, 1, 7, &WEEKDAYS)?));
        } else {
            days.extend(numbers(piece, 1, 7, &WEEKDAYS)?.into_iter().map(Day::OfWeek));
        }
    }
    Some(days)
}

/// Reads lists, ranges and steps of numbers, or of the names that stand for them from `low` on.
fn numbers(field: &str, low: i16, high: i16, names: &[&str]) -> Option<BTreeSet<i16>> {
    let mut found = BTreeSet::new();
    for piece in field.split(',') {
        let (range, step) = match piece.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|step| *step > 0)?)),
            None => (piece, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((first, last)) => (number(first, low, high, names)?, number(last, low, high, names)?),
            None => {
                let first = number(range, low, high, names)?;
                (first, if step.is_some() { high } else { first })
            }
        };
        if first > last {
            return None;
        }
        found.extend((first..=last).step_by(step.unwrap_or(1)));
    }
    Some(found)
}

fn number(text: &str, low: i16, high: i16, names: &[&str]) -> Option<i16> {
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    let value = match named {
        Some(position) => low + i16::try_from(position).ok()?,
        None => text.parse().ok().filter(|_| text.bytes().all(|letter| letter.is_ascii_digit()))?,
    };
    (low..=high).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the next times in a zone, as people there read them.
    fn times(expression: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let cron = Cron::parse(expression).unwrap();
        let mut moment: Timestamp = from.parse().unwrap();
        let step = |_| {
            moment = cron.next(moment, &zone).unwrap();
            moment.to_zoned(zone.clone()).strftime("%F %R %Z").to_string()
        };
        (0..count).map(step).collect()
    }

    #[test]
    fn a_time_that_spring_leaves_out_does_not_come_that_day() {
        let london = times("30 1 * * ? *", "Europe/London", "2026-03-28T00:00:00Z", 3);
        assert_eq!(london, ["2026-03-28 01:30 GMT", "2026-03-30 01:30 BST", "2026-03-31 01:30 BST"]);
    }

    #[test]
    fn a_time_that_autumn_repeats_comes_once() {
        let london = times("30 1 * * ? *", "Europe/London", "2026-10-24T12:00:00Z", 2);
        assert_eq!(london, ["2026-10-25 01:30 BST", "2026-10-26 01:30 GMT"]);
        let halves = times("0/30 * * * ? *", "Europe/London", "2026-10-25T00:00:00Z", 3);
        assert_eq!(halves, ["2026-10-25 01:30 BST", "2026-10-25 02:00 GMT", "2026-10-25 02:30 GMT"]);
    }

    #[test]
    fn nights_keep_their_hour_of_the_clock() {
        let nights = times("0 2 * * ? *", "America/Chicago", "2026-10-31T12:00:00Z", 2);
        assert_eq!(nights, ["2026-11-01 02:00 CST", "2026-11-02 02:00 CST"]);
    }

    #[test]
    fn days_have_many_names() {
        let next = |expression: &str| times(expression, "UTC", "2026-11-23T12:00:00Z", 2).join(", ");
        assert_eq!(next("0 22 ? * MON-FRI *"), "2026-11-23 22:00 UTC, 2026-11-24 22:00 UTC");
        assert_eq!(next("0 0 L * ? *"), "2026-11-30 00:00 UTC, 2026-12-31 00:00 UTC");
        assert_eq!(next("0 0 ? * 6L *"), "2026-11-27 00:00 UTC, 2026-12-25 00:00 UTC");
        assert_eq!(next("0 0 ? * 3#2 *"), "2026-12-08 00:00 UTC, 2027-01-12 00:00 UTC");
        assert_eq!(next("0 0 1W * ? *"), "2026-12-01 00:00 UTC, 2027-01-01 00:00 UTC");
        assert_eq!(next("0 0 15W 8 ? 2027-2028"), "2027-08-16 00:00 UTC, 2028-08-15 00:00 UTC");
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        for wrong in [
            "0 2 * * *",
            "0 2 * * * *",
            "0 2 ? * ? *",
            "60 2 * * ? *",
            "0 24 * * ? *",
            "0 2 ? * 8 *",
            "0 2 0 * ? *",
            "0 5-2 * * ? *",
            "0/0 2 * * ? *",
        ] {
            assert_eq!(Cron::parse(wrong), None, "{wrong}");
        }
    }
}
