//! What of all stacks is stopped, before and after.

use std::fmt::Write;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::clock::date_text;
use super::money::change_line;
use crate::billing::{Machine, sum_known};
use crate::model::Power;

/// What became of one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It was stopped when it was looked at.
    WasStopped,
    /// It was stopped now.
    Stopped,
    /// It is gone: somebody deleted it.
    Gone,
    /// Nobody waited until it was stopped.
    OnItsWay,
    /// It could not be stopped; the text says why.
    Failed(String),
}

/// A machine before and after.
#[derive(Clone)]
pub struct Stopping {
    /// As it was found at first.
    pub before: Machine,
    /// As it is now; `None` if it is gone.
    pub after: Option<Machine>,
    /// What became of it.
    pub fate: Fate,
}

/// Returns what will be stopped, by stack and region.
pub fn fleet_text(machines: &[Machine]) -> String {
    let mut text = String::new();
    let mut heading = None;
    for machine in machines {
        let place = (machine.stack.as_str(), machine.region.as_str());
        if heading != Some(place) {
            let _ = writeln!(text, "stack `{}` in {}", place.0, place.1);
            heading = Some(place);
        }
        let power = if machine.power == Power::Running { "runs" } else { "on its way" };
        let cost = machine.usd_per_hour.map_or("price unknown".to_owned(), |usd| format!("${usd:.4}/h"));
        let address = machine.address.to_string();
        let _ = writeln!(text, "  {address:<30} {power:<11} {cost:<14} {}", machine.name);
    }
    text
}

/// Returns one line for each thing that needs a word: what was not stopped, what still costs, what starts by itself.
pub fn stopped_notes(all: &[Stopping], zone: &TimeZone) -> Vec<String> {
    let mut notes = vec![];
    for Stopping { before, after, fate } in all {
        let what = format!("`{}` of `{}` in {}", before.address, before.stack, before.region);
        match fate {
            Fate::Failed(why) => notes.push(format!("{what} was not stopped: {why}")),
            Fate::OnItsWay if after.as_ref().is_some_and(|after| after.power == Power::Running) => {
                notes.push(format!("{what} still runs; run `stack down --all-stacks` again"));
            }
            Fate::OnItsWay => notes.push(format!("{what} was left on its way; `stack down --all-stacks` waits for it")),
            Fate::Gone => notes.push(format!("{what} is gone: somebody deleted it")),
            Fate::WasStopped | Fate::Stopped => {}
        }
        let restarts_at = after.as_ref().filter(|after| after.power == Power::Stopped).and_then(|now| now.restarts_at);
        if let Some(moment) = restarts_at {
            let date = date_text(moment, zone);
            notes.push(format!("{what} is started by AWS itself on {date}; run `stack down --all-stacks` again then"));
        }
    }
    notes
}

/// Returns how many were stopped and what is billed before and after.
pub fn stopped_text(all: &[Stopping], regions: usize) -> String {
    let count = |wanted: &Fate| all.iter().filter(|one| one.fate == *wanted).count();
    let (stopped, was_stopped) = (count(&Fate::Stopped), count(&Fate::WasStopped));
    let regions = if regions == 1 { "1 region".to_owned() } else { format!("{regions} regions") };
    let (before, now) = totals(all);
    if all.is_empty() {
        return format!("nothing of any stack is there to be stopped in {regions}");
    }
    format!(
        "{stopped} stopped, {was_stopped} stopped already, {} not stopped in {regions}: {}",
        all.len() - stopped - was_stopped - count(&Fate::Gone),
        change_line(before, now)
    )
}

/// Returns US dollars an hour before and now, each with whether a price is unknown.
fn totals(all: &[Stopping]) -> ((f64, bool), (f64, bool)) {
    let before = sum_known(all.iter().map(|one| one.before.usd_now()));
    (before, sum_known(all.iter().filter_map(|one| one.after.as_ref()).map(Machine::usd_now)))
}

/// Returns the same for programs; `unseen` are regions that could not be looked at, with the cause.
pub fn stopped_json(all: &[Stopping], regions: &[String], unseen: &[(String, String)]) -> Value {
    let (before, now) = totals(all);
    let one = |one: &Stopping| {
        let (state, why) = match &one.fate {
            Fate::WasStopped => ("was_stopped", None),
            Fate::Stopped => ("stopped", None),
            Fate::Gone => ("gone", None),
            Fate::OnItsWay => ("on_its_way", None),
            Fate::Failed(why) => ("failed", Some(why)),
        };
        json!({
            "stack": one.before.stack,
            "address": one.before.address.to_string(),
            "name": one.before.name,
            "region": one.before.region,
            "power": { "before": one.before.power, "now": one.after.as_ref().map(|after| after.power) },
            "usd_per_hour": {
                "before": one.before.usd_now(),
                "now": one.after.as_ref().map_or(Some(0.0), Machine::usd_now),
            },
            "result": state,
            "cause": why,
            "restarts_at": one.after.as_ref().and_then(|after| after.restarts_at),
        })
    };
    json!({
        "version": 1,
        "regions": regions,
        "not_looked_at": unseen.iter().map(|(region, why)| json!({ "region": region, "cause": why })).collect::<Vec<_>>(),
        "machines": all.iter().map(one).collect::<Vec<_>>(),
        "usd_per_hour": { "before": before.0, "now": now.0, "has_unknown": before.1 || now.1 },
    })
}
