//! Makes data of the shape and with the flaws of the real data set, from a seed: the same seed, the same bytes.

use std::io::{self, Write};

use fastrand::Rng;
use jiff::civil::{DateTime, datetime};
use jiff::{Span, ToSpan};

/// Rows of the real data set.
pub const REAL_ROWS: u64 = 541_909;

/// Rows of an average invoice.
const ROWS_AN_INVOICE: u64 = 21;

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
const COLOURS: [&str; 8] = ["WHITE", "RED", "PINK", "BLUE", "GREEN", "IVORY", "BLACK", "CREAM"];
const THINGS: [&str; 10] = [
    "LANTERN",
    "T-LIGHT HOLDER",
    "CAKE STAND",
    "JUMBO BAG",
    "BUNTING",
    "MUG",
    "CLOCK",
    "LUNCH BOX",
    "TEA TOWEL",
    "FRAME",
];
const COUNTRIES: [&str; 9] =
    ["Germany", "France", "EIRE", "Spain", "Netherlands", "Belgium", "Switzerland", "Portugal", "Australia"];

/// Writes `rows` rows and the header, in ISO-8859-1.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut impl Write, rows: u64, seed: u64) -> io::Result<()> {
    let mut random = Rng::with_seed(seed);
    out.write_all(HEADER.as_bytes())?;
    let first = datetime(2010, 12, 1, 8, 26, 0, 0);
    // The invoices spread over a year and nine days, as in the real data.
    let invoices = (rows / ROWS_AN_INVOICE).max(1);
    let step_minutes = i64::try_from(373 * 24 * 60 / invoices).unwrap_or(1);
    let mut left = rows;
    let mut number = 536_365;
    let mut date = first;
    while left > 0 {
        let length = random.u64(1..=2 * ROWS_AN_INVOICE).min(left);
        write_invoice(out, &mut random, number, date, length)?;
        left -= length;
        number += 1;
        date = date.checked_add(Span::new().minutes(step_minutes)).unwrap_or(first).min(first + 373.days());
    }
    Ok(())
}

fn write_invoice(out: &mut impl Write, random: &mut Rng, number: u32, date: DateTime, rows: u64) -> io::Result<()> {
    let is_cancelled = random.u8(..) < 8;
    let customer = if random.u8(..) < 60 { String::new() } else { random.u32(12_346..18_288).to_string() };
    let country = if random.u8(..) < 230 { "United Kingdom" } else { COUNTRIES[random.usize(..COUNTRIES.len())] };
    let stamp = date.strftime("%-m/%-d/%Y %-H:%M").to_string();
    for _ in 0..rows {
        let item = random.u32(0..4_000);
        let quantity = i64::from(random.u32(1..25)) * if is_cancelled { -1 } else { 1 };
        let line = format!(
            "{}{number},{},{},{quantity},{stamp},{},{customer},{country}\n",
            if is_cancelled { "C" } else { "" },
            stock_code(random, item),
            description(random, item),
            price(item),
        );
        // One byte a letter, as in the real file.
        let bytes: Vec<u8> = line.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect();
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// Some codes differ from others only in the case of their letter.
fn stock_code(random: &mut Rng, item: u32) -> String {
    let letter = match (item % 7, random.u8(..) < 3) {
        (0, false) => "A",
        (0, true) => "a",
        (1, _) => "B",
        _ => "",
    };
    format!("{}{letter}", 20_000 + item)
}

/// Descriptions with trailing blanks, commas, quotes, pound signs, or none at all.
fn description(random: &mut Rng, item: u32) -> String {
    let (colour, thing) = (COLOURS[item as usize % COLOURS.len()], THINGS[item as usize / 8 % THINGS.len()]);
    match (item % 40, random.u8(..)) {
        (_, 0) => String::new(),
        (1, _) => format!("{colour} {thing} "),
        (2, _) => format!("\"{colour} {thing}, SET OF 3\""),
        (3, _) => format!("\"{colour} {thing} \"\"VINTAGE\"\"\""),
        (4, _) => format!("{colour} {thing} £5"),
        _ => format!("{colour} {thing} {item}"),
    }
}

/// Prices are written as short as possible; a few have three decimals.
fn price(item: u32) -> String {
    match item % 50 {
        0 => "0".into(),
        1 => "0.001".into(),
        2 => "25".into(),
        _ => format!("{}.{}", item % 13, 5 + item % 5 * 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let make = |seed| {
            let mut out = vec![];
            write(&mut out, 500, seed).unwrap();
            out
        };
        assert_eq!(make(7), make(7));
        assert_ne!(make(7), make(8));
        assert_eq!(make(7).iter().filter(|byte| **byte == b'\n').count(), 501);
    }
}
