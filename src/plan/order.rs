//! The order between what goes and what comes.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Reason, Retag, Work};
use crate::model::{Action, Address};
use crate::spec::Stack;

/// A replaced resource is deleted only after everything replaced that is built on it, and made before that is made.
pub(super) fn order_replacements(changes: &mut Vec<Change>, stack: &Stack) {
    let replaced: BTreeSet<Address> =
        changes.iter().filter(|change| change.action == Action::Replace).map(|change| change.address.clone()).collect();
    let builders = stack.graph().reversed();
    let mut deletes = vec![];
    for change in changes.iter_mut().filter(|change| change.action == Action::Replace) {
        let after = builders.needs(&change.address).filter(|builder| replaced.contains(*builder));
        let after = after.cloned().map(Work::delete).collect();
        deletes.push(Change { action: Action::Delete, retag: Retag::default(), after, ..change.clone() });
        change.after.push(Work::delete(change.address.clone()));
    }
    // What is built last goes first.
    deletes.reverse();
    changes.splice(0..0, deletes);
}

/// Puts the deletes of what left the file where they belong: in the way of a successor before it is made, in use by
/// others after they were changed. Such a wait is a wish: one that would close a circle is left out, and what is still
/// in the way or in use then is tried again.
pub(super) fn order_deletes(changes: &mut [Change], mut deletes: Vec<Change>) -> Vec<Change> {
    let mut wishes: Vec<(Work, Work)> = vec![];
    for delete in &deletes {
        let kind = &delete.address.kind;
        let new = changes.iter().filter(|change| change.action != Action::Delete);
        if delete.kind.is_made_first() {
            let uses = |change: &&Change| change.resource.as_ref().is_some_and(|one| needs_kind(&one.needs(), kind));
            wishes.extend(new.filter(uses).map(|user| (delete.work(), user.work())));
        } else {
            let is_in_the_way = |change: &&Change| {
                let is_successor = delete.reason == Reason::Renamed && change.address == delete.address;
                change.address.kind == *kind && (is_successor || collides(change, delete))
            };
            wishes.extend(new.filter(is_in_the_way).map(|successor| (successor.work(), delete.work())));
        }
    }
    let mut waits: BTreeMap<Work, Vec<Work>> =
        changes.iter().chain(&deletes).map(|change| (change.work(), change.after.clone())).collect();
    for (waiter, first) in wishes {
        if !reaches(&waits, &first, &waiter) {
            waits.entry(waiter).or_default().push(first);
        }
    }
    for change in changes.iter_mut().chain(&mut deletes) {
        if let Some(after) = waits.remove(&change.work()) {
            change.after = after;
        }
    }
    deletes
}

/// Returns whether what is deleted must be gone before the change can be made.
fn collides(change: &Change, delete: &Change) -> bool {
    let pair = change.resource.as_ref().zip(delete.found.as_ref());
    pair.is_some_and(|(resource, found)| change.kind.collides(resource, found))
}

fn needs_kind(needs: &[Address], kind: &str) -> bool {
    needs.iter().any(|need| need.kind == kind)
}

/// Returns whether `from` waits for `to`, directly or through others.
fn reaches(waits: &BTreeMap<Work, Vec<Work>>, from: &Work, to: &Work) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(work) = open.pop() {
        if work == to {
            return true;
        }
        if seen.insert(work) {
            open.extend(waits.get(work).into_iter().flatten());
        }
    }
    false
}
