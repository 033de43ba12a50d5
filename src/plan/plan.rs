//! Everything that happens.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Work};
use crate::kinds::base::Resource;
use crate::model::{Action, Address};

/// Two tables of the file that may be one under a new name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What left the file, such as `mysql.sales`.
    pub from: String,
    /// What is new in it, such as `mysql.orders`.
    pub to: String,
}

impl Proposal {
    /// Builds the proposal that what was made at `from` belongs to the table of `to` now.
    pub fn new(from: &Address, to: &Resource) -> Self {
        let table = to.origin.keys().first().map_or("", String::as_str);
        Self { from: format!("{table}.{}", from.name), to: to.origin.to_string() }
    }
}

/// Everything that happens, in an order in which it could happen.
#[derive(Clone, Default)]
pub struct Plan {
    /// One entry a resource, those without a change included.
    pub changes: Vec<Change>,
    /// What looks like a resource that was only given another address.
    pub proposals: Vec<Proposal>,
}

impl Plan {
    /// Returns the entries that change something.
    pub fn pending(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.action != Action::None)
    }

    /// Returns the entries that are shown: the deletion inside a replacement is part of it.
    pub fn shown(&self) -> impl Iterator<Item = &Change> {
        self.pending().filter(|change| !change.is_part_of_replacement())
    }

    /// Returns how many entries have this action.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }

    /// Returns whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.pending().next().is_none()
    }

    /// Returns the part that brings `wanted` about: those changes and whatever must be done before them.
    #[must_use]
    pub fn only(self, wanted: &dyn Fn(&Change) -> bool) -> Self {
        let by_work: BTreeMap<Work, &Change> = self.pending().map(|change| (change.work(), change)).collect();
        let mut kept: BTreeSet<Work> = BTreeSet::new();
        let mut open: Vec<Work> = self.pending().filter(|change| wanted(change)).map(Change::work).collect();
        while let Some(work) = open.pop() {
            if let Some(change) = by_work.get(&work)
                && kept.insert(work)
            {
                open.extend(change.after.iter().cloned());
            }
        }
        self.keep(&kept)
    }

    /// Returns the plan without `unwanted` and without what builds on them.
    #[must_use]
    pub fn except(self, unwanted: &dyn Fn(&Change) -> bool) -> Self {
        let mut dropped: BTreeSet<Work> = self.pending().filter(|change| unwanted(change)).map(Change::work).collect();
        loop {
            let more = self.pending().filter(|change| change.after.iter().any(|work| dropped.contains(work)));
            let more: Vec<Work> = more.map(Change::work).filter(|work| !dropped.contains(work)).collect();
            if more.is_empty() {
                break;
            }
            dropped.extend(more);
        }
        let kept = self.pending().map(Change::work).filter(|work| !dropped.contains(work)).collect();
        self.keep(&kept)
    }

    fn keep(mut self, kept: &BTreeSet<Work>) -> Self {
        self.changes.retain(|change| change.action == Action::None || kept.contains(&change.work()));
        self
    }
}
