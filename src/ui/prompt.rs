//! Questions. Without a terminal nobody can answer, so the answer is no.

use std::io::IsTerminal;

use dialoguer::theme::ColorfulTheme;
use dialoguer::{Confirm, MultiSelect, Select};

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

/// Lets the person choose among items, all of which are chosen at first. Escape chooses none.
pub fn choose(question: &str, items: &[String]) -> Vec<usize> {
    let theme = ColorfulTheme::default();
    let all = vec![true; items.len()];
    let chosen = MultiSelect::with_theme(&theme).with_prompt(question).items(items).defaults(&all).interact_opt();
    chosen.ok().flatten().unwrap_or_default()
}

/// Lets a person choose one of several; Ctrl-C and Escape choose none.
pub fn choose_one(question: &str, choices: &[String]) -> Option<usize> {
    let theme = ColorfulTheme::default();
    Select::with_theme(&theme).with_prompt(question).items(choices).default(0).interact_opt().ok().flatten()
}
