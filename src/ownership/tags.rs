//! The tags that prove ownership.

use std::collections::BTreeMap;

use crate::model::Address;

use super::SpecHash;

const NAME: &str = "stack:name";
const ID: &str = "stack:id";
const SPEC: &str = "stack:spec";

/// The tags of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tags(pub BTreeMap<String, String>);

/// What tags say of who owns a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// This stack, under this address.
    Ours(Address),
    /// Another stack, or nobody.
    Foreign,
}

impl Tags {
    /// Returns the tags of a resource of ours: the person's own, then ours.
    pub fn of(stack: &str, address: &Address, hash: &SpecHash, own: &BTreeMap<String, String>) -> Self {
        let mut tags = own.clone();
        tags.insert(NAME.into(), stack.into());
        tags.insert(ID.into(), address.to_string());
        tags.insert(SPEC.into(), hash.0.clone());
        Self(tags)
    }

    /// Collects tags from keys and values that AWS may leave out.
    pub fn collect<Text: Into<String>>(pairs: impl IntoIterator<Item = (Option<Text>, Option<Text>)>) -> Self {
        let pairs = pairs.into_iter().filter_map(|(key, value)| Some((key?.into(), value?.into())));
        Self(pairs.collect())
    }

    /// Returns whose thing carries these tags.
    pub fn owner(&self, stack: &str) -> Owner {
        let address = self.0.get(ID).and_then(|id| Address::parse(id));
        match address {
            Some(address) if self.0.get(NAME).is_some_and(|name| name == stack) => Owner::Ours(address),
            _ => Owner::Foreign,
        }
    }

    /// Returns the hash of what was last applied.
    pub fn spec_hash(&self) -> Option<SpecHash> {
        self.0.get(SPEC).cloned().map(SpecHash)
    }

    /// Returns key and value of every tag.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Returns the tags of `self` that `seen` lacks or says otherwise.
    pub fn missing_from(&self, seen: &Self) -> Self {
        Self(self.0.iter().filter(|(key, value)| seen.0.get(*key) != Some(value)).map(clone_pair).collect())
    }
}

fn clone_pair((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}
