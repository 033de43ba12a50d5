//! The decision, on one thread and without a look at the world.

use std::collections::BTreeMap;

use super::change::{Change, Foreign, Plan, Reason, Work};
use super::observed::Observed;
use crate::kinds::KINDS;
use crate::kinds::base::{AnyFound, Diff, Known, Resource};
use crate::model::{Action, Address};
use crate::spec::Stack;

/// Decides what makes the cloud as declared.
///
/// # Errors
/// If somebody else holds a declared name: nothing of the plan may begin then.
pub fn up(stack: &Stack, observed: &Observed, known: &Known) -> Result<Plan, Vec<Foreign>> {
    if !observed.foreign.is_empty() {
        let foreign =
            |(address, found): (&Address, &AnyFound)| Foreign { address: address.clone(), name: found.name.clone() };
        return Err(observed.foreign.iter().map(foreign).collect());
    }
    let mut known = known.clone();
    observed.teach(&mut known);
    let mut plan = Plan::default();
    let order = stack.graph().order().expect("a loaded stack has no circle");
    for resource in order.iter().filter_map(|address| stack.resource(address)) {
        let change = decide(resource, observed.ours.get(&resource.address), &known);
        let is_made = matches!(change.action, Action::Create | Action::Replace);
        if is_made || (change.action == Action::Update && resource.kind.changes_outputs(&change.diff)) {
            // What it offers is not known before it is made or changed.
            known.forget(&resource.address);
        }
        plan.changes.push(change);
    }
    let deletes = deletes(stack, observed, false);
    // What is renamed may leave something behind that stands in the way of the new one, such as a rule of a bucket.
    for change in &mut plan.changes {
        let same_kind = deletes.iter().filter(|delete| delete.address.kind == change.address.kind);
        change.after.extend(same_kind.map(Change::work));
    }
    plan.changes.extend(deletes);
    Ok(plan)
}

/// Decides what leaves nothing of ours.
pub fn destroy(stack: &Stack, observed: &Observed) -> Plan {
    Plan { changes: deletes(stack, observed, true) }
}

fn decide(resource: &Resource, found: Option<&AnyFound>, known: &Known) -> Change {
    let base = Change {
        address: resource.address.clone(),
        action: Action::Create,
        reason: Reason::New,
        diff: Diff::new(),
        retag: false,
        kind: resource.kind,
        resource: Some(resource.clone()),
        found: found.cloned(),
        after: resource.needs().into_iter().map(Work::bring).collect(),
    };
    let Some(found) = found else { return base };
    let diff = resource.kind.diff(resource, found, known);
    let missing = resource.tags(known).missing_from(&found.tags);
    let retag = resource.kind.is_tagged() && !missing.0.is_empty();
    let reason = match found.tags.spec_hash() {
        _ if !resource.kind.is_tagged() => Reason::Differs,
        Some(hash) if hash == resource.hash => Reason::Drifted,
        _ => Reason::FileChanged,
    };
    let action = match (diff.replacement(), diff.is_empty() && !retag) {
        (Some(_), _) => Action::Replace,
        (None, false) => Action::Update,
        (None, true) => return Change { action: Action::None, reason: Reason::AsDeclared, ..base },
    };
    Change { action, reason, diff, retag, ..base }
}

/// Returns the deletes: orphans, and with `all` everything declared that exists. Each waits for what builds on it.
fn deletes(stack: &Stack, observed: &Observed, all: bool) -> Vec<Change> {
    let mut changes: Vec<Change> = vec![];
    if all {
        let builders = stack.graph().reversed();
        for (address, found) in &observed.ours {
            let Some(resource) = stack.resource(address) else { continue };
            let after = builders.needs(address).cloned().map(Work::delete).collect();
            let change = delete(resource.kind, address, found, Reason::Destroyed);
            changes.push(Change { resource: Some(resource.clone()), after, ..change });
        }
    }
    for orphan in &observed.orphans {
        let reason = if all { Reason::Destroyed } else { Reason::Removed };
        changes.push(delete(orphan.kind, &orphan.address, &orphan.found, reason));
    }
    // Nothing is known of what an orphan was built on, so kinds go in the reverse of the order in which they are made.
    let ranks: BTreeMap<&str, usize> = KINDS.iter().enumerate().map(|(rank, kind)| (kind.name(), rank)).collect();
    let rank = |address: &Address| ranks.get(address.kind.as_str()).copied().unwrap_or_default();
    let orphans: Vec<Address> = observed.orphans.iter().map(|orphan| orphan.address.clone()).collect();
    for change in &mut changes {
        let own = rank(&change.address);
        change.after.extend(orphans.iter().filter(|orphan| rank(orphan) > own).cloned().map(Work::delete));
    }
    changes.sort_by_key(|change| std::cmp::Reverse(rank(&change.address)));
    changes
}

fn delete(
    kind: &'static dyn crate::kinds::base::AnyKind,
    address: &Address,
    found: &AnyFound,
    reason: Reason,
) -> Change {
    Change {
        address: address.clone(),
        action: Action::Delete,
        reason,
        diff: Diff::new(),
        retag: false,
        kind,
        resource: None,
        found: Some(found.clone()),
        after: vec![],
    }
}
