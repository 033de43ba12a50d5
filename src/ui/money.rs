//! Money, on every screen that starts, stops or leaves running something billed.

use crate::billing::Rate;
use crate::model::Address;

/// Returns US dollars an hour; with an unknown part it says so.
pub fn money_line((usd, has_unknown): (f64, bool)) -> String {
    let more = if has_unknown { " + an unknown price" } else { "" };
    format!("${usd:.3}/h{more}")
}

/// Returns what a change does to the price of one resource; `None` if nothing.
pub(super) fn price_change(before: &Rate, after: &Rate, address: &Address) -> Option<String> {
    let text = |rate: &Rate| match rate.of(address).map(crate::billing::Line::now) {
        Some(Some(usd)) => format!("${usd:.4}/h"),
        Some(None) => "unknown price".to_owned(),
        None => "$0/h".to_owned(),
    };
    let (before, after) = (text(before), text(after));
    (before != after).then(|| format!("{before} -> {after}"))
}
