//! A plan for people, on a screen and in a pull request.

use std::fmt::Write;

use console::Style;

use crate::billing::Rate;
use crate::model::{Action, Effect, FieldChange};
use crate::plan::{Change, Plan};

use super::money::{difference, money_line, price_change, prices};

/// Values longer than this are cut: a whole policy or dashboard helps nobody.
const LONGEST: usize = 60;

/// Returns a plan as text, one line a change and one a field.
pub fn plan_text(plan: &Plan, before: &Rate, after: &Rate) -> String {
    let mut text = String::new();
    for change in plan.shown() {
        let sign = style(change.action).apply_to(change.action.sign());
        let price = price(change, before, after).map(|price| format!("  {price}")).unwrap_or_default();
        let _ = writeln!(text, "{sign} {}  ({}){price}", change.address, because(change));
        let fields = change.fields();
        if fields.is_empty() && change.action == Action::Update {
            text.push_str("    only the tags that mark it as ours\n");
        }
        for field in fields.into_iter().map(FieldChange::shown) {
            let _ = writeln!(text, "    {}", field_line(change, &field));
        }
    }
    for proposal in &plan.proposals {
        let (from, to) = (&proposal.from, &proposal.to);
        let _ = writeln!(text, "hint: if `{to}` is `{from}` under another name, {}", moved_lines(from, to));
    }
    let _ = writeln!(text, "{}", totals(plan, before, after));
    text
}

/// Returns what to write so that a resource keeps its identity under a new address.
pub fn moved_lines(from: &str, to: &str) -> String {
    format!("add `[[moved]]` with `from = \"{from}\"` and `to = \"{to}\"`")
}

/// Returns a plan in Markdown, for a pull request.
pub fn plan_markdown(plan: &Plan, before: &Rate, after: &Rate, place: &str) -> String {
    let mut text = format!("### Plan for {place}\n\n");
    if plan.is_empty() {
        text.push_str("No changes.\n");
        return text;
    }
    text.push_str("| | resource | why | $/h | attribute | now | after |\n|---|---|---|---|---|---|---|\n");
    for change in plan.shown() {
        let price = price(change, before, after).unwrap_or_default();
        let head = format!("| `{}` | `{}` | {} | {price} |", change.action.sign(), change.address, because(change));
        let fields: Vec<FieldChange> = match change.action {
            // A table of every attribute of everything new would bury the rest.
            Action::Create => vec![],
            _ => change.fields().into_iter().map(FieldChange::shown).collect(),
        };
        if fields.is_empty() {
            let _ = writeln!(text, "{head} | | |");
        }
        for (position, field) in fields.iter().enumerate() {
            let head = if position == 0 { head.as_str() } else { "| | | | |" };
            let want = field.want.as_deref().map_or("known after apply".to_owned(), cell);
            let _ = writeln!(text, "{head} {}{} | {} | {want} |", field.field, cost(field), cell(&field.seen));
        }
    }
    let _ = writeln!(text, "\n{}", totals(plan, before, after));
    text
}

fn price(change: &Change, before: &Rate, after: &Rate) -> Option<String> {
    price_change(prices(before, after, (&change.address, change.action)))
}

fn cell(value: &str) -> String {
    if value.is_empty() { String::new() } else { shorten(value).replace('|', "\\|").replace('\n', " ") }
}

fn totals(plan: &Plan, before: &Rate, after: &Rate) -> String {
    let count = |action| plan.shown().filter(|change| change.action == action).count();
    let mut parts = vec![
        format!("{} to create", count(Action::Create)),
        format!("{} to change", count(Action::Update)),
        format!("{} to replace", count(Action::Replace)),
        format!("{} to delete", count(Action::Delete)),
    ];
    if count(Action::Adopt) > 0 {
        parts = vec![format!("{} to adopt", count(Action::Adopt))];
    }
    if count(Action::Start) > 0 {
        parts.push(format!("{} to start for it and stop again", count(Action::Start)));
    }
    parts.push(format!("{} as declared", plan.count(Action::None)));
    let (now, then) = (money_line(before.now()), money_line(after.now()));
    let more = difference(before, after).map(|more| format!(": {more}")).unwrap_or_default();
    format!("{}; {now} now, {then} after{more}", parts.join(", "))
}

fn because(change: &Change) -> String {
    change.diff.replacement().map_or_else(|| change.reason.text(), str::to_owned)
}

fn field_line(change: &Change, field: &FieldChange) -> String {
    let want = field.want.as_deref().map_or("(known after apply)".to_owned(), shorten);
    if change.action == Action::Create {
        return format!("{}: {want}", field.field);
    }
    format!("{}: {} -> {want}{}", field.field, shorten(&field.seen), cost(field))
}

fn cost(field: &FieldChange) -> &'static str {
    match field.effect {
        Effect::InPlace | Effect::Running => "",
        Effect::Reboot => "  [restart]",
        Effect::Replace(_) => "  [replaces it]",
    }
}

fn style(action: Action) -> Style {
    match action {
        Action::Create => Style::new().green(),
        Action::Update | Action::Adopt | Action::Start | Action::Stop => Style::new().yellow(),
        Action::Replace | Action::Delete => Style::new().red(),
        Action::None => Style::new(),
    }
}

fn shorten(value: &str) -> String {
    if value.is_empty() {
        return "(none)".to_owned();
    }
    match value.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{}…`", &value[..end]),
        None => format!("`{value}`"),
    }
}
