//! What is deleted, and in which order.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Reason, Retag, Work};
use super::observed::Observed;
use super::plan::Plan;
use crate::kinds::KINDS;
use crate::kinds::base::{AnyFound, AnyKind, Diff};
use crate::model::{Action, Address};
use crate::spec::Stack;

/// Decides what leaves nothing of ours.
pub fn destroy(stack: &Stack, observed: &Observed) -> Plan {
    let mut changes = vec![];
    let builders = stack.graph().reversed();
    for (address, found) in &observed.ours {
        let Some(resource) = stack.resource(address) else { continue };
        let after = builders.needs(address).cloned().map(Work::delete).collect();
        let change = delete(resource.kind, address, found, Reason::Destroyed);
        changes.push(Change { resource: Some(resource.clone()), after, ..change });
    }
    changes.extend(orphans(observed, true));
    Plan { changes: ordered(changes), proposals: vec![] }
}

/// Returns the deletes of what the file does not declare any more, in an order.
pub(super) fn removed(observed: &Observed) -> Vec<Change> {
    ordered(orphans(observed, false))
}

fn orphans(observed: &Observed, all: bool) -> Vec<Change> {
    let orphan = |orphan: &super::Orphan| {
        let reason = match (all, orphan.is_renamed) {
            (true, _) => Reason::Destroyed,
            (false, true) => Reason::Renamed,
            (false, false) => Reason::Removed,
        };
        delete(orphan.kind, &orphan.address, &orphan.found, reason)
    };
    observed.orphans.iter().map(orphan).collect()
}

/// Nothing is known of what an orphan was built on, so kinds go in the reverse of the order in which they are made.
fn ordered(mut changes: Vec<Change>) -> Vec<Change> {
    let ranks: BTreeMap<&str, usize> = KINDS.iter().enumerate().map(|(rank, kind)| (kind.name(), rank)).collect();
    let rank = |address: &Address| ranks.get(address.kind.as_str()).copied().unwrap_or_default();
    // One representative a kind keeps the graph small: all of a kind wait for all of the kinds above it.
    let mut orphans: BTreeMap<usize, BTreeSet<Address>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.resource.is_none()) {
        orphans.entry(rank(&change.address)).or_default().insert(change.address.clone());
    }
    for change in &mut changes {
        // Those of the next rank wait in turn for those above them.
        let next = orphans.range(rank(&change.address) + 1..).next();
        change.after.extend(next.into_iter().flat_map(|(_, orphans)| orphans).cloned().map(Work::delete));
    }
    changes.sort_by_key(|change| std::cmp::Reverse(rank(&change.address)));
    changes
}

fn delete(kind: &'static dyn AnyKind, address: &Address, found: &AnyFound, reason: Reason) -> Change {
    Change {
        address: address.clone(),
        action: Action::Delete,
        reason,
        diff: Diff::new(),
        retag: Retag::default(),
        kind,
        resource: None,
        found: Some(found.clone()),
        after: vec![],
    }
}
