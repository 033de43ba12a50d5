//! The tags that prove ownership.

use std::collections::BTreeMap;

use crate::model::Address;

use super::SpecHash;

pub(super) const NAME: &str = "stack:name";
const ID: &str = "stack:id";
const SPEC: &str = "stack:spec";
const KEYS: &str = "stack:tags";

/// AWS takes values of up to 256 characters.
const LONGEST: usize = 256;

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
        if !own.is_empty() {
            tags.insert(KEYS.into(), key_list(own.keys()));
        }
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
        match self.address() {
            Some(address) if self.0.get(NAME).is_some_and(|name| name == stack) => Owner::Ours(address),
            _ => Owner::Foreign,
        }
    }

    /// Returns the name of the stack that owns it, whichever that is.
    pub fn stack_name(&self) -> Option<String> {
        self.0.get(NAME).cloned()
    }

    /// Returns the stack and the address that these tags name, whichever stack that is; `None` if nobody's marks are
    /// there, or not all of them.
    pub fn mark(&self) -> Option<(&str, Address)> {
        Some((self.0.get(NAME)?.as_str(), self.address()?))
    }

    /// Returns the address under which it was made.
    pub fn address(&self) -> Option<Address> {
        self.0.get(ID).and_then(|id| Address::parse(id))
    }

    /// Returns the person's own tags.
    pub fn own(&self) -> BTreeMap<String, String> {
        self.0.iter().filter(|(key, _)| !Self::is_mark(key)).map(clone_pair).collect()
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
    #[must_use]
    pub fn missing_from(&self, seen: &Self) -> Self {
        Self(self.0.iter().filter(|(key, value)| seen.0.get(*key) != Some(value)).map(clone_pair).collect())
    }

    /// Returns the keys that an earlier apply wrote to `seen` and that are declared no more. Tags that somebody else
    /// added are none of ours and stay.
    pub fn obsolete_in(&self, seen: &Self) -> Vec<String> {
        let written = seen.0.get(KEYS).map(String::as_str).unwrap_or_default().split(' ');
        let mut keys: Vec<String> = written.filter(|key| !key.is_empty()).map(str::to_owned).collect();
        keys.push(KEYS.to_owned());
        keys.retain(|key| seen.0.contains_key(key) && !self.0.contains_key(key));
        keys
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether a key is one of the marks that prove ownership.
    pub fn is_mark(key: &str) -> bool {
        key.starts_with("stack:")
    }
}

/// Remembers which tags are the file's own, so that one that leaves the file can be removed. A key with a space, or one
/// that finds no room, is not remembered: then its tag stays, which loses nothing.
fn key_list<'a>(keys: impl Iterator<Item = &'a String>) -> String {
    let mut list = String::new();
    for key in keys.filter(|key| !key.contains(' ')) {
        if list.len() + key.len() < LONGEST {
            if !list.is_empty() {
                list.push(' ');
            }
            list.push_str(key);
        }
    }
    list
}

fn clone_pair((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}
