//! What runs, since when, what it has cost, and when that ends.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::clock::{date_text, moment_text, span_text};
use super::money::{hourly, money_line};
use crate::billing::{Meter, Rate, Reading};

/// Returns one line: what runs, since when, what it has cost, and the command that stops it; `None` if nothing runs that
/// can be stopped.
pub fn running_line(meter: &Meter, rate: &Rate, zone: &TimeZone) -> Option<String> {
    let running: Vec<String> = meter.running().map(|reading| one(reading, meter.now, zone)).collect();
    if running.is_empty() {
        return None;
    }
    let other = match stop_moment(meter) {
        Some(moment) if moment > meter.now => format!("a schedule does at {}", clock(moment, meter.now, zone)),
        Some(_) => "a schedule does within the hour".to_owned(),
        None => "nothing else does".to_owned(),
    };
    let all = money_line(rate.now());
    Some(format!("still running: {} (all: {all}); `stack down` stops them, {other}", running.join(", ")))
}

fn one(reading: &Reading, now: Timestamp, zone: &TimeZone) -> String {
    let price = hourly(reading.usd_per_hour);
    let since = reading.since.map(|since| {
        let word = if since.is_exact { "since" } else { "at least since" };
        format!(" {word} {}", moment_text(since.moment, now, zone))
    });
    let cost = reading.usd_until(now).map(|usd| format!(", {} so far", dollars(usd)));
    format!("`{}`{} ({price}{})", reading.address, since.unwrap_or_default(), cost.unwrap_or_default())
}

/// Returns the moment at which the last of what runs is stopped by its schedule; `None` if something has none.
fn stop_moment(meter: &Meter) -> Option<Timestamp> {
    let moments: Option<Vec<Timestamp>> = meter.running().map(|reading| reading.stops_at).collect();
    moments?.into_iter().max()
}

fn clock(moment: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let abbreviation = moment.to_zoned(zone.clone()).strftime("%Z").to_string();
    format!("{} {abbreviation} (in {})", moment_text(moment, now, zone), span_text(moment.duration_since(now)))
}

/// Returns an amount that has been spent; what is less than a cent is not nothing.
pub fn dollars(usd: f64) -> String {
    if usd > 0.0 && usd < 0.01 { "less than $0.01".to_owned() } else { format!("${usd:.2}") }
}

/// Returns what will happen by itself: what stops when, and what AWS starts again when.
pub(super) fn by_itself_text(meter: &Meter, zone: &TimeZone) -> String {
    let mut lines: Vec<String> = vec![];
    let running: Vec<&Reading> = meter.running().collect();
    let names = |readings: &[&Reading]| {
        readings.iter().map(|reading| format!("`{}`", reading.address)).collect::<Vec<_>>().join(", ")
    };
    let (scheduled, forever): (Vec<&Reading>, Vec<&Reading>) =
        running.into_iter().partition(|reading| reading.stops_at.is_some());
    if let Some(last) = scheduled.iter().filter_map(|reading| reading.stops_at).max() {
        let when =
            if last > meter.now { format!("at {}", clock(last, meter.now, zone)) } else { "within the hour".into() };
        lines.push(format!("{}: stopped by a schedule {when}; `stack extend 2h` pushes that on", names(&scheduled)));
    }
    if !forever.is_empty() {
        lines.push(format!("{}: nothing stops this by itself; `stack down` does", names(&forever)));
    }
    for reading in &meter.readings {
        let Some(moment) = reading.restarts_at else { continue };
        let date = date_text(moment, zone);
        let then = match reading.stops_at {
            Some(_) => "a schedule stops it again within the hour",
            None => "run `stack down` again then",
        };
        lines.push(format!("`{}`: AWS starts it by itself on {date}; {then}", reading.address));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::{Line, Prices};
    use crate::model::{Address, BilledItem, Power, Since};

    fn meter(power: Power, stops_at: Option<&str>) -> Meter {
        let reading = |kind: &str, name: &str, usd: Option<f64>, since: &str, is_exact: bool| Reading {
            address: Address::new(kind, name),
            name: format!("my-{name}"),
            power: Some(power),
            since: (power == Power::Running).then(|| Since { moment: since.parse().unwrap(), is_exact }),
            usd_per_hour: usd,
            stops_at: stops_at.map(|moment| moment.parse().unwrap()),
            restarts_at: (kind == "mysql" && power == Power::Stopped).then(|| "2026-11-30T13:05:00Z".parse().unwrap()),
        };
        let readings = vec![
            reading("mysql", "sales", Some(0.025), "2026-11-21T08:02:00Z", true),
            reading("redshift", "warehouse", Some(0.544), "2026-11-09T14:05:00Z", false),
        ];
        Meter { now: "2026-11-23T14:05:00Z".parse().unwrap(), readings, trouble: None }
    }

    fn rate() -> Rate {
        let prices = Prices::of_table("us-east-2");
        let line = |kind: &str, name: &str, sku: &str| {
            let items = vec![BilledItem::while_running(sku, 1)];
            Line::of(&prices, Address::new(kind, name), Some(Power::Running), items)
        };
        Rate {
            lines: vec![
                line("mysql", "sales", "rds:db.t4g.micro"),
                line("redshift", "warehouse", "redshift:ra3.large"),
            ],
        }
    }

    #[test]
    fn the_last_line_says_what_runs_since_when_and_how_to_stop_it() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let line = |meter: &Meter| running_line(meter, &rate(), &zone).unwrap_or_default();
        insta::assert_snapshot!(line(&meter(Power::Running, None)), @r"
    still running: `mysql.sales` since Sat 21 Nov 09:02 ($0.025/h, $1.35 so far), `redshift.warehouse` at least since Mon 9 Nov 15:05 ($0.544/h, $182.78 so far) (all: $0.559/h); `stack down` stops them, nothing else does
    ");
        insta::assert_snapshot!(line(&meter(Power::Running, Some("2026-11-23T17:03:00Z"))), @r"
    still running: `mysql.sales` since Sat 21 Nov 09:02 ($0.025/h, $1.35 so far), `redshift.warehouse` at least since Mon 9 Nov 15:05 ($0.544/h, $182.78 so far) (all: $0.559/h); `stack down` stops them, a schedule does at 18:03 CET (in 2 h 58 min)
    ");
        insta::assert_snapshot!(line(&meter(Power::Changing, Some("2026-11-23T10:03:00Z"))), @r"
    still running: `mysql.sales` ($0.025/h), `redshift.warehouse` ($0.544/h) (all: $0.559/h); `stack down` stops them, a schedule does within the hour
    ");
        assert_eq!(line(&meter(Power::Stopped, None)), "");
    }

    #[test]
    fn what_happens_by_itself_is_said() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let text = |meter: &Meter| by_itself_text(meter, &zone);
        insta::assert_snapshot!(text(&meter(Power::Running, None)), @r"
    `mysql.sales`, `redshift.warehouse`: nothing stops this by itself; `stack down` does
    ");
        insta::assert_snapshot!(text(&meter(Power::Running, Some("2026-11-23T17:03:00Z"))), @r"
    `mysql.sales`, `redshift.warehouse`: stopped by a schedule at 18:03 CET (in 2 h 58 min); `stack extend 2h` pushes that on
    ");
        insta::assert_snapshot!(text(&meter(Power::Stopped, Some("2026-11-23T10:03:00Z"))), @r"
    `mysql.sales`: AWS starts it by itself on Monday, 30 November 2026, 14:05 CET; a schedule stops it again within the hour
    ");
        insta::assert_snapshot!(text(&meter(Power::Stopped, None)), @r"
    `mysql.sales`: AWS starts it by itself on Monday, 30 November 2026, 14:05 CET; run `stack down` again then
    ");
    }
}
