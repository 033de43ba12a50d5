//! What exists, whether it runs, since when, and what it costs.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::clock::{clock_text, moment_text, span_text};
use super::meter_view::{by_itself_text, dollars};
use super::money::money_line;
use crate::billing::{Line, Meter, Rate, Reading};
use crate::model::{Address, Power};

/// One resource.
#[derive(Debug, Clone)]
pub struct StatusLine {
    /// Its address.
    pub address: Address,
    /// The name by which AWS knows it; empty if it does not exist.
    pub name: String,
    /// `ready`, `absent`, or AWS's own status.
    pub state: String,
    /// Whether it runs.
    pub power: Option<Power>,
}

fn power_word(power: Option<Power>) -> &'static str {
    match power {
        Some(Power::Running) => "running",
        Some(Power::Stopped) => "stopped",
        Some(Power::Changing) => "changing",
        None => "",
    }
}

/// Returns the status as text: what is billed by the hour last, next to where a person types.
pub fn status_text(lines: &[StatusLine], rate: &Rate, meter: &Meter, zone: &TimeZone) -> String {
    let is_billed = |line: &&StatusLine| line.state != "absent" && rate.of(&line.address).is_some();
    let (billed, others): (Vec<&StatusLine>, Vec<&StatusLine>) = lines.iter().partition(is_billed);
    let mut text = String::new();
    for line in others {
        let row = format!("{:<38} {:<9} {}", line.address.to_string(), line.state, line.name);
        let _ = writeln!(text, "{}", row.trim_end());
    }
    if !billed.is_empty() {
        let _ = writeln!(text, "\n{}", heading());
    }
    for line in billed {
        let word = match line.power {
            Some(_) if line.state == "ready" => power_word(line.power),
            _ => line.state.as_str(),
        };
        let _ = writeln!(text, "{}", row((&line.address, word), rate, meter, (meter.now, zone)));
    }
    let _ = writeln!(text, "\n{}", totals_text(rate, meter, meter.now, zone));
    text
}

/// Returns what is billed by the hour, with the meter as it stands at `now`: for a screen that counts up.
pub fn meter_text(rate: &Rate, meter: &Meter, now: Timestamp, zone: &TimeZone) -> String {
    let mut text = format!("{}\n", heading());
    for reading in &meter.readings {
        let _ = writeln!(text, "{}", row((&reading.address, power_word(reading.power)), rate, meter, (now, zone)));
    }
    let _ = writeln!(text, "\n{}", totals_text(rate, meter, now, zone));
    text
}

fn heading() -> String {
    format!("{:<28} {:<10} {:>10}  {:<27} {:>9}  name", "billed by the hour", "", "now", "since", "so far")
}

fn row((address, state): (&Address, &str), rate: &Rate, meter: &Meter, (now, zone): (Timestamp, &TimeZone)) -> String {
    let price = rate.of(address).map(|line| price_text(line.now())).unwrap_or_default();
    let reading = meter.readings.iter().find(|reading| reading.address == *address);
    let since = reading.map(|reading| since_text(reading, now, zone)).unwrap_or_default();
    let spent = reading.and_then(|reading| reading.usd_until(now)).map(|usd| format!("${usd:.4}")).unwrap_or_default();
    let name = reading.map_or("", |reading| reading.name.as_str());
    format!("{:<28} {state:<10} {price:>10}  {since:<27} {spent:>9}  {name}", address.to_string())
}

fn price_text(usd: Option<f64>) -> String {
    usd.map_or("unknown".into(), |usd| format!("${usd:.4}/h"))
}

fn since_text(reading: &Reading, now: Timestamp, zone: &TimeZone) -> String {
    let Some(since) = reading.since else { return String::new() };
    let more = if since.is_exact { "" } else { "before " };
    format!("{more}{} ({})", moment_text(since.moment, now, zone), span_text(now.duration_since(since.moment)))
}

/// Returns what all of it costs, what will happen by itself, and by which clock.
fn totals_text(rate: &Rate, meter: &Meter, now: Timestamp, zone: &TimeZone) -> String {
    let (at_rest, running) = (money_line(rate.stopped()), meter.running().count());
    let mut text = format!("{} now, {at_rest} when everything is stopped", money_line(rate.now()));
    if running > 0 {
        let (usd, is_partial) = meter.usd_until(now);
        let more = if is_partial { ", and what is not known" } else { "" };
        let _ = write!(text, "\n{}{more} spent on what runs since it began to run", dollars(usd));
    }
    if let Some(trouble) = &meter.trouble {
        let _ = write!(text, "\nsince when something runs is not known: {trouble}");
    }
    let by_itself = by_itself_text(&Meter { now, ..meter.clone() }, zone);
    if !by_itself.is_empty() {
        let _ = write!(text, "\n{by_itself}");
    }
    let _ = write!(text, "\nnow it is {}", clock_text(now, zone));
    text
}

/// Returns the status as JSON.
pub fn status_json(lines: &[StatusLine], rate: &Rate, meter: &Meter) -> Value {
    let line = |line: &StatusLine| {
        let reading = meter.readings.iter().find(|reading| reading.address == line.address);
        json!({
            "address": line.address.to_string(),
            "name": line.name,
            "state": line.state,
            "power": line.power,
            "usd_per_hour": rate.of(&line.address).and_then(Line::now),
            "since": reading.and_then(|reading| reading.since),
            "usd_since": reading.and_then(|reading| reading.usd_until(meter.now)),
            "stops_at": reading.and_then(|reading| reading.stops_at),
            "restarts_at": reading.and_then(|reading| reading.restarts_at),
        })
    };
    let (usd, is_partial) = meter.usd_until(meter.now);
    json!({
        "version": 1,
        "now": meter.now,
        "resources": lines.iter().map(line).collect::<Vec<_>>(),
        "usd_per_hour": { "now": rate.now().0, "stopped": rate.stopped().0 },
        "usd_since": { "running": usd, "is_partial": is_partial },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::Prices;
    use crate::model::{BilledItem, Since};

    fn world() -> (Vec<StatusLine>, Rate, Meter) {
        let line = |kind: &str, name: &str, state: &str, power| StatusLine {
            address: Address::new(kind, name),
            name: if state == "absent" { String::new() } else { format!("uk-{name}") },
            state: state.into(),
            power,
        };
        let lines = vec![
            line("bucket", "input", "ready", None),
            line("endpoint", "secretsmanager", "ready", None),
            line("mysql", "sales", "ready", Some(Power::Running)),
            line("redshift", "warehouse", "paused", Some(Power::Stopped)),
            line("dashboard", "main", "absent", None),
        ];
        let prices = Prices::of_table("us-east-2");
        let cost = |kind: &str, name: &str, power, items| Line::of(&prices, Address::new(kind, name), power, items);
        let (stops, lasts) = (BilledItem::while_running, BilledItem::always);
        let rate = Rate {
            lines: vec![
                cost("endpoint", "secretsmanager", None, vec![lasts("vpc:interface-endpoint", 1)]),
                cost("mysql", "sales", Some(Power::Running), vec![stops("rds:db.t4g.micro", 1)]),
                cost("redshift", "warehouse", Some(Power::Stopped), vec![stops("redshift:q9.huge", 1)]),
            ],
        };
        let reading = |kind: &str, name: &str, power, since: Option<&str>, usd_per_hour| Reading {
            address: Address::new(kind, name),
            name: format!("uk-{name}"),
            power,
            since: since.map(|moment| Since { moment: moment.parse().unwrap(), is_exact: true }),
            usd_per_hour,
            stops_at: Some("2026-11-23T17:03:00Z".parse().unwrap()).filter(|_| kind == "mysql"),
            restarts_at: None,
        };
        let readings = vec![
            reading("endpoint", "secretsmanager", None, Some("2026-11-20T08:00:00Z"), Some(0.01)),
            reading("mysql", "sales", Some(Power::Running), Some("2026-11-23T09:02:00Z"), Some(0.0253)),
            reading("redshift", "warehouse", Some(Power::Stopped), None, None),
        ];
        (lines, rate, Meter { now: "2026-11-23T13:05:00Z".parse().unwrap(), readings, trouble: None })
    }

    #[test]
    fn the_status_names_everything() {
        let (lines, rate, meter) = world();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        insta::assert_snapshot!(status_text(&lines, &rate, &meter, &zone), @r"
    bucket.input                           ready     uk-input
    dashboard.main                         absent

    billed by the hour                             now  since                          so far  name
    endpoint.secretsmanager      ready       $0.0100/h  Fri 20 Nov 09:00 (3 d 5 h)    $0.7708  uk-secretsmanager
    mysql.sales                  running     $0.0160/h  10:02 (4 h 3 min)             $0.1025  uk-sales
    redshift.warehouse           paused      $0.0000/h                                         uk-warehouse

    $0.026/h now, $0.010/h when everything is stopped
    $0.10 spent on what runs since it began to run
    `mysql.sales`: stopped by a schedule at 18:03 CET (in 3 h 58 min); `stack extend 2h` pushes that on
    now it is 14:05:00 CET (Europe/Berlin)
    ");
        let later = "2026-11-23T13:05:01Z".parse().unwrap();
        insta::assert_snapshot!(meter_text(&rate, &meter, later, &zone), @r"
    billed by the hour                             now  since                          so far  name
    endpoint.secretsmanager                  $0.0100/h  Fri 20 Nov 09:00 (3 d 5 h)    $0.7708  uk-secretsmanager
    mysql.sales                  running     $0.0160/h  10:02 (4 h 3 min)             $0.1025  uk-sales
    redshift.warehouse           stopped     $0.0000/h                                         uk-warehouse

    $0.026/h now, $0.010/h when everything is stopped
    $0.10 spent on what runs since it began to run
    `mysql.sales`: stopped by a schedule at 18:03 CET (in 3 h 57 min); `stack extend 2h` pushes that on
    now it is 14:05:01 CET (Europe/Berlin)
    ");
    }
}
