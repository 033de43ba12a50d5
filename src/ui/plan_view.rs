//! A plan for people and for programs.

use std::fmt::Write;

use console::Style;
use serde_json::{Value, json};

use crate::billing::Rate;
use crate::model::{Action, Effect};
use crate::plan::{Change, Plan};

use super::money::money_line;

/// Values longer than this are cut: a whole policy or dashboard helps nobody.
const LONGEST: usize = 60;

/// Returns a plan as text, one line a change and one a field.
pub fn plan_text(plan: &Plan, before: &Rate, after: &Rate) -> String {
    let mut text = String::new();
    for change in plan.pending() {
        let sign = style(change.action).apply_to(change.action.sign());
        let because = change.diff.replacement().unwrap_or(change.reason.text());
        let _ = writeln!(text, "{sign} {}  ({because})", change.address);
        for field in &change.diff.0 {
            let want = field.want.as_deref().map_or("(known after apply)".to_owned(), shorten);
            let cost = match field.effect {
                Effect::InPlace => "",
                Effect::Reboot => "  [restart]",
                Effect::Replace(_) => "  [replaces it]",
            };
            let _ = writeln!(text, "    {}: {} -> {want}{cost}", field.field, shorten(&field.seen));
        }
    }
    let count = |action| plan.count(action);
    let _ = writeln!(
        text,
        "{} to create, {} to change, {} to replace, {} to delete, {} as declared; {} now, {} after",
        count(Action::Create),
        count(Action::Update),
        count(Action::Replace),
        count(Action::Delete),
        count(Action::None),
        money_line(before.now()),
        money_line(after.now()),
    );
    text
}

/// Returns a plan as JSON.
pub fn plan_json(plan: &Plan, before: &Rate, after: &Rate) -> Value {
    let change = |change: &Change| {
        json!({
            "address": change.address.to_string(),
            "action": change.action,
            "reason": change.reason,
            "fields": change.diff.0,
        })
    };
    json!({
        "version": 1,
        "changes": plan.pending().map(change).collect::<Vec<_>>(),
        "usd_per_hour": { "now": before.now().0, "after": after.now().0 },
    })
}

fn style(action: Action) -> Style {
    match action {
        Action::Create => Style::new().green(),
        Action::Update => Style::new().yellow(),
        Action::Replace | Action::Delete => Style::new().red(),
        Action::None => Style::new(),
    }
}

fn shorten(value: &str) -> String {
    match value.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{}…`", &value[..end]),
        None => format!("`{value}`"),
    }
}
