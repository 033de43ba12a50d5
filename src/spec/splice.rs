//! Changes of a text of TOML that touch nothing else in it.
//!
//! `toml_edit` says where keys and values stand. Its own way of editing is not used: it writes other line ends than
//! the file has, and a key that goes takes the comment above it along.

use std::ops::Range;

use toml_edit::{Document as Located, Item, Key, TableLike, Value as TomlValue};

use crate::diag::{Fix, Replacement};
use crate::model::KeyPath;

/// One change of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The line in the file as it was, counted from 1.
    pub line: usize,
    /// The key.
    pub at: KeyPath,
    /// What stood there.
    pub old: String,
    /// What stands there now; nothing where the key has gone.
    pub new: Option<String>,
}

/// Where a key and its value stand.
struct Found {
    /// From the key to the end of the value; for a member of a list the value alone.
    whole: Range<usize>,
    key: Option<Range<usize>>,
    value: Range<usize>,
    /// In an inline table: from the end of the neighbour before to the beginning of the neighbour after.
    gap: Option<Range<usize>>,
}

/// Makes the fixes in `text`, and tells what was changed.
pub(super) fn splice(text: &str, fixes: &[Fix]) -> Result<(String, Vec<Change>), toml_edit::TomlError> {
    let located = Located::parse(text)?;
    let mut edits: Vec<(Range<usize>, String, Change)> = vec![];
    for fix in fixes {
        let Some(found) = find(located.as_table(), fix.at.keys()) else { continue };
        let is_taken = edits.iter().any(|(range, ..)| range.start < found.whole.end && found.whole.start < range.end);
        if is_taken {
            continue;
        }
        let (range, written, shown) = edit(text, &found, &fix.replacement);
        let (range, written) = aligned(text, range, written);
        let line = text[..found.whole.start].matches('\n').count() + 1;
        let old = text[found.whole.clone()].to_owned();
        edits.push((range, written, Change { line, at: fix.at.clone(), old, new: shown }));
    }
    edits.sort_by_key(|(range, ..)| range.start);
    let mut fixed = text.to_owned();
    for (range, written, _) in edits.iter().rev() {
        fixed.replace_range(range.clone(), written);
    }
    Ok((fixed, edits.into_iter().map(|(.., change)| change).collect()))
}

/// Returns what goes, what comes in its place, and the entry as people read it.
fn edit(text: &str, found: &Found, replacement: &Replacement) -> (Range<usize>, String, Option<String>) {
    let around = found.key.as_ref().map_or("", |key| &text[key.end..found.value.start]);
    match replacement {
        Replacement::Value(value) => {
            let key = found.key.clone().map_or("", |key| &text[key]);
            let value = toml(value);
            (found.value.clone(), value.clone(), Some(format!("{key}{around}{value}")))
        }
        Replacement::Entry(key, value) => {
            let entry = format!("{key}{around}{}", toml(value));
            (found.whole.clone(), entry.clone(), Some(entry))
        }
        Replacement::Nothing => (without(text, found), String::new(), None),
    }
}

/// Keeps a comment in its column where several lines have theirs in one.
fn aligned(text: &str, range: Range<usize>, written: String) -> (Range<usize>, String) {
    let behind = &text[range.end..];
    let spaces = behind.len() - behind.trim_start_matches(' ').len();
    if spaces < 2 || written.is_empty() || !behind[spaces..].starts_with('#') {
        return (range, written);
    }
    let width = text[range.clone()].chars().count() + spaces;
    let padding = width.saturating_sub(written.chars().count()).max(1);
    (range.start..range.end + spaces, written + &" ".repeat(padding))
}

/// Returns what goes with a key: its line, unless something else stands there, too.
fn without(text: &str, found: &Found) -> Range<usize> {
    if let Some(gap) = &found.gap {
        return gap.clone();
    }
    let begin = text[..found.whole.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[found.whole.end..].find('\n').map_or(text.len(), |at| found.whole.end + at + 1);
    let is_alone = text[begin..found.whole.start].trim().is_empty() && text[found.whole.end..end].trim().is_empty();
    if is_alone {
        return begin..end;
    }
    // A comment behind it stays, at the place of the key.
    let rest = &text[found.whole.end..end];
    found.whole.start..found.whole.end + (rest.len() - rest.trim_start().len())
}

fn find(table: &dyn TableLike, keys: &[String]) -> Option<Found> {
    let (first, rest) = keys.split_first()?;
    let (key, item) = table.get_key_value(first)?;
    if rest.is_empty() {
        let (key, value) = (key.span()?, item.span()?);
        return Some(Found { whole: key.start..value.end, key: Some(key), value, gap: None });
    }
    find_in_item(item, rest)
}

fn find_in_item(item: &Item, keys: &[String]) -> Option<Found> {
    match item {
        Item::Table(table) => find(table, keys),
        Item::ArrayOfTables(tables) => {
            let (first, rest) = keys.split_first()?;
            find(tables.get(first.parse().ok()?)?, rest)
        }
        Item::Value(value) => find_in_value(value, keys),
        Item::None => None,
    }
}

fn find_in_value(value: &TomlValue, keys: &[String]) -> Option<Found> {
    match value {
        TomlValue::InlineTable(table) => {
            let found = find(table, keys)?;
            let gap = if keys.len() == 1 { gap(table, &found.whole) } else { None };
            Some(Found { gap: gap.or(found.gap.clone()), ..found })
        }
        TomlValue::Array(array) => {
            let (first, rest) = keys.split_first()?;
            let member = array.get(first.parse().ok()?)?;
            if !rest.is_empty() {
                return find_in_value(member, rest);
            }
            let value = member.span()?;
            Some(Found { whole: value.clone(), key: None, value, gap: None })
        }
        _ => None,
    }
}

/// Returns what must go with an entry of an inline table, so that commas still stand between the others.
fn gap(table: &toml_edit::InlineTable, whole: &Range<usize>) -> Option<Range<usize>> {
    let entries =
        || table.iter().filter_map(|(name, value)| Some((table.key(name).and_then(Key::span)?, value.span()?)));
    let after = entries().map(|(key, _)| key.start).filter(|start| *start >= whole.end).min();
    let before = entries().map(|(_, value)| value.end).filter(|end| *end <= whole.start).max();
    match (before, after) {
        (_, Some(after)) => Some(whole.start..after),
        (Some(before), None) => Some(before..whole.end),
        (None, None) => Some(whole.clone()),
    }
}

/// Writes a value as TOML.
pub(super) fn toml(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => TomlValue::from(text.as_str()).to_string(),
        serde_json::Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Fixes one key of `text`.
    fn fixed(text: &str, at: &[&str], replacement: Replacement) -> String {
        let fix = Fix { at: KeyPath::new(at.iter().copied()), replacement };
        splice(text, &[fix]).unwrap().0
    }

    fn value(value: impl Into<serde_json::Value>) -> Replacement {
        Replacement::Value(value.into())
    }

    #[test]
    fn everything_but_the_value_stays() {
        let text = "# top\r\n[a.b]  # here\r\n  'x'  =  \"old\"   # why\r\ny = [ 1, 2, # two\r\n 3 ]\r\n";
        let new = text.replace("\"old\"   #", "\"newer\" #");
        assert_eq!(fixed(text, &["a", "b", "x"], value("newer")), new);
        assert_eq!(fixed(text, &["a", "b", "y", "1"], value(7)), text.replace("2, #", "7, #"));
    }

    #[test]
    fn dotted_keys_lists_of_tables_and_inline_tables_are_found() {
        assert_eq!(fixed("a.b.c = 1\n", &["a", "b", "c"], value(2)), "a.b.c = 2\n");
        assert_eq!(fixed("[[a]]\nb = 1\n[[a]]\nb = 2\n", &["a", "1", "b"], value(3)), "[[a]]\nb = 1\n[[a]]\nb = 3\n");
        assert_eq!(fixed("a = { b = { c = 1 } }\n", &["a", "b", "c"], value(true)), "a = { b = { c = true } }\n");
    }

    #[test]
    fn a_key_that_goes_leaves_the_comments() {
        let nothing = || Replacement::Nothing;
        assert_eq!(fixed("# above\nx = 1\ny = 2\n", &["x"], nothing()), "# above\ny = 2\n");
        assert_eq!(fixed("x = 1 # beside\ny = 2\n", &["x"], nothing()), "# beside\ny = 2\n");
        assert_eq!(fixed("y = 2\nx = 1", &["x"], nothing()), "y = 2\n");
        for (key, rest) in [("x", "{ y = 2, z = 3 }"), ("y", "{ x = 1, z = 3 }"), ("z", "{ x = 1, y = 2 }")] {
            assert_eq!(fixed("t = { x = 1, y = 2, z = 3 }", &["t", key], nothing()), format!("t = {rest}"));
        }
    }

    #[test]
    fn a_key_is_renamed_at_its_place() {
        let entry = Replacement::Entry("new".into(), json!(536_870_912));
        assert_eq!(
            fixed("a = 1\nold   = 2 # kept\nb = 3\n", &["old"], entry),
            "a = 1\nnew   = 536870912 # kept\nb = 3\n"
        );
    }
}
