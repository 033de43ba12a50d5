//! The stack file as text, as values, and as places.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::twice::declared_twice;
use crate::diag::{Class, Diagnostic, Place};
use crate::model::KeyPath;

/// A parsed file that can say where each key stands.
#[derive(Debug, Clone)]
pub struct Document {
    file: PathBuf,
    text: String,
    values: Value,
}

impl Document {
    /// Parses `text`.
    ///
    /// # Errors
    /// Every place at which it is no TOML.
    pub fn parse(file: &Path, text: String) -> Result<Self, Vec<Diagnostic>> {
        let (table, errors) = DeTable::parse_recoverable(&text);
        if errors.is_empty() {
            let values = table_value(table.get_ref());
            return Ok(Self { file: file.to_path_buf(), text, values });
        }
        let place = |span| Place { file: file.to_path_buf(), text: text.clone(), span, label: String::new() };
        let diagnostic = |error: &toml::de::Error| {
            let told = match error.span().filter(|_| error.message() == "duplicate key") {
                Some(span) => declared_twice(&text, span.start)?,
                None => Diagnostic::error(Class::Spec, error.message().to_owned()),
            };
            Some(told.at(error.span().map(place)))
        };
        Err(errors.iter().filter_map(diagnostic).collect())
    }

    /// Returns the values.
    pub fn values(&self) -> &Value {
        &self.values
    }

    /// Returns the file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Returns the value at `path`.
    pub(super) fn value(&self, path: &KeyPath) -> Option<&Value> {
        path.keys().iter().try_fold(&self.values, |value, key| match value {
            Value::Array(items) => items.get(key.parse::<usize>().ok()?),
            other => other.get(key),
        })
    }

    /// Returns `path` in words: `` `name` of the 3rd `pipeline.step` ``.
    pub(super) fn spoken(&self, path: &KeyPath) -> String {
        let (mut words, mut keys, mut at) = (String::new(), vec![], KeyPath::default());
        for (depth, key) in path.keys().iter().enumerate() {
            let is_list = self.value(&at).is_some_and(Value::is_array);
            at = at.then(key);
            match key.parse::<usize>().ok().filter(|_| is_list) {
                Some(position) => {
                    let of = if depth + 1 == path.keys().len() { " of" } else { "" };
                    words = format!("the {}{of} {}", ordinal(position + 1), behind(&keys.join("."), &words));
                    keys.clear();
                }
                None => keys.push(key.clone()),
            }
        }
        if keys.is_empty() { words } else { behind(&keys.join("."), &words) }
    }

    /// Returns where the value at `path` stands; a path that leads nowhere gives the deepest key that is there.
    pub fn place(&self, path: &KeyPath, label: &str) -> Place {
        self.at(path, label, Part::Value)
    }

    /// Returns where the key at `path` stands.
    pub fn key_place(&self, path: &KeyPath, label: &str) -> Place {
        self.at(path, label, Part::Key)
    }

    fn at(&self, path: &KeyPath, label: &str, part: Part) -> Place {
        let (table, _) = DeTable::parse_recoverable(&self.text);
        let span = walk(table.get_ref(), path.keys(), part).unwrap_or(0..0);
        let span = self.without_line_break(span);
        Place { file: self.file.clone(), text: self.text.clone(), span, label: label.to_owned() }
    }

    /// A whole table spans many lines; its first line is enough to find it.
    fn without_line_break(&self, span: Range<usize>) -> Range<usize> {
        let text = self.text.get(span.clone()).unwrap_or_default();
        let end = text.find('\n').map_or(span.end, |length| span.start + length);
        span.start..end
    }
}

fn behind(keys: &str, words: &str) -> String {
    if words.is_empty() { format!("`{keys}`") } else { format!("`{keys}` of {words}") }
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Value,
}

fn walk(table: &DeTable<'_>, keys: &[String], part: Part) -> Option<Range<usize>> {
    let (first, rest) = keys.split_first()?;
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == first.as_str())?;
    if rest.is_empty() {
        let is_table = matches!(value.get_ref(), DeValue::Table(_)) && !value.span().is_empty();
        let use_key = part == Part::Key || (is_table && value.span().start < key.span().start);
        return Some(if use_key { key.span() } else { value.span() });
    }
    Some(walk_value(value, rest, part).unwrap_or_else(|| key.span()))
}

fn walk_value(value: &Spanned<DeValue<'_>>, keys: &[String], part: Part) -> Option<Range<usize>> {
    match value.get_ref() {
        DeValue::Table(table) => walk(table, keys, part),
        DeValue::Array(array) => {
            let (first, rest) = keys.split_first()?;
            let item = array.get(first.parse::<usize>().ok()?)?;
            if rest.is_empty() { Some(item.span()) } else { walk_value(item, rest, part).or(Some(item.span())) }
        }
        _ => None,
    }
}

fn table_value(table: &DeTable<'_>) -> Value {
    let members = table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())));
    Value::Object(members.collect::<Map<_, _>>())
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(on) => Value::Bool(*on),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| json(item.get_ref())).collect()),
        DeValue::Table(table) => table_value(table),
    }
}
