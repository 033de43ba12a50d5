//! Questions. Without a terminal nobody can answer, so the answer is no.

use std::io::IsTerminal;

use console::Term;
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
    answered(answer) == Some(true)
}

/// Lets the person choose among items, all of which are chosen at first; Ctrl-C and Escape choose none.
pub fn choose(question: &str, items: &[String]) -> Vec<usize> {
    let theme = ColorfulTheme::default();
    let all = vec![true; items.len()];
    let chosen = MultiSelect::with_theme(&theme).with_prompt(question).items(items).defaults(&all).interact_opt();
    answered(chosen).unwrap_or_default()
}

/// Lets a person choose one of several; Ctrl-C and Escape choose none.
pub fn choose_one(question: &str, choices: &[String]) -> Option<usize> {
    let theme = ColorfulTheme::default();
    answered(Select::with_theme(&theme).with_prompt(question).items(choices).default(0).interact_opt())
}

/// Returns the answer, if there is one. A question that Ctrl-C ends leaves the cursor hidden.
fn answered<T>(answer: dialoguer::Result<Option<T>>) -> Option<T> {
    answer.unwrap_or_else(|error| {
        tracing::debug!(%error, "the question was not answered");
        // A terminal that is gone needs no cursor.
        drop(Term::stderr().show_cursor());
        None
    })
}
