//! Choosing, ordering and paging of what a describe call shows.

use super::super::glob::glob;
use super::super::query::{Params, list, maybe};
use super::super::refusal::Refusal;
use super::state::Network;

/// A thing as a describe call sees it.
pub(super) struct Shown {
    pub(super) id: String,
    /// Names and values that filters look at; a name may come more than once.
    pub(super) facts: Vec<(&'static str, String)>,
    /// Its XML.
    pub(super) body: String,
}

/// A describe call: the names of its filters and of its answer.
pub(super) struct Describe {
    pub(super) filters: &'static [&'static str],
    pub(super) set: &'static str,
}

impl Describe {
    /// Returns the most things of one page.
    fn most(&self) -> usize {
        if self.set == "routeTableSet" { 100 } else { 1000 }
    }

    /// Answers with a page of what passes every filter.
    pub(super) fn answer(&self, network: &Network, params: &Params, all: Vec<Shown>) -> Result<String, Refusal> {
        let filters = params.list("Filter");
        for filter in &filters {
            let name = filter.text("Name").unwrap_or_default();
            if !self.filters.contains(&name) && !matches!(name, "tag-key" | "tag-value") && !name.starts_with("tag:") {
                return Err(Refusal::bad("InvalidParameterValue", format!("The filter '{name}' is invalid")));
            }
        }
        let mut shown: Vec<Shown> =
            all.into_iter().filter(|thing| filters.iter().all(|filter| passes(network, thing, filter))).collect();
        let after = params.text("NextToken").and_then(|token| String::from_utf8(hex::decode(token).ok()?).ok());
        if let Some(after) = after {
            shown.retain(|thing| thing.id > after);
        }
        shown.sort_by(|left, right| left.id.cmp(&right.id));
        let most = self.most();
        let limit = params.number("MaxResults").and_then(|limit| usize::try_from(limit).ok());
        let limit = limit.unwrap_or(most).clamp(1, most);
        let more = shown.len() > limit;
        shown.truncate(limit);
        let next = shown.last().filter(|_| more).map(|last| hex::encode(&last.id));
        Ok(list(self.set, "item", shown.into_iter().map(|thing| thing.body)) + &maybe("nextToken", next))
    }
}

fn passes(network: &Network, thing: &Shown, filter: &Params) -> bool {
    let name = filter.text("Name").unwrap_or_default();
    let wanted = filter.texts("Value");
    let wants = |value: &str| wanted.iter().any(|pattern| glob(pattern, value));
    let tags = network.tags.get(&thing.id);
    match (name, name.strip_prefix("tag:")) {
        (_, Some(key)) => tags.and_then(|tags| tags.get(key)).is_some_and(|value| wants(value)),
        ("tag-key", _) => tags.is_some_and(|tags| tags.keys().any(|key| wants(key))),
        ("tag-value", _) => tags.is_some_and(|tags| tags.values().any(|value| wants(value))),
        _ => thing.facts.iter().any(|(fact, value)| *fact == name && wants(value)),
    }
}

/// Returns the ids that a call asks for, after looking that each is there.
pub(super) fn asked<T>(
    params: &Params,
    name: &str,
    table: &super::super::table::Table<T>,
    code: &str,
    noun: &str,
) -> Result<Vec<String>, Refusal> {
    let ids = params.texts(name);
    if let Some(id) = ids.iter().find(|id| !table.contains_key(id)) {
        return Err(super::state::unknown(id, code, noun));
    }
    Ok(if ids.is_empty() { table.keys().cloned().collect() } else { ids })
}
