//! One table of the file to its typed form, with every mistake in it and not only the first.

use std::any::Any;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Document;
use super::suggest::nearest;
use crate::diag::{Class, Diagnostic};
use crate::kinds::base::{AnyTable, SpecError};
use crate::model::KeyPath;

/// More mistakes than this in one table are no typing errors.
const MOST: usize = 50;

/// Parses the table at `origin`. The value is returned only if nothing is wrong.
pub(super) fn parse_table(
    table: &dyn AnyTable,
    document: &Document,
    origin: &KeyPath,
    value: &Value,
) -> (Option<Arc<dyn Any + Send + Sync>>, Vec<Diagnostic>) {
    let mut value = value.clone();
    let mut found: Vec<(KeyPath, Diagnostic)> = vec![];
    for _ in 0..MOST {
        let error = match table.parse(&value) {
            Ok(parsed) => return (found.is_empty().then_some(parsed), found.into_iter().map(|(_, one)| one).collect()),
            Err(error) => error,
        };
        let (at, diagnostic) = describe(document, origin, &error);
        let is_known = found.iter().any(|(path, _)| *path == at);
        if !is_known {
            found.push((at.clone(), diagnostic));
        }
        if !step_over(origin, &mut value, &at, &error) {
            break;
        }
    }
    (None, found.into_iter().map(|(_, one)| one).collect())
}

/// Returns where the mistake is and what to say of it.
fn describe(document: &Document, origin: &KeyPath, error: &SpecError) -> (KeyPath, Diagnostic) {
    let parent = error.path.iter().fold(origin.clone(), |path, key| path.then(key.clone()));
    let names: Vec<&str> = error.message.split('`').skip(1).step_by(2).collect();
    if error.message.starts_with("unknown field") {
        let (key, known) = names.split_first().map_or(("", &[][..]), |(key, known)| (*key, known));
        let at = if parent.last() == Some(key) { parent } else { parent.then(key) };
        let place = document.key_place(&at, "unknown key");
        let table = KeyPath::new(at.keys().iter().take(at.keys().len() - 1));
        let message = format!("unknown key `{key}` in {}", document.spoken(&table));
        let diagnostic = Diagnostic::error(Class::Spec, message).at(Some(place));
        let hint = match nearest(key, known.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("known keys: {}", known.join(", ")),
        };
        return (at, diagnostic.hint(hint));
    }
    if error.message.starts_with("missing field") {
        let key = names.first().copied().unwrap_or_default();
        let at = parent.then(key);
        let place = document.key_place(&parent, &format!("`{key}` is missing"));
        let message = format!("{} has no `{key}`", document.spoken(&parent));
        return (at, Diagnostic::error(Class::Spec, message).at(Some(place)));
    }
    if error.message.starts_with("unknown variant") {
        let (word, known) = names.split_first().map_or(("", &[][..]), |(word, known)| (*word, known));
        let place = document.place(&parent, "not one of the allowed words");
        let message = format!("{} cannot be `{word}`", document.spoken(&parent));
        let hint = nearest(word, known.iter().copied());
        let hint = hint.map_or(format!("allowed: {}", known.join(", ")), |name| format!("did you mean `{name}`?"));
        return (parent, Diagnostic::error(Class::Spec, message).at(Some(place)).hint(hint));
    }
    let place = document.place(&parent, &plain(&error.message));
    let message = format!("{} has a wrong value", document.spoken(&parent));
    (parent, Diagnostic::error(Class::Spec, message).at(Some(place)))
}

/// Says `a whole number`, `a list` and `a table` where the parser names a type of this program.
fn plain(message: &str) -> String {
    let types = ["i32", "i64", "u8", "u16", "u32", "u64", "usize"];
    let expected = types.map(|name| (format!("expected {name}"), "expected a whole number"));
    let said = ["expected a sequence", "expected a map", "type: sequence", "type: map"].map(str::to_owned);
    let plain = ["expected a list", "expected a table", "type: list", "type: table"];
    let words = expected.into_iter().chain(said.into_iter().zip(plain));
    words.fold(message.to_owned(), |text, (said, plain)| text.replace(&said, plain))
}

/// Changes `value` so that parsing gets past the mistake; returns whether there is hope.
fn step_over(origin: &KeyPath, value: &mut Value, at: &KeyPath, error: &SpecError) -> bool {
    let keys = &at.keys()[origin.keys().len()..];
    let Some((last, parents)) = keys.split_last() else { return false };
    let mut parent = value;
    for key in parents {
        let next = match parent {
            Value::Object(members) => members.get_mut(key),
            Value::Array(items) => key.parse::<usize>().ok().and_then(|at| items.get_mut(at)),
            _ => None,
        };
        match next {
            Some(next) => parent = next,
            None => return false,
        }
    }
    match parent {
        Value::Object(members) if error.message.starts_with("unknown variant") => {
            // A word that is allowed lets the parser go on to the next mistake.
            let allowed = error.message.split('`').nth(3).map(|word| json!(word));
            allowed.is_some_and(|word| members.insert(last.clone(), word).is_some())
        }
        Value::Object(members) if error.message.starts_with("missing field") => {
            // Any value of the right type lets the parser go on to the next mistake.
            members.insert(last.clone(), json!(""));
            true
        }
        Value::Object(members) if members.get(last).is_some_and(is_placeholder) => {
            let next = members.get(last).and_then(next_placeholder);
            next.is_some_and(|next| members.insert(last.clone(), next).is_some())
        }
        Value::Object(members) => members.remove(last).is_some(),
        Value::Array(items) => last.parse::<usize>().is_ok_and(|at| {
            at < items.len() && {
                items.remove(at);
                true
            }
        }),
        _ => false,
    }
}

fn placeholders() -> [Value; 5] {
    [json!(""), json!(0), json!(false), json!([]), json!({})]
}

fn is_placeholder(value: &Value) -> bool {
    placeholders().contains(value)
}

fn next_placeholder(value: &Value) -> Option<Value> {
    let all = placeholders();
    let position = all.iter().position(|one| one == value)?;
    all.get(position + 1).cloned()
}
