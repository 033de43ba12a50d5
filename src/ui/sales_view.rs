//! The sales summary as tables.

use std::fmt::Write;

use super::grouped;
use crate::report::{Period, Sales};

/// Returns the summary as text.
pub fn sales_text(sales: &Sales) -> String {
    let mut text = String::new();
    periods(&mut text, "Revenue by month", &sales.months);
    periods(&mut text, "Revenue by quarter", &sales.quarters);
    periods(&mut text, "Revenue by season", &sales.seasons);
    text.push_str("\nBest products by season\n");
    let mut last = "";
    for best in &sales.best {
        let season = if best.season == last { "" } else { &best.season };
        last = &best.season;
        let quantity = grouped(&best.quantity);
        let revenue = grouped(&money(&best.revenue));
        let _ = writeln!(text, "  {season:<7} {:<36} {quantity:>8} pieces {revenue:>12}", best.product);
    }
    text
}

fn periods(text: &mut String, title: &str, periods: &[Period]) {
    let _ = writeln!(text, "\n{title}");
    for period in periods {
        let rows = grouped(&period.rows.to_string());
        let revenue = grouped(&money(&period.revenue));
        let _ = writeln!(text, "  {:<4} {:<10} {revenue:>14}  {rows:>8} rows", period.year, period.name);
    }
}

/// Cuts the zeros behind the second decimal; nothing is rounded away.
fn money(number: &str) -> String {
    let Some((whole, fraction)) = number.split_once('.') else { return number.to_owned() };
    let kept = fraction.trim_end_matches('0');
    format!("{whole}.{kept:0<2}")
}
