//! Things by name, of which a copy costs next to nothing.
//!
//! A change that fails must change nothing, so every change works on a copy of the state. With thousands of things a
//! whole copy would make each change slower than the one before. Here they lie in chunks that copies share until one
//! of them changes.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most things in one chunk: what a change has to copy.
const LARGEST: usize = 64;

type Chunk<V> = BTreeMap<String, V>;

/// Things by name, in the order of their names.
#[derive(Debug, Clone)]
pub(super) struct Table<V> {
    /// None is empty, and all names of one come before those of the next.
    chunks: Vec<Arc<Chunk<V>>>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<V> Table<V> {
    /// Returns the thing of a name.
    pub(super) fn get(&self, name: &str) -> Option<&V> {
        self.chunks.get(self.place(name)?)?.get(name)
    }

    /// Returns whether there is a thing of that name.
    pub(super) fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns names and things.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &V)> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// Returns the names.
    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.iter().map(|(name, _)| name)
    }

    /// Returns the things.
    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// Returns the chunk in which a name is, or would be.
    fn place(&self, name: &str) -> Option<usize> {
        let begins_later = |chunk: &Arc<Chunk<V>>| chunk.keys().next().is_none_or(|first| first.as_str() > name);
        let after = self.chunks.partition_point(|chunk| !begins_later(chunk));
        (!self.chunks.is_empty()).then(|| after.saturating_sub(1))
    }
}

impl<V: Clone> Table<V> {
    /// Returns the thing of a name, to be changed.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let place = self.place(name).filter(|place| self.chunks[*place].contains_key(name))?;
        Arc::make_mut(&mut self.chunks[place]).get_mut(name)
    }

    /// Adds or replaces a thing and returns the one before.
    pub(super) fn insert(&mut self, name: String, value: V) -> Option<V> {
        let Some(place) = self.place(&name) else {
            self.chunks.push(Arc::new(Chunk::from([(name, value)])));
            return None;
        };
        let chunk = Arc::make_mut(&mut self.chunks[place]);
        let before = chunk.insert(name, value);
        if chunk.len() > LARGEST {
            let middle = chunk.keys().nth(LARGEST / 2).cloned().unwrap_or_default();
            let rest = chunk.split_off(&middle);
            self.chunks.insert(place + 1, Arc::new(rest));
        }
        before
    }

    /// Removes a thing and returns it.
    pub(super) fn remove(&mut self, name: &str) -> Option<V> {
        let place = self.place(name).filter(|place| self.chunks[*place].contains_key(name))?;
        let chunk = Arc::make_mut(&mut self.chunks[place]);
        let removed = chunk.remove(name);
        if chunk.is_empty() {
            self.chunks.remove(place);
        }
        removed
    }

    /// Returns names and things, to be changed. Every chunk is copied.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut V)> {
        self.chunks.iter_mut().flat_map(|chunk| Arc::make_mut(chunk).iter_mut())
    }

    /// Returns the things, to be changed. Every chunk is copied.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.iter_mut().map(|(_, value)| value)
    }

    /// Keeps what `is_kept` says. Only chunks that lose something are copied.
    pub(super) fn retain(&mut self, mut is_kept: impl FnMut(&String, &V) -> bool) {
        let gone: Vec<String> =
            self.iter().filter(|(name, value)| !is_kept(name, value)).map(|(name, _)| name.clone()).collect();
        for name in gone {
            self.remove(&name);
        }
    }
}

impl<V: Clone + Default> Table<V> {
    /// Returns the thing of a name, to be changed; an empty one if there was none.
    pub(super) fn get_or_default(&mut self, name: &str) -> &mut V {
        if !self.contains_key(name) {
            self.insert(name.to_owned(), V::default());
        }
        self.get_mut(name).expect("it was just put there")
    }
}

impl<V: Clone> FromIterator<(String, V)> for Table<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(things: I) -> Self {
        let mut table = Self::default();
        for (name, value) in things {
            table.insert(name, value);
        }
        table
    }
}

impl<'a, V> IntoIterator for &'a Table<V> {
    type Item = (&'a String, &'a V);
    type IntoIter = Box<dyn Iterator<Item = Self::Item> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

impl<'a, V: Clone> IntoIterator for &'a mut Table<V> {
    type Item = (&'a String, &'a mut V);
    type IntoIter = Box<dyn Iterator<Item = Self::Item> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter_mut())
    }
}

impl<V: Serialize> Serialize for Table<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, V: Clone + Deserialize<'de>> Deserialize<'de> for Table<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader(PhantomData))
    }
}

struct Reader<V>(PhantomData<V>);

impl<'de, V: Clone + Deserialize<'de>> Visitor<'de> for Reader<V> {
    type Value = Table<V>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Table<V>, A::Error> {
        let mut table = Table::default();
        while let Some((name, value)) = map.next_entry()? {
            table.insert(name, value);
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers in an order that is neither rising nor falling.
    fn shuffled(count: usize) -> impl Iterator<Item = (String, usize)> {
        (0..count).map(move |number| (number * 7919) % count).map(|number| (format!("{number:05}"), number))
    }

    #[test]
    fn it_holds_what_a_plain_map_holds() {
        let mut table: Table<usize> = shuffled(1000).collect();
        let mut plain: BTreeMap<String, usize> = shuffled(1000).collect();
        for (name, number) in shuffled(1000).filter(|(_, number)| number % 3 == 0) {
            assert_eq!(table.remove(&name), plain.remove(&name));
            assert_eq!(table.get(&name), None);
            if number % 2 == 0 {
                assert_eq!(table.insert(name.clone(), number + 1), plain.insert(name, number + 1));
            }
        }
        table.retain(|_, number| number % 5 != 0);
        plain.retain(|_, number| *number % 5 != 0);
        table.values_mut().for_each(|number| *number += 2);
        plain.values_mut().for_each(|number| *number += 2);
        assert!(table.iter().eq(plain.iter()));
        let text = serde_json::to_string(&table).unwrap();
        assert_eq!(text, serde_json::to_string(&plain).unwrap());
        assert!(serde_json::from_str::<Table<usize>>(&text).unwrap().iter().eq(plain.iter()));
    }

    #[test]
    fn a_copy_does_not_see_what_is_changed_later_and_shares_the_rest() {
        let mut table: Table<usize> = shuffled(1000).collect();
        let copy = table.clone();
        *table.get_mut("00500").unwrap() = 0;
        table.remove("00000");
        assert_eq!((copy.get("00500"), copy.get("00000"), copy.keys().count()), (Some(&500), Some(&0), 1000));
        let shared = |chunk: &Arc<Chunk<usize>>| table.chunks.iter().any(|other| Arc::ptr_eq(other, chunk));
        assert!(copy.chunks.iter().filter(|chunk| !shared(chunk)).count() <= 2);
    }
}
