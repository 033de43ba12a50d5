//! The query protocol: nested form members in, XML out.

use std::collections::BTreeMap;

use super::refusal::Refusal;
use crate::localcloud::call::escape_xml;

/// The members of a request, as a tree of their dotted names.
#[derive(Debug, Default, Clone)]
pub(super) struct Params {
    value: Option<String>,
    members: BTreeMap<String, Params>,
}

impl Params {
    /// Sorts the pairs of a form into a tree.
    pub(super) fn of(pairs: Vec<(String, String)>) -> Self {
        let mut root = Self::default();
        for (name, value) in pairs {
            let mut node = &mut root;
            for word in name.split('.') {
                node = node.members.entry(word.to_owned()).or_default();
            }
            node.value = Some(value);
        }
        root
    }

    /// Returns a member that has members.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        name.split('.').try_fold(self, |node, word| node.members.get(word))
    }

    /// Returns the value of this very member.
    pub(super) fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Returns the names of the members.
    pub(super) fn names(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    /// Returns a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.member(name)?.value.as_deref()
    }

    /// Returns a text that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        let missing = || Refusal::bad("MissingParameter", format!("The request must contain the parameter {name}"));
        self.text(name).filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    /// Returns a number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// Returns a switch.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        Some(self.text(name)?.eq_ignore_ascii_case("true"))
    }

    /// Returns the members of a list in order, with or without the word `member` that some services put in between.
    pub(super) fn list(&self, name: &str) -> Vec<&Self> {
        self.member(name).map(Self::members).unwrap_or_default()
    }

    /// Returns the members of this very list in order.
    pub(super) fn members(&self) -> Vec<&Self> {
        let list = self.members.get("member").unwrap_or(self);
        let mut members: Vec<(usize, &Self)> =
            list.members.iter().filter_map(|(place, member)| Some((place.parse().ok()?, member))).collect();
        members.sort_by_key(|(place, _)| *place);
        members.into_iter().map(|(_, member)| member).collect()
    }

    /// Returns a list of texts.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.list(name).into_iter().filter_map(|member| member.value.clone()).collect()
    }
}

/// Writes an element with text.
pub(super) fn text(name: &str, value: impl std::fmt::Display) -> String {
    format!("<{name}>{}</{name}>", escape_xml(&value.to_string()))
}

/// Writes an element with text if there is one.
pub(super) fn maybe(name: &str, value: Option<impl std::fmt::Display>) -> String {
    value.map(|value| text(name, value)).unwrap_or_default()
}

/// Writes an element around others.
pub(super) fn wrap(name: &str, inner: impl AsRef<str>) -> String {
    format!("<{name}>{}</{name}>", inner.as_ref())
}

/// Writes a list whose members are called `item` or `member`.
pub(super) fn list(name: &str, member: &str, members: impl IntoIterator<Item = String>) -> String {
    let members: String = members.into_iter().map(|inner| wrap(member, inner)).collect();
    wrap(name, members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_their_order_beyond_nine() {
        let pairs = (1..=11).map(|place| (format!("Filter.1.Value.{place}"), place.to_string())).collect();
        let params = Params::of(pairs);
        let values = params.list("Filter")[0].texts("Value");
        assert_eq!(values, (1..=11).map(|place| place.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn the_word_member_is_passed_over() {
        let params = Params::of(vec![("Tags.member.1.Key".to_owned(), "a".to_owned())]);
        assert_eq!(params.list("Tags")[0].text("Key"), Some("a"));
    }
}
