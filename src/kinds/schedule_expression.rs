//! What EventBridge Scheduler takes as times: said here, so that a mistake is told with its place in the file.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::base::Finding;

/// The numbers of each field of a cron expression, lowest and highest.
const FIELDS: [(&str, i32, i32); 6] = [
    ("minutes", 0, 59),
    ("hours", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 1, 7),
    ("year", 1970, 2199),
];

/// Checks an expression that stands at `at`.
pub fn check_expression(at: &str, expression: &str) -> Option<Finding> {
    let hint = "such as `cron(0 2 * * ? *)`: minutes, hours, day of the month, month, day of the week, year";
    let problem = |why: String| Some(Finding::error(at, format!("`{expression}` is no schedule: {why}")).hint(hint));
    let parts = expression.split_once('(').and_then(|(kind, rest)| Some((kind, rest.strip_suffix(')')?)));
    match parts {
        Some(("cron", fields)) => problem(cron_problem(fields)?),
        Some(("rate", rate)) => problem(rate_problem(rate)?),
        Some(("at", moment)) if moment.parse::<DateTime>().is_ok() => None,
        Some(("at", _)) => problem("after `at` comes a moment such as `2030-01-31T22:00:00`".into()),
        _ => problem("it is `cron(..)`, `rate(..)` or `at(..)`".into()),
    }
}

/// Checks the name of a time zone that stands at `at`.
pub fn check_time_zone(at: &str, zone: &str) -> Option<Finding> {
    // A machine without a list of zones cannot tell.
    if jiff::tz::db().is_definitively_empty() || TimeZone::get(zone).is_ok() {
        return None;
    }
    let finding = Finding::error(at, format!("there is no time zone `{zone}`"));
    Some(finding.hint("such as `Europe/London` or `UTC`"))
}

fn cron_problem(text: &str) -> Option<String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Some(format!("it has {} fields, AWS wants {}", fields.len(), FIELDS.len()));
    }
    if (fields[2] == "?") == (fields[4] == "?") {
        return Some("exactly one of day of the month and day of the week is `?`".into());
    }
    for (field, (name, low, high)) in fields.iter().zip(FIELDS) {
        let mut words = field.split([',', '-', '/', '#']).map(|word| word.trim_end_matches(['L', 'W']));
        // What is no number is a name, a star or a question mark; a step may be larger than any value.
        let wrong = words.find(|word| word.parse::<i32>().is_ok_and(|number| number > high));
        if let Some(wrong) = wrong {
            return Some(format!("{name} go from {low} to {high}, not to {wrong}"));
        }
        let usual = |letter: char| letter.is_ascii_alphanumeric() || ",-*?/#".contains(letter);
        if !field.chars().all(usual) {
            return Some(format!("`{field}` is nothing for {name}"));
        }
    }
    None
}

fn rate_problem(text: &str) -> Option<String> {
    const UNITS: [&str; 6] = ["minute", "minutes", "hour", "hours", "day", "days"];
    let is_right = text
        .split_once(' ')
        .is_some_and(|(count, unit)| count.parse::<u32>().is_ok_and(|count| count > 0) && UNITS.contains(&unit));
    (!is_right).then(|| "after `rate` come a number and `minutes`, `hours` or `days`".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_in_schedules_are_named() {
        let problem = |text: &str| check_expression("schedule", text).map(|finding| finding.message);
        for right in [
            "cron(0 2 * * ? *)",
            "cron(0/15 8-18 ? * MON-FRI *)",
            "cron(0 0 L * ? 2027)",
            "cron(0 9 ? * 2#1 *)",
            "rate(12 hours)",
            "at(2030-01-31T22:00:00)",
        ] {
            assert_eq!(problem(right), None, "{right}");
        }
        assert!(problem("cron(0 2 * * *)").unwrap().contains("5 fields"));
        assert!(problem("0 2 * * *").unwrap().contains("cron(..)"));
        assert!(problem("cron(0 2 * * * *)").unwrap().contains("exactly one"));
        assert!(problem("cron(0 25 * * ? *)").unwrap().contains("hours go from 0 to 23, not to 25"));
        assert!(problem("rate(0 hours)").is_some() && problem("at(tomorrow)").is_some());
        assert!(check_time_zone("zone", "Europe/London").is_none());
        assert!(check_time_zone("zone", "Europe/Londn").is_some());
    }
}
