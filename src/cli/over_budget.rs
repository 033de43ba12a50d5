//! The question whether a stack may cost more than its budget.

use super::args::Global;
use super::session::Session;
use crate::billing::{Billing, Habit, Rate};
use crate::diag::{Class, Diagnostic};
use crate::model::KeyPath;
use crate::ui::{confirm, is_interactive};

/// Makes sure that a stack that is about to become dearer stays within its budget, or that the person wants it so.
/// `--yes` alone is no answer: it was typed before anybody knew the price.
///
/// # Errors
/// If it is over the budget and nobody said yes to that.
pub(super) fn allow(
    session: &Session,
    global: &Global,
    (before, after): (&Rate, &Rate),
    is_allowed: bool,
) -> Result<(), Vec<Diagnostic>> {
    let billing = session.stack.declared.get::<Billing>("billing");
    let Some(budget) = billing.and_then(|billing| billing.budget_usd_per_month) else { return Ok(()) };
    let habit = Habit::declared(billing);
    let (usd, has_unknown) = habit.total(&after.lines);
    let is_dearer = usd > habit.total(&before.lines).0 + 0.005;
    if is_allowed || !is_dearer || usd <= budget {
        return Ok(());
    }
    let least = if has_unknown { "at least " } else { "about " };
    let used = match habit {
        Habit::AutoStop { hours } => format!("used {hours} h on each weekday, as `auto_stop` has it"),
        _ => "always on, without `auto_stop`".to_owned(),
    };
    let message = format!("this will cost {least}${usd:.2} a month ({used}), the budget is ${budget:.2}");
    if !global.yes && is_interactive() {
        return match confirm(&format!("{message}; go on?"), false) {
            true => Ok(()),
            false => Err(vec![Diagnostic::error(Class::Refused, "nothing was changed: it is over the budget")]),
        };
    }
    let place = session.stack.document.place(&KeyPath::new(["billing", "budget_usd_per_month"]), "");
    let error = Diagnostic::error(Class::Refused, message).at(Some(place));
    let error = error.hint("`stack cost` shows what it is made of");
    Err(vec![error.hint("`--over-budget` goes on all the same")])
}
