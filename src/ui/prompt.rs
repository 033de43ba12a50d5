//! Questions. Without a terminal nobody can answer, so the answer is no.

use std::io::IsTerminal;

use dialoguer::Confirm;
use dialoguer::theme::ColorfulTheme;

/// Returns whether somebody can be asked.
pub fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks a yes-or-no question; Ctrl-C and Escape mean no.
pub fn confirm(question: &str, default: bool) -> bool {
    let theme = ColorfulTheme::default();
    let answer = Confirm::with_theme(&theme).with_prompt(question).default(default).interact_opt();
    matches!(answer, Ok(Some(true)))
}
