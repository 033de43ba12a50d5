//! What exists, whether it runs, and what it costs.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::billing::Rate;
use crate::model::{Address, Power};

use super::money::money_line;

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

/// Returns the status as text.
pub fn status_text(lines: &[StatusLine], rate: &Rate) -> String {
    let mut text = String::new();
    for line in lines {
        let power = match line.power {
            Some(Power::Running) => "running",
            Some(Power::Stopped) => "stopped",
            Some(Power::Changing) => "changing",
            None => "",
        };
        let cost = rate.lines.iter().find(|cost| cost.address == line.address && line.state != "absent");
        let cost =
            cost.map_or(String::new(), |cost| cost.now().map_or("price unknown".into(), |usd| format!("${usd:.4}/h")));
        let address = line.address.to_string();
        let row = format!("{address:<34} {:<12} {power:<9} {cost:<12} {}", line.state, line.name);
        let _ = writeln!(text, "{}", row.trim_end());
    }
    let (now, stopped) = (money_line(rate.now()), money_line(rate.stopped()));
    let _ = writeln!(text, "{now} now, {stopped} when everything is stopped");
    text
}

/// Returns the status as JSON.
pub fn status_json(lines: &[StatusLine], rate: &Rate) -> Value {
    let line = |line: &StatusLine| {
        let cost = rate.lines.iter().find(|cost| cost.address == line.address);
        json!({
            "address": line.address.to_string(),
            "name": line.name,
            "state": line.state,
            "power": line.power,
            "usd_per_hour": cost.and_then(crate::billing::Line::now),
        })
    };
    json!({
        "version": 1,
        "resources": lines.iter().map(line).collect::<Vec<_>>(),
        "usd_per_hour": { "now": rate.now().0, "stopped": rate.stopped().0 },
    })
}
