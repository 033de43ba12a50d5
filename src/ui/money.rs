//! Money, on every screen that starts, stops or leaves running something billed.

use crate::billing::{HOURS_A_MONTH, Line, Rate};
use crate::model::{Action, Address};

/// Returns US dollars an hour; with an unknown part it says so.
pub fn money_line((usd, has_unknown): (f64, bool)) -> String {
    let more = if has_unknown { " + an unknown price" } else { "" };
    format!("${usd:.3}/h{more}")
}

/// Returns US dollars an hour before and after something was started or stopped.
pub fn change_line(before: (f64, bool), now: (f64, bool)) -> String {
    format!("{} before, {} now", money_line(before), money_line(now))
}

/// Returns the price of one thing by the hour, in a sentence.
pub fn hourly(usd: Option<f64>) -> String {
    usd.map_or("price unknown".to_owned(), |usd| format!("${usd:.3}/h"))
}

/// Returns US dollars with their sign in front: `+$0.0160`.
fn signed(usd: f64, decimals: usize) -> String {
    let sign = if usd < 0.0 { '-' } else { '+' };
    format!("{sign}${:.decimals$}", usd.abs())
}

/// Returns an amount of US dollars of which a part may be unknown.
pub(super) fn at_least((usd, has_unknown): (f64, bool), decimals: usize) -> String {
    let least = if has_unknown { "at least " } else { "" };
    format!("{least}${usd:.decimals$}")
}

/// What one resource costs before and after a change, in US dollars an hour. The outer `None` is a resource that is
/// not there or costs nothing, the inner one an unknown price.
pub(super) type Prices = (Option<Option<f64>>, Option<Option<f64>>);

/// Returns what a resource costs before and after a change. What is deleted under the same address as what is made
/// has a change of its own.
pub(super) fn prices(before: &Rate, after: &Rate, (address, action): (&Address, Action)) -> Prices {
    let price = |rate: &Rate| rate.of(address).map(Line::now);
    let before = if action == Action::Create { None } else { price(before) };
    (before, if action == Action::Delete { None } else { price(after) })
}

/// Returns what a change does to the price of one resource; `None` if nothing.
pub(super) fn price_change((before, after): Prices) -> Option<String> {
    let text = |price: Option<Option<f64>>| match price {
        Some(Some(usd)) => format!("${usd:.4}/h"),
        Some(None) => "unknown price".to_owned(),
        None => "$0/h".to_owned(),
    };
    let difference = match (before, after) {
        (Some(None), _) | (_, Some(None)) => String::new(),
        (before, after) => {
            let usd = |price: Option<Option<f64>>| price.flatten().unwrap_or_default();
            format!(" ({})", signed(usd(after) - usd(before), 4))
        }
    };
    let (before, after) = (text(before), text(after));
    (before != after).then(|| format!("{before} -> {after}{difference}"))
}

/// Returns what a plan does to the price of the whole in US dollars: by the hour as it is used now, and by the month if
/// nothing is ever stopped. `None` if the price of something that changes is unknown.
pub(super) fn differences(before: &Rate, after: &Rate) -> Option<(f64, f64)> {
    let unknown = |rate: &Rate| {
        let parts = rate.lines.iter().flat_map(|line| line.parts.iter().map(move |part| (line, part)));
        let parts = parts.filter(|(_, part)| part.usd_per_hour.is_none());
        let mut all: Vec<_> =
            parts.map(|(line, part)| (line.address.clone(), part.item.sku.clone(), part.item.units)).collect();
        all.sort_unstable();
        all
    };
    let month = (after.running().0 - before.running().0) * HOURS_A_MONTH;
    (unknown(before) == unknown(after)).then(|| (after.now().0 - before.now().0, month))
}

/// Returns what a plan does to the price of the whole; `None` if nothing.
pub(super) fn difference(before: &Rate, after: &Rate) -> Option<String> {
    match differences(before, after) {
        None => Some("the difference is unknown, as a price is".to_owned()),
        Some((hour, month)) if hour.abs() < 0.000_05 && month.abs() < 0.005 => None,
        Some((hour, month)) => Some(format!("{}/h, {}/month if always on", signed(hour, 4), signed(month, 2))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BilledItem, Power};

    fn rate(class: &str) -> Rate {
        let prices = crate::billing::Prices::of_table("us-east-2");
        let items = vec![BilledItem::while_running(format!("rds:{class}"), 1), BilledItem::always("rds:gp3-gib", 20)];
        Rate { lines: vec![Line::of(&prices, Address::new("mysql", "sales"), Some(Power::Running), items)] }
    }

    #[test]
    fn a_change_shows_its_price_with_its_sign() {
        let address = Address::new("mysql", "sales");
        let told = |before: &Rate, after: &Rate, action| {
            let one = price_change(prices(before, after, (&address, action)));
            let all = difference(before, after);
            [one, all].map(|text| text.unwrap_or_else(|| "nothing".to_owned())).join(" | ")
        };
        let (small, large, odd, none) = (rate("db.t4g.micro"), rate("db.t3.micro"), rate("db.q1.odd"), Rate::default());
        let all = [
            told(&none, &small, Action::Create),
            told(&small, &large, Action::Update),
            told(&large, &small, Action::Update),
            told(&small, &none, Action::Delete),
            told(&small, &odd, Action::Update),
            told(&small, &small, Action::Update),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        $0/h -> $0.0192/h (+$0.0192) | +$0.0192/h, +$13.98/month if always on
        $0.0192/h -> $0.0202/h (+$0.0010) | +$0.0010/h, +$0.73/month if always on
        $0.0202/h -> $0.0192/h (-$0.0010) | -$0.0010/h, -$0.73/month if always on
        $0.0192/h -> $0/h (-$0.0192) | -$0.0192/h, -$13.98/month if always on
        $0.0192/h -> unknown price | the difference is unknown, as a price is
        nothing | nothing
        ");
    }
}
