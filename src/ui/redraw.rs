//! A part of the screen that is shown anew in its place.

use console::Term;

use super::Ui;

/// A block of text on stdout that replaces itself on a terminal, and follows itself elsewhere.
#[derive(Debug)]
pub struct Redraw {
    ui: Ui,
    term: Term,
    shown_lines: usize,
}

impl Redraw {
    /// Begins with nothing shown.
    pub fn new(ui: Ui) -> Self {
        Self { ui, term: Term::stdout(), shown_lines: 0 }
    }

    /// Returns whether the block can be replaced.
    pub fn is_live(&self) -> bool {
        self.term.is_term() && !self.ui.json
    }

    /// Shows the text.
    ///
    /// # Errors
    /// If the reader has gone away.
    pub fn show(&mut self, text: &str) -> std::io::Result<()> {
        if !self.is_live() {
            return self.ui.stream(text);
        }
        self.term.clear_last_lines(self.shown_lines)?;
        let width = usize::from(self.term.size().1).max(1);
        // A line that is wider than the screen takes several.
        let height = |line: &str| console::measure_text_width(line).saturating_sub(1) / width + 1;
        self.shown_lines = text.trim_end_matches('\n').lines().map(height).sum();
        self.term.write_line(text.trim_end_matches('\n'))
    }
}
