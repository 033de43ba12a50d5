//! `[[moved]]`: tables that have another name than they had.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::suggest::nearest;
use crate::kinds::TABLES;
use crate::kinds::base::{Entry, Finding, KindError, Reference, Resource, Table};

/// A table of the file, such as `mysql.sales`. Every resource that it stands for moves with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableAddress {
    /// The first key.
    pub table: &'static str,
    /// Its logical name.
    pub name: String,
}

impl fmt::Display for TableAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.name)
    }
}

/// A table that was renamed; `to` is declared, `from` is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// What it was called.
    pub from: TableAddress,
    /// What it is called now, at the end of a chain of renames.
    pub to: TableAddress,
}

/// The list `[[moved]]`.
pub(super) struct MovedList;

/// One entry of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MovedTable {
    from: String,
    to: String,
}

impl Table for MovedList {
    const NAME: &'static str = "moved";
    const SINGLE: bool = true;
    type Spec = Vec<MovedTable>;

    /// Only the end of a chain must be declared.
    fn references(&self, list: &Vec<MovedTable>) -> Vec<Reference> {
        let ends = list.iter().enumerate().filter(|(_, one)| !list.iter().any(|other| other.from == one.to));
        let reference = |(position, one): (usize, &MovedTable)| {
            let to = address(&one.to)?;
            let is_same_kind = address(&one.from).is_none_or(|from| from.table == to.table);
            is_same_kind.then(|| Reference::new(format!("{position}.to"), to.table, to.name))
        };
        ends.filter_map(reference).collect()
    }

    fn check(&self, list: &Vec<MovedTable>, entry: Entry<'_>) -> Vec<Finding> {
        let mut findings = vec![];
        for (position, one) in list.iter().enumerate() {
            let at = |key: &str| format!("{position}.{key}");
            findings.extend(no_address(&at("from"), &one.from));
            findings.extend(no_address(&at("to"), &one.to));
            let (Some(from), Some(to)) = (address(&one.from), address(&one.to)) else { continue };
            if entry.all.has(from.table, &from.name) {
                let finding = Finding::error(at("from"), format!("`{from}` is still declared"));
                findings.push(finding.hint("a table that has moved is no longer there under its old name"));
            }
            if from.table != to.table {
                let message = format!("`{from}` cannot become `{to}`: a table keeps its kind");
                findings.push(Finding::error(at("to"), message).hint(format!("such as `{}.{}`", from.table, to.name)));
            }
            let before = || list.iter().take(position);
            if before().any(|other| other.from == one.from) {
                findings.push(Finding::error(at("from"), format!("`{from}` has moved twice")));
            } else if before().any(|other| other.to == one.to) {
                let finding = Finding::error(at("to"), format!("two tables have moved to `{to}`"));
                findings.push(finding.hint("for two renames in a row write both steps: from a to b, from b to c"));
            }
            if end(list, &one.from).is_none() {
                findings.push(Finding::error(at("from"), format!("`{from}` moves in a circle")));
            }
        }
        findings
    }

    fn expand(&self, _list: &Vec<MovedTable>, _entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        Ok(vec![])
    }
}

/// Returns the moves of a checked list with chains resolved: from a to c and from b to c for a, b, c.
pub(super) fn resolve(list: &[MovedTable]) -> Vec<Moved> {
    let moved = |one: &MovedTable| Some(Moved { from: address(&one.from)?, to: address(end(list, &one.from)?)? });
    list.iter().filter_map(moved).collect()
}

/// Follows the renames of `from` to their end; there is none in a circle.
fn end<'a>(list: &'a [MovedTable], from: &'a str) -> Option<&'a str> {
    let next: BTreeMap<&str, &str> = list.iter().map(|one| (one.from.as_str(), one.to.as_str())).collect();
    let mut now = from;
    for _ in 0..=list.len() {
        match next.get(now) {
            Some(to) => now = to,
            None => return Some(now),
        }
    }
    None
}

/// The tables that have names of their own.
fn named() -> impl Iterator<Item = &'static str> {
    TABLES.iter().filter(|table| !table.is_single()).map(|table| table.name())
}

fn address(text: &str) -> Option<TableAddress> {
    let (table, name) = text.split_once('.')?;
    let table = named().find(|known| *known == table)?;
    (!name.is_empty()).then(|| TableAddress { table, name: name.to_owned() })
}

fn no_address(at: &str, text: &str) -> Option<Finding> {
    if address(text).is_some() {
        return None;
    }
    let table = text.split('.').next().unwrap_or_default();
    if TABLES.iter().any(|known| known.is_single() && known.name() == table) {
        return Some(Finding::error(at, format!("`[{table}]` has no name of its own, so it cannot move")));
    }
    let finding = Finding::error(at, format!("`{text}` names no table"));
    let name = text.split_once('.').map_or("NAME", |(_, name)| name);
    Some(match nearest(table, named()).filter(|like| *like != table) {
        Some(like) => finding.hint(format!("did you mean `{like}.{name}`?")),
        None => finding.hint("such as `mysql.sales`"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(pairs: &[(&str, &str)]) -> Vec<MovedTable> {
        pairs.iter().map(|(from, to)| MovedTable { from: (*from).into(), to: (*to).into() }).collect()
    }

    #[test]
    fn a_chain_of_renames_leads_to_its_end() {
        let moved = resolve(&list(&[("mysql.b", "mysql.c"), ("mysql.a", "mysql.b")]));
        let texts: Vec<String> = moved.iter().map(|one| format!("{} {}", one.from, one.to)).collect();
        assert_eq!(texts, ["mysql.b mysql.c", "mysql.a mysql.c"]);
    }

    #[test]
    fn a_circle_has_no_end() {
        assert_eq!(end(&list(&[("a", "b"), ("b", "a")]), "a"), None);
        assert_eq!(end(&list(&[("a", "a")]), "a"), None);
    }
}
