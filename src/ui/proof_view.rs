//! What `stack down` proves: the price before and after, and what is still billed and until when.

use std::fmt::Write;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::clock::date_text;
use super::meter_view::by_itself_text;
use super::money::change_line;
use crate::billing::{HOURS_A_MONTH, Meter, Rate};
use crate::model::{Address, Backup};

/// The end of a `stack down`.
#[derive(Debug)]
pub struct Proof {
    /// What the stack cost before.
    pub before: Rate,
    /// What it costs now.
    pub after: Rate,
    /// The meter now.
    pub meter: Meter,
    /// Every copy of data that is kept, with the server that it is of.
    pub backups: Vec<(Address, Backup)>,
}

/// Returns the proof as text.
pub fn proof_text(proof: &Proof, zone: &TimeZone) -> String {
    let mut text = change_line(proof.before.now(), proof.after.now()) + "\n";
    let lasting: Vec<_> = proof.after.lines.iter().filter(|line| line.now().is_none_or(|usd| usd > 0.0)).collect();
    if !lasting.is_empty() || !proof.backups.is_empty() {
        let _ = writeln!(text, "still billed:");
    }
    for line in &lasting {
        let address = line.address.to_string();
        let price = line.now().map_or("at an unknown price".to_owned(), |usd| {
            format!("${usd:.4}/h, ${:.2} a month", usd * HOURS_A_MONTH)
        });
        let until = if line.is_running() { "until it is stopped" } else { "until `stack destroy`" };
        let parts = line.parts.iter().filter(|part| line.is_running() || !part.item.stops);
        let parts = parts.map(|part| part.name.as_str()).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "  {address:<28} {price:<26} {until}: {parts}");
    }
    for (server, backup) in &proof.backups {
        let size = backup.gib.map_or("size unknown".to_owned(), |gib| format!("{gib:.1} GiB"));
        let until = match backup.kept_until {
            Some(moment) => format!("until {}", date_text(moment, zone)),
            None => "until somebody deletes it".to_owned(),
        };
        let word = if backup.is_manual { "snapshot" } else { "automatic backup" };
        let _ = writeln!(text, "  {word} `{}` of `{server}`, {size}, {until}", backup.name);
    }
    let by_itself = by_itself_text(&proof.meter, zone);
    if !by_itself.is_empty() {
        let _ = writeln!(text, "{by_itself}");
    }
    text
}

/// Returns what is still billed, as JSON.
pub fn proof_json(proof: &Proof) -> Value {
    let lines = proof.after.lines.iter().map(|line| json!({ "address": line.address, "usd_per_hour": line.now() }));
    let backups = proof.backups.iter().map(|(server, backup)| json!({ "of": server, "backup": backup }));
    json!({
        "resources": lines.collect::<Vec<_>>(),
        "backups": backups.collect::<Vec<_>>(),
        "meter": proof.meter.readings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::{Line, Prices, Reading};
    use crate::model::{BilledItem, Power};

    #[test]
    fn what_is_still_billed_is_said_with_its_end() {
        let prices = Prices::of_table("us-east-2");
        let line = |kind: &str, name: &str, power, items| Line::of(&prices, Address::new(kind, name), power, items);
        let (stops, lasts) = (BilledItem::while_running, BilledItem::always);
        let rate = |power| {
            let mysql = vec![stops("rds:db.t4g.micro", 1), lasts("rds:gp3-gib", 20), lasts("secretsmanager:secret", 1)];
            let redshift = vec![stops("redshift:ra3.large", 1), lasts("redshift:q9-storage", 1)];
            let endpoint = vec![lasts("vpc:interface-endpoint", 1)];
            let lines = vec![
                line("endpoint", "secretsmanager", None, endpoint),
                line("mysql", "sales", Some(power), mysql),
                line("redshift", "warehouse", Some(power), redshift),
            ];
            Rate { lines }
        };
        let reading = Reading {
            address: Address::new("mysql", "sales"),
            name: "data-engineering-aws".into(),
            power: Some(Power::Stopped),
            since: None,
            usd_per_hour: Some(0.0253),
            stops_at: Some("2026-11-23T17:03:00Z".parse().unwrap()),
            restarts_at: Some("2026-11-30T13:05:00Z".parse().unwrap()),
        };
        let backup = |name: &str, gib, until: Option<&str>| Backup {
            name: name.into(),
            gib,
            taken_at: None,
            kept_until: until.map(|moment| moment.parse().unwrap()),
            is_manual: until.is_none(),
        };
        let proof = Proof {
            before: rate(Power::Running),
            after: rate(Power::Stopped),
            meter: Meter { now: "2026-11-23T13:05:00Z".parse().unwrap(), readings: vec![reading], trouble: None },
            backups: vec![
                (Address::new("mysql", "sales"), backup("before-2027", Some(20.0), None)),
                (Address::new("redshift", "warehouse"), backup("rs:dw-1", None, Some("2026-11-24T13:00:00Z"))),
            ],
        };
        insta::assert_snapshot!(proof_text(&proof, &TimeZone::UTC), @r"
    $0.573/h + an unknown price before, $0.014/h + an unknown price now
    still billed:
      endpoint.secretsmanager      $0.0100/h, $7.30 a month   until `stack destroy`: Interface endpoint in one zone
      mysql.sales                  $0.0037/h, $2.70 a month   until `stack destroy`: RDS storage gp3, Secrets Manager, a secret
      redshift.warehouse           at an unknown price        until `stack destroy`: redshift:q9-storage
      snapshot `before-2027` of `mysql.sales`, 20.0 GiB, until somebody deletes it
      automatic backup `rs:dw-1` of `redshift.warehouse`, size unknown, until Tuesday, 24 November 2026, 13:00 UTC
    `mysql.sales`: AWS starts it by itself on Monday, 30 November 2026, 13:05 UTC; a schedule stops it again within the hour
    ");
    }
}
