//! The mark in the description of a layer version, which can carry no tags: `stack:NAME layer.X v1:HASH`.

use crate::model::Address;
use crate::ownership::{SpecHash, Tags};

const BEGIN: &str = "stack:";

/// Whose version it is, and what it was built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// The stack.
    pub(super) stack: String,
    /// The address inside the stack.
    pub(super) id: String,
    /// The hash of what was declared.
    pub(super) hash: String,
}

impl Mark {
    /// Takes the stack and the address from the tags that the version would carry if it could.
    pub(super) fn of_tags(tags: &Tags, hash: SpecHash) -> Self {
        let value = |key: &str| tags.0.get(key).cloned().unwrap_or_default();
        Self { stack: value("stack:name"), id: value("stack:id"), hash: hash.0 }
    }

    /// Reads a description; `None` if it is no mark.
    pub(super) fn parse(description: &str) -> Option<Self> {
        let words: Vec<&str> = description.strip_prefix(BEGIN)?.split(' ').collect();
        let [stack, id, hash] = words[..] else { return None };
        Address::parse(id)?;
        Some(Self { stack: stack.to_owned(), id: id.to_owned(), hash: hash.to_owned() })
    }

    /// Returns the description.
    pub(super) fn text(&self) -> String {
        format!("{BEGIN}{} {} {}", self.stack, self.id, self.hash)
    }

    /// Returns the tags that it stands for.
    pub(super) fn tags(&self) -> Tags {
        let pairs = [("stack:name", &self.stack), ("stack:id", &self.id), ("stack:spec", &self.hash)];
        Tags::collect(pairs.map(|(key, value)| (Some(key.to_owned()), Some(value.clone()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ownership::Owner;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let mark = Mark { stack: "shop".into(), id: "layer.mysql".into(), hash: "v1:0123".into() };
        assert_eq!(Mark::parse(&mark.text()), Some(mark.clone()));
        assert_eq!(mark.tags().owner("shop"), Owner::Ours(Address::new("layer", "mysql")));
        assert_eq!(mark.tags().owner("shop-two"), Owner::Foreign);
    }

    #[test]
    fn a_description_of_somebody_is_no_mark() {
        for description in ["", "stack of helpers", "stack: a b", "stack:shop v1:0123"] {
            assert_eq!(Mark::parse(description), None, "{description}");
        }
    }
}
