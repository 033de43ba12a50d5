//! Moments and spans, in the person's own time zone.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Says a moment as the person's clock shows it; the day is left out if it is that of `now`.
pub fn moment_text(moment: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (then, today) = (moment.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let form = match then.date() {
        date if date == today.date() => "%H:%M",
        date if date.year() == today.year() => "%a %-d %b %H:%M",
        _ => "%-d %b %Y %H:%M",
    };
    then.strftime(form).to_string()
}

/// Says a moment with its day and its zone.
pub fn date_text(moment: Timestamp, zone: &TimeZone) -> String {
    moment.to_zoned(zone.clone()).strftime("%A, %-d %B %Y, %H:%M %Z").to_string()
}

/// Says what time it is here: `14:05 CET (Europe/Berlin)`.
pub fn clock_text(now: Timestamp, zone: &TimeZone) -> String {
    let here = now.to_zoned(zone.clone());
    let name = zone.iana_name().filter(|name| *name != "UTC").map(|name| format!(" ({name})")).unwrap_or_default();
    format!("{}{name}", here.strftime("%H:%M:%S %Z"))
}

/// Says how long something is: `3 d 4 h`, `4 h 3 min`, `12 min`, `40 s`.
pub fn span_text(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_person() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now: Timestamp = "2026-11-23T23:30:00Z".parse().unwrap();
        let text = |moment: &str| moment_text(moment.parse().unwrap(), now, &zone);
        // By the clock of Berlin it is tomorrow already.
        assert_eq!(text("2026-11-24T00:05:00Z"), "01:05");
        assert_eq!(text("2026-11-23T22:59:00Z"), "Mon 23 Nov 23:59");
        assert_eq!(text("2025-12-31T22:59:00Z"), "31 Dec 2025 23:59");
        assert_eq!(clock_text(now, &zone), "00:30:00 CET (Europe/Berlin)");
        assert_eq!(clock_text(now, &TimeZone::UTC), "23:30:00 UTC");
        assert_eq!(date_text(now, &zone), "Tuesday, 24 November 2026, 00:30 CET");
    }

    #[test]
    fn spans_have_two_units_at_most() {
        for (seconds, text) in [(40, "40 s"), (720, "12 min"), (14_580, "4 h 3 min"), (273_600, "3 d 4 h"), (-5, "0 s")]
        {
            assert_eq!(span_text(SignedDuration::from_secs(seconds)), text);
        }
    }
}
