//! Changes stack files as a person does: one line of one table.

use std::path::Path;

/// A table, a key and the new value, as it stands in the file.
pub(crate) type Edit = (&'static str, &'static str, &'static str);

/// Changes values in a file; a key that is not there yet is added.
#[track_caller]
pub(crate) fn edit(file: &Path, edits: &[Edit]) {
    let mut text = std::fs::read_to_string(file).unwrap();
    for (table, key, value) in edits {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let head = format!("[{table}]");
        let start = lines.iter().position(|line| *line == head).unwrap_or_else(|| panic!("there is no {head}"));
        let length = lines[start + 1..].iter().take_while(|line| !line.starts_with('[')).count();
        let assignment = format!("{key} = ");
        let line = lines[start..=start + length].iter().position(|line| line.starts_with(&assignment));
        match line {
            Some(line) => lines[start + line] = assignment + value,
            None => lines.insert(start + 1, assignment + value),
        }
        text = lines.join("\n") + "\n";
    }
    std::fs::write(file, text).unwrap();
}

/// Takes tables out of a file, with what stands below them.
#[track_caller]
pub(crate) fn remove(file: &Path, tables: &[&str]) {
    let text = std::fs::read_to_string(file).unwrap();
    let mut is_gone = false;
    let mut kept = vec![];
    for line in text.lines() {
        if line.starts_with('[') {
            let name = line.trim_matches(['[', ']']);
            is_gone = tables.iter().any(|table| name == *table || name.starts_with(&format!("{table}.")));
        }
        if !is_gone {
            kept.push(line);
        }
    }
    assert!(kept.len() < text.lines().count(), "none of {tables:?} is in the file");
    std::fs::write(file, kept.join("\n") + "\n").unwrap();
}

/// Takes every line with a key out of a file.
#[track_caller]
pub(crate) fn drop_key(file: &Path, key: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    let assignment = format!("{key} = ");
    let kept: Vec<_> = text.lines().filter(|line| !line.starts_with(&assignment)).collect();
    assert!(kept.len() < text.lines().count(), "`{key}` is not in the file");
    std::fs::write(file, kept.join("\n") + "\n").unwrap();
}

/// Returns every table with each of its keys.
pub(crate) fn keys(text: &str) -> Vec<(String, String)> {
    let mut table = String::new();
    let mut found = vec![];
    for line in text.lines() {
        if line.starts_with('[') {
            line.trim_matches(['[', ']']).clone_into(&mut table);
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with([' ', '#'])) {
            found.push((table.clone(), key.to_owned()));
        }
    }
    found
}
