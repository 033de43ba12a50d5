//! Single values written into a stack file, with everything else left as it is.

use std::path::Path;

use serde_json::Value;
use toml_edit::{Document as Located, Item, TableLike};

use super::fix::{cannot_write, no_toml, replace_file};
use super::load::read;
use super::splice::{Change, splice, toml};
use crate::diag::{Class, Diagnostic, Fix, Replacement};
use crate::model::KeyPath;

/// Writes values into one table of a stack file: a key that is there gets the value at its place, a new one goes to
/// the end of the table, and a table that is not there is added behind the one it belongs to.
///
/// # Errors
/// If the file is no TOML, cannot be read or written, or has no place for a key; it is then as it was.
pub fn write(file: &Path, table: &KeyPath, values: &[(String, Value)]) -> Result<Vec<Change>, Vec<Diagnostic>> {
    let text = read(file)?;
    let (text, changes) = written(&text, table, values).map_err(|problem| match problem {
        Problem::Toml(error) => vec![no_toml(file, &error)],
        Problem::NoPlace => {
            let message = format!("`{}` has no place for keys of `{table}`", file.display());
            let error = Diagnostic::error(Class::Spec, message);
            vec![error.hint(format!("write it as a table of its own: `[{table}]`"))]
        }
    })?;
    if !changes.is_empty() {
        replace_file(file, &text).map_err(|error| vec![cannot_write(file, &error)])?;
    }
    Ok(changes)
}

/// Why values cannot be written.
#[derive(Debug)]
enum Problem {
    Toml(toml_edit::TomlError),
    NoPlace,
}

impl From<toml_edit::TomlError> for Problem {
    fn from(error: toml_edit::TomlError) -> Self {
        Self::Toml(error)
    }
}

fn written(text: &str, table: &KeyPath, values: &[(String, Value)]) -> Result<(String, Vec<Change>), Problem> {
    let has = |key: &str| -> Result<bool, Problem> {
        let located = Located::parse(text)?;
        Ok(find(located.as_item(), table.keys()).and_then(|item| item.get(key)).is_some())
    };
    let (mut fixes, mut fresh) = (vec![], vec![]);
    for (key, value) in values {
        if has(key)? {
            fixes.push(Fix { at: table.then(key), replacement: Replacement::Value(value.clone()) });
        } else {
            fresh.push((key.as_str(), toml(value)));
        }
    }
    let (text, mut changes) = splice(text, &fixes)?;
    changes.retain(|change| change.new.as_ref() != Some(&change.old));
    if fresh.is_empty() {
        return Ok((text, changes));
    }
    let place = Place::find(&text, table.keys())?;
    let entries: Vec<String> = fresh.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    let (inserted, first_line) = place.insert(&text, table, &entries);
    // What was put together by hand is read again before it takes the place of a person's file.
    Located::parse(inserted.as_str())?;
    changes.extend(fresh.iter().zip(entries).enumerate().map(|(at, ((key, _), entry))| {
        let line = if place.is_inline { first_line } else { first_line + at };
        Change { line, at: table.then(*key), old: String::new(), new: Some(entry) }
    }));
    Ok((inserted, changes))
}

/// Where new keys of a table go.
struct Place {
    /// The byte behind which they go.
    behind: usize,
    is_inline: bool,
    /// Whether they go behind another entry of the same inline table.
    follows: bool,
    /// Whether the table itself must be written, too.
    needs_header: bool,
    indent: String,
}

impl Place {
    fn find(text: &str, keys: &[String]) -> Result<Self, Problem> {
        let located = Located::parse(text)?;
        let place = match find(located.as_item(), keys) {
            Some(Item::Table(table)) if !table.is_dotted() => Self::in_table(text, table, false),
            Some(Item::Value(toml_edit::Value::InlineTable(table))) if !table.is_dotted() => {
                let last = last_end(table);
                let behind = last.or_else(|| Some(table.span()?.start + 1)).ok_or(Problem::NoPlace)?;
                let (follows, indent) = (last.is_some(), String::new());
                Some(Self { behind, is_inline: true, follows, needs_header: false, indent })
            }
            Some(_) => None,
            None => match keys.split_last().and_then(|(_, parent)| find(located.as_item(), parent)) {
                Some(Item::Table(parent)) if !parent.is_dotted() => Self::in_table(text, parent, true),
                _ => None,
            },
        };
        place.ok_or(Problem::NoPlace)
    }

    fn in_table(text: &str, table: &toml_edit::Table, needs_header: bool) -> Option<Self> {
        let end = last_end(table).or_else(|| Some(table.span()?.end))?;
        let line_start = text[..end].rfind('\n').map_or(0, |at| at + 1);
        let line = &text[line_start..];
        let indent = line[..line.len() - line.trim_start_matches([' ', '\t']).len()].to_owned();
        let behind = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        Some(Self { behind, is_inline: false, follows: true, needs_header, indent })
    }

    /// Returns the text with the entries, and the line of the first one, counted from 1.
    fn insert(&self, text: &str, table: &KeyPath, entries: &[String]) -> (String, usize) {
        let (before, after) = text.split_at(self.behind);
        let line = before.matches('\n').count() + 1;
        if self.is_inline {
            let list = entries.join(", ");
            let list = match (self.follows, after.trim_start().starts_with('}')) {
                (true, _) => format!(", {list}"),
                (false, true) => format!(" {list} "),
                (false, false) => list,
            };
            let after = if self.follows { after } else { after.trim_start() };
            return (format!("{before}{list}{after}"), line);
        }
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let gap = if before.is_empty() || before.ends_with('\n') { "" } else { end };
        let header = if self.needs_header { format!("{end}{}[{table}]{end}", self.indent) } else { String::new() };
        let lines: String = entries.iter().map(|entry| format!("{}{entry}{end}", self.indent)).collect();
        let skipped = gap.matches('\n').count() + header.matches('\n').count();
        (format!("{before}{gap}{header}{lines}{after}"), line + skipped)
    }
}

fn find<'a>(item: &'a Item, keys: &[String]) -> Option<&'a Item> {
    keys.iter().try_fold(item, |item, key| item.get(key.as_str()))
}

/// Returns the end of the last value of a table, tables of their own left out.
fn last_end(table: &dyn TableLike) -> Option<usize> {
    let values = table.iter().filter(|(_, item)| !item.is_table() && !item.is_array_of_tables());
    values.filter_map(|(_, item)| item.span()).map(|span| span.end).max()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(text: &str, keys: &[&str], values: &[(&str, Value)]) -> String {
        let values: Vec<(String, Value)> =
            values.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        written(text, &KeyPath::new(keys.iter().copied()), &values).unwrap().0
    }

    #[test]
    fn what_is_there_changes_at_its_place_and_what_is_new_comes_last() {
        let text = "# top\n[a.b]\n  x = 1     # why\n  y = \"z\"\n\n# about c\n[c]\nx = 5\n";
        let expected =
            "# top\n[a.b]\n  x = 22    # why\n  y = \"z\"\n  n = \"{M*3/4}\"\n  m = 3\n\n# about c\n[c]\nx = 5\n";
        assert_eq!(with(text, &["a", "b"], &[("n", json!("{M*3/4}")), ("x", json!(22)), ("m", json!(3))]), expected);
        assert_eq!(with("[a]\r\nx = 1", &["a"], &[("y", json!(2))]), "[a]\r\nx = 1\r\ny = 2\r\n");
        assert_eq!(with("[a]\n[b]\nx = 1\n", &["a"], &[("y", json!(2))]), "[a]\ny = 2\n[b]\nx = 1\n");
    }

    #[test]
    fn a_table_that_is_not_there_is_added_behind_its_own() {
        let text = "[a.b]\nx = 1 # one\n\n[a.b.other]\ny = 1\n";
        let expected = "[a.b]\nx = 1 # one\n\n[a.b.p]\nm = 3\n\n[a.b.other]\ny = 1\n";
        assert_eq!(with(text, &["a", "b", "p"], &[("m", json!(3))]), expected);
    }

    #[test]
    fn inline_tables_stay_inline() {
        let line = |text: &str| with(text, &["a", "p"], &[("m", json!(3)), ("x", json!(9))]);
        assert_eq!(line("[a]\np = { x = 1 } # kept\n"), "[a]\np = { x = 9, m = 3 } # kept\n");
        assert_eq!(line("[a]\np = { }\n"), "[a]\np = { m = 3, x = 9 }\n");
        assert_eq!(line("[a]\np = {}\n"), "[a]\np = { m = 3, x = 9 }\n");
    }

    #[test]
    fn what_has_no_safe_place_is_refused() {
        let write = |text: &str| written(text, &KeyPath::new(["a", "p"]), &[("m".into(), json!(3))]);
        assert!(matches!(write("a.p.x = 1\n"), Err(Problem::NoPlace)));
        assert!(matches!(write("a = 1\n"), Err(Problem::NoPlace)));
        assert!(matches!(write("a = \n"), Err(Problem::Toml(_))));
    }
}
