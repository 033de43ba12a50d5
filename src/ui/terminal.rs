//! The two streams and how they may be written to.

use std::io::{IsTerminal, Write};

use console::Style;

/// What a person asked of the output.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    /// Whether stdout carries JSON.
    pub json: bool,
    /// Whether colours are allowed.
    pub color: bool,
    /// Whether stderr is a terminal that can redraw.
    pub live: bool,
}

impl Ui {
    /// Looks at the streams; `NO_COLOR` turns colours off, off a terminal nothing is redrawn.
    pub fn new(json: bool) -> Self {
        let live = std::io::stderr().is_terminal();
        let color = live && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        console::set_colors_enabled(color && std::io::stdout().is_terminal());
        console::set_colors_enabled_stderr(color);
        Self { json, color, live }
    }

    /// Writes data to stdout.
    pub fn data(self, text: &str) {
        // A reader that has gone away, such as `head`, is no failure.
        drop(writeln!(std::io::stdout(), "{}", text.trim_end_matches('\n')));
    }

    /// Writes data to stdout, for a command that goes on until somebody ends it.
    ///
    /// # Errors
    /// If the reader has gone away, so that nobody would read more.
    pub fn stream(self, text: &str) -> std::io::Result<()> {
        let mut out = std::io::stdout();
        writeln!(out, "{}", text.trim_end_matches('\n'))?;
        out.flush()
    }

    /// Writes the answer of a command: the sentence for people, or the value where JSON was asked for.
    pub fn answer(self, text: &str, value: &serde_json::Value) {
        if self.json { self.json_data(value) } else { self.data(text) }
    }

    /// Writes JSON data to stdout.
    pub fn json_data(self, value: &serde_json::Value) {
        self.data(&serde_json::to_string_pretty(value).unwrap_or_default());
    }

    /// Writes a note for people to stderr.
    pub fn note(self, text: &str) {
        drop(writeln!(std::io::stderr(), "{}", text.trim_end_matches('\n')));
    }

    /// Writes a verb and what it is about, as cargo does.
    pub fn status(self, verb: &str, text: &str) {
        let verb = Style::new().for_stderr().green().bold().apply_to(format!("{verb:>12}"));
        self.note(&format!("{verb} {text}"));
    }
}
