//! Entries of logs: a local time, whose log it is, what it says; or one JSON object a line.

use console::{Color, Style};
use jiff::tz::TimeZone;
use serde_json::json;

use crate::logs::{Grep, Line};

/// One colour an address; red is left to what people mark.
const COLORS: [Color; 6] =
    [Color::Cyan, Color::Yellow, Color::Green, Color::Magenta, Color::Blue, Color::Color256(208)];

/// How entries are shown.
pub struct LogsView {
    addresses: Vec<String>,
    width: usize,
    grep: Option<Grep>,
    zone: TimeZone,
    json: bool,
}

impl LogsView {
    /// Shows entries of these addresses; what `grep` finds is marked.
    pub fn new(addresses: Vec<String>, grep: Option<Grep>, json: bool) -> Self {
        let width = addresses.iter().map(|address| address.chars().count()).max().unwrap_or_default();
        Self { addresses, width, grep, zone: TimeZone::system(), json }
    }

    /// Returns one entry; the lines after its first are indented.
    pub fn text(&self, line: &Line) -> String {
        if self.json {
            let Line { at, address, message } = line;
            return json!({ "version": 1, "at": at, "address": address, "message": message }).to_string();
        }
        let time = line.at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
        let place = self.addresses.iter().position(|address| *address == line.address).unwrap_or_default();
        let address = format!("{:<width$}", line.address, width = self.width);
        let address = Style::new().fg(COLORS[place % COLORS.len()]).apply_to(address);
        let message: Vec<String> = line.message.lines().map(|line| self.marked(&visible(line))).collect();
        format!("{} {address}  {}", Style::new().dim().apply_to(time), message.join("\n    ")).trim_end().to_owned()
    }

    /// Marks what was looked for, where colours are allowed.
    fn marked(&self, text: &str) -> String {
        let places = self.grep.as_ref().map(|grep| grep.places(text)).unwrap_or_default();
        let (mut marked, mut end) = (String::new(), 0);
        for place in places {
            marked.push_str(&text[end..place.start]);
            marked.push_str(&Style::new().red().bold().apply_to(&text[place.clone()]).to_string());
            end = place.end;
        }
        marked + &text[end..]
    }
}

/// Takes control characters away: what a log holds must not steer the terminal.
fn visible(text: &str) -> String {
    text.chars().filter(|letter| *letter == '\t' || !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(json: bool) -> LogsView {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let addresses = vec!["job.a".to_owned(), "lambda.reader".to_owned()];
        LogsView { zone, ..LogsView::new(addresses, Some(Grep::new("eur")), json) }
    }

    #[test]
    fn an_entry_is_a_local_time_an_address_and_lines_that_steer_nothing() {
        let at = "2026-11-22T23:30:00.25Z".parse().unwrap();
        let message = "KeyError: \u{1b}[31m'EUR'\n  at rates.py:8\tconvert".to_owned();
        let line = Line { at, address: "job.a".into(), message };
        let shown = console::strip_ansi_codes(&view(false).text(&line)).into_owned();
        let expected = "2026-11-23 01:30:00.250 job.a          KeyError: [31m'EUR'\n      at rates.py:8\tconvert";
        assert_eq!(shown, expected);
        let json: serde_json::Value = serde_json::from_str(&view(true).text(&line)).unwrap();
        assert_eq!((&json["at"], &json["version"]), (&"2026-11-22T23:30:00.25Z".into(), &1.into()));
        assert_eq!(json["message"], line.message.as_str());
    }
}
