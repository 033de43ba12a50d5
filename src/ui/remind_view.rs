//! What runs and costs money, in one line.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::clock::{moment_text, span_text};
use super::meter_view::dollars;
use crate::billing::Running;

/// When an answer was true, and how it is told.
#[derive(Debug, Clone)]
pub struct Telling<'a> {
    /// What time it was at AWS.
    pub at: Timestamp,
    /// Whether that was at an earlier command, so that the time must be said.
    pub is_old: bool,
    /// The command that stops it.
    pub stop: &'a str,
    /// The time zone of the person.
    pub zone: TimeZone,
}

/// Returns what runs, since when, what it has cost, and the command that stops it; `None` if nothing runs.
pub fn remind_line(running: &[Running], telling: &Telling<'_>) -> Option<String> {
    let parts: Vec<String> = running.iter().map(|one| part(one, telling)).collect();
    let together = match running {
        [] => return None,
        [_] => String::new(),
        _ => format!("; together {}", money(usd_so_far(running, telling.at), rate(running))),
    };
    let it = if running.len() == 1 { "it" } else { "them" };
    let old = match telling.is_old {
        true => format!(" (as of {})", moment_text(telling.at, Timestamp::now(), &telling.zone)),
        false => String::new(),
    };
    Some(format!("running: {}{together}; `{}` stops {it}{old}", parts.join(", "), telling.stop))
}

/// Returns the same for programs, also when nothing runs.
pub fn remind_json(running: &[Running], telling: &Telling<'_>) -> Value {
    let one = |one: &Running| {
        json!({
            "stack": one.stack,
            "address": one.address.to_string(),
            "name": one.name,
            "since": one.since,
            "usd_per_hour": one.usd_per_hour,
            "usd_so_far": usd(one, telling.at),
        })
    };
    json!({
        "version": 1,
        "at": telling.at,
        "is_old": telling.is_old,
        "running": running.iter().map(one).collect::<Vec<_>>(),
        "usd_per_hour": rate(running),
        "stop": telling.stop,
    })
}

fn part(one: &Running, telling: &Telling<'_>) -> String {
    let since = match one.since {
        Some(since) => {
            let word = if since.is_exact { "since" } else { "at least since" };
            let from = moment_text(since.moment, telling.at, &telling.zone);
            format!(" {word} {from} ({})", span_text(telling.at.duration_since(since.moment)))
        }
        None => String::new(),
    };
    format!("`{}` of `{}`{since} {}", one.address, one.stack, money(usd(one, telling.at), one.usd_per_hour))
}

fn money(so_far: Option<f64>, per_hour: Option<f64>) -> String {
    match (so_far, per_hour) {
        (Some(so_far), Some(per_hour)) => format!("{} so far, ${per_hour:.3}/h", dollars(so_far)),
        (None, Some(per_hour)) => format!("${per_hour:.3}/h"),
        _ => "price unknown".to_owned(),
    }
}

/// Returns US dollars since it began to run; `None` if that or the price is unknown.
fn usd(one: &Running, at: Timestamp) -> Option<f64> {
    Some(one.since?.usd_until(at, one.usd_per_hour?))
}

fn usd_so_far(running: &[Running], at: Timestamp) -> Option<f64> {
    running.iter().map(|one| usd(one, at)).sum()
}

fn rate(running: &[Running]) -> Option<f64> {
    running.iter().map(|one| one.usd_per_hour).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Since};

    fn one(name: &str, usd_per_hour: Option<f64>, since: Option<(&str, bool)>) -> Running {
        Running {
            stack: "shop".into(),
            address: Address::parse(name).unwrap(),
            name: "shop-db".into(),
            usd_per_hour,
            since: since.map(|(moment, is_exact)| Since { moment: moment.parse().unwrap(), is_exact }),
        }
    }

    fn line(running: &[Running], is_old: bool) -> String {
        let at = "2020-11-23T12:30:00Z".parse().unwrap();
        let telling = Telling { at, is_old, stop: "stack down --all-stacks", zone: TimeZone::UTC };
        remind_line(running, &telling).unwrap_or_default()
    }

    #[test]
    fn one_line_says_what_since_when_and_how_much() {
        let mysql = one("mysql.sales", Some(0.022), Some(("2020-11-23T09:14:00Z", true)));
        let redshift = one("redshift.warehouse", Some(0.543), Some(("2020-11-21T09:14:00Z", false)));
        insta::assert_snapshot!(line(std::slice::from_ref(&mysql), false), @"running: `mysql.sales` of `shop` since 09:14 (3 h 16 min) $0.07 so far, $0.022/h; `stack down --all-stacks` stops it");
        insta::assert_snapshot!(line(&[mysql.clone(), redshift], true), @"running: `mysql.sales` of `shop` since 09:14 (3 h 16 min) $0.07 so far, $0.022/h, `redshift.warehouse` of `shop` at least since Sat 21 Nov 09:14 (2 d 3 h) $27.84 so far, $0.543/h; together $27.91 so far, $0.565/h; `stack down --all-stacks` stops them (as of 23 Nov 2020 12:30)");
        assert_eq!(line(&[], false), "");
    }

    #[test]
    fn what_is_unknown_is_said_to_be_unknown() {
        let mysql = one("mysql.sales", None, Some(("2020-11-23T12:14:00Z", true)));
        let redshift = one("redshift.warehouse", Some(0.543), None);
        insta::assert_snapshot!(line(&[mysql.clone(), redshift.clone()], false), @"running: `mysql.sales` of `shop` since 12:14 (16 min) price unknown, `redshift.warehouse` of `shop` $0.543/h; together price unknown; `stack down --all-stacks` stops them");
        insta::assert_snapshot!(line(&[redshift], false), @"running: `redshift.warehouse` of `shop` $0.543/h; `stack down --all-stacks` stops it");
    }
}
