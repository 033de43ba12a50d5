//! The decision, on one thread and without a look at the world.

use super::change::{Change, Foreign, Reason, Retag, Work};
use super::deletes::removed;
use super::observed::{Observed, Readdressed};
use super::order::{order_deletes, order_replacements};
use super::plan::{Plan, Proposal};
use super::wake::wake;
use crate::kinds::base::{AnyFound, Diff, Known, Resource};
use crate::model::Action;
use crate::ownership::SpecHash;
use crate::spec::Stack;

/// Why no plan may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody else holds a declared name.
    Foreign(Foreign),
    /// A resource of ours has another address in the file than the one under which it was made.
    Readdressed(Readdressed),
}

/// Decides what makes the cloud as declared.
///
/// # Errors
/// If a name is taken, or something of ours has another address: nothing of the plan may begin then.
pub fn up(stack: &Stack, observed: &Observed, known: &Known) -> Result<Plan, Vec<Refusal>> {
    let refusals = refusals(observed);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut known = known.clone();
    observed.teach(&mut known);
    let mut changes = vec![];
    let order = stack.graph().order().expect("a loaded stack has no circle");
    for resource in order.iter().filter_map(|address| stack.resource(address)) {
        let change = decide(resource, observed.ours.get(&resource.address), &known);
        let is_made = matches!(change.action, Action::Create | Action::Replace);
        if is_made || (change.action == Action::Update && resource.kind.changes_outputs(&change.diff)) {
            // What it offers is not known before it is made or changed.
            known.forget(&resource.address);
        }
        changes.push(change);
    }
    let deletes = removed(observed);
    let proposals = proposals(&changes, &deletes);
    order_replacements(&mut changes, stack);
    let deletes = order_deletes(&mut changes, deletes);
    wake(&mut changes, stack, observed);
    changes.extend(deletes);
    Ok(Plan { changes, proposals })
}

fn refusals(observed: &Observed) -> Vec<Refusal> {
    let foreign = observed.foreign.iter().map(|(address, found)| {
        let (address, name, stack) = (address.clone(), found.name.clone(), found.tags.stack_name());
        Refusal::Foreign(Foreign { address, name, stack })
    });
    let readdressed = observed.readdressed.iter().cloned().map(Refusal::Readdressed);
    foreign.chain(readdressed).collect()
}

fn decide(resource: &Resource, found: Option<&AnyFound>, known: &Known) -> Change {
    let base = Change {
        address: resource.address.clone(),
        action: Action::Create,
        reason: Reason::New,
        diff: Diff::new(),
        retag: Retag::default(),
        kind: resource.kind,
        resource: Some(resource.clone()),
        found: found.cloned(),
        after: resource.needs().into_iter().map(Work::bring).collect(),
    };
    let Some(found) = found else { return base };
    let diff = resource.kind.diff(resource, found, known);
    let retag = Retag::of(resource, found, known);
    let action = match (diff.replacement(), diff.is_empty() && retag.is_empty()) {
        (Some(_), _) => Action::Replace,
        (None, false) => Action::Update,
        (None, true) => return Change { action: Action::None, reason: Reason::AsDeclared, ..base },
    };
    let reason = reason(resource, found, &diff);
    Change { action, reason, diff, retag, ..base }
}

fn reason(resource: &Resource, found: &AnyFound, diff: &Diff) -> Reason {
    if let Some(made_at) = found.tags.address().filter(|made_at| *made_at != resource.address) {
        return Reason::Moved(made_at.to_string());
    }
    let is_unchanged = found.tags.spec_hash().is_some_and(|hash| hash == resource.hash);
    match found.tags.spec_hash() {
        _ if diff.0.iter().any(|field| field.want.is_none()) && (is_unchanged || !resource.kind.is_tagged()) => {
            Reason::DependencyReplaced
        }
        _ if !resource.kind.is_tagged() => Reason::Differs,
        Some(hash) if hash == resource.hash => Reason::Drifted,
        Some(hash) if hash == SpecHash::adopted() => Reason::Adopted,
        _ => Reason::FileChanged,
    }
}

/// What left the file and what is new in it may be one thing that was given another address.
fn proposals(changes: &[Change], deletes: &[Change]) -> Vec<Proposal> {
    let left = deletes
        .iter()
        .filter(|change| change.reason == Reason::Removed && change.kind.is_tagged() && change.kind.can_move());
    let mut proposals: Vec<Proposal> = vec![];
    for from in left {
        // What was only renamed is not new, and what has no mark of its own says nothing of its old address.
        let is_renamed = |change: &Change| {
            deletes.iter().any(|delete| delete.reason == Reason::Renamed && delete.address == change.address)
        };
        let mut new = changes
            .iter()
            .filter(|change| change.action == Action::Create && change.address.kind == from.address.kind)
            .filter(|change| !is_renamed(change));
        if let (Some(to), None) = (new.next(), new.next()) {
            let proposal = to.resource.as_ref().map(|to| Proposal::new(&from.address, to));
            proposals.extend(proposal.filter(|one| !proposals.contains(one)));
        }
    }
    proposals
}
