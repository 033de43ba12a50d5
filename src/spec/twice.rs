//! What stands twice in a file, in the words of the file.

use crate::diag::{Class, Diagnostic};

/// Returns the error of a table or key that begins at `at` and was there before, or `None` where it only repeats that
/// its table was.
pub(super) fn declared_twice(text: &str, at: usize) -> Option<Diagnostic> {
    let begin = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text[begin..].lines().next().unwrap_or_default();
    let before: Vec<&str> = text[..begin].lines().collect();
    if let Some(header) = header(line) {
        let first = before.iter().position(|line| self::header(line) == Some(header));
        return Some(error(format!("`{header}` is declared twice"), first));
    }
    let section = before.iter().rposition(|line| self::header(line).is_some());
    let table = section.and_then(|at| header(before[at]));
    let is_of_repeated_table = table.is_some_and(|table| {
        let headers = before.iter().filter(|line| header(line) == Some(table));
        !table.starts_with("[[") && headers.count() > 1
    });
    if is_of_repeated_table {
        return None;
    }
    let key = key(&text[at..]);
    let members = section.map_or(0, |at| at + 1);
    let first = before.iter().skip(members).position(|line| self::key(line.trim_start()) == key);
    let place = table.map_or_else(String::new, |table| format!(" in `{table}`"));
    Some(error(format!("`{key}` is there twice{place}"), first.map(|at| at + members)))
}

fn error(message: String, first: Option<usize>) -> Diagnostic {
    let error = Diagnostic::error(Class::Spec, message);
    match first {
        Some(line) => error.hint(format!("it is there before, in line {}", line + 1)),
        None => error,
    }
}

/// Returns `[a.b]` of a line that begins a table.
fn header(line: &str) -> Option<&str> {
    let line = line.trim();
    let end = line.rfind(']')?;
    line.starts_with('[').then(|| &line[..=end])
}

fn key(text: &str) -> &str {
    let end = text.find(|letter: char| letter.is_whitespace() || letter == '=').unwrap_or(text.len());
    &text[..end]
}
