//! What is stopped and must be changed is started for the change and stopped again.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Deed, Reason, Retag, Work};
use super::observed::Observed;
use crate::kinds::base::Diff;
use crate::model::{Action, Address, Effect, Power};
use crate::spec::Stack;

/// Adds a start before and a stop after all changes that need a stopped resource to run.
pub(super) fn wake(changes: &mut Vec<Change>, stack: &Stack, observed: &Observed) {
    let is_stopped =
        |address: &Address| observed.ours.get(address).is_some_and(|found| found.power == Some(Power::Stopped));
    let mut sleepers: BTreeMap<Address, BTreeSet<Work>> = BTreeMap::new();
    for change in changes.iter() {
        if let Some(host) = host(change).filter(is_stopped) {
            sleepers.entry(host).or_default().insert(change.work());
        }
    }
    let replaced = |address: &Address| {
        changes.iter().any(|change| change.address == *address && matches!(change.action, Action::Replace))
    };
    sleepers.retain(|address, _| !replaced(address));
    for change in changes.iter_mut() {
        let own = change.work();
        for (host, _) in sleepers.iter().filter(|(_, guests)| guests.contains(&own)) {
            change.after.push(Work { address: host.clone(), deed: Deed::Start });
        }
    }
    for (address, guests) in sleepers {
        let (Some(resource), Some(found)) = (stack.resource(&address), observed.ours.get(&address)) else { continue };
        let turn = |action, reason, after| Change {
            address: address.clone(),
            action,
            reason,
            diff: Diff::new(),
            retag: Retag::default(),
            kind: resource.kind,
            resource: Some(resource.clone()),
            found: Some(found.clone()),
            after,
        };
        let first = changes.iter().position(|change| guests.contains(&change.work())).unwrap_or_default();
        changes.insert(first, turn(Action::Start, Reason::MustRun, vec![]));
        let start = Work { address: address.clone(), deed: Deed::Start };
        changes.push(turn(Action::Stop, Reason::WasStopped, guests.into_iter().chain([start]).collect()));
    }
}

/// Returns the resource that must run for this change.
fn host(change: &Change) -> Option<Address> {
    let resource = change.resource.as_ref()?;
    match change.action {
        Action::Create | Action::Replace => resource.kind.runs_on(resource),
        Action::Update if change.diff.is_empty() => None,
        Action::Update => resource.kind.runs_on(resource).or_else(|| {
            let needs_power = |effect: &Effect| matches!(effect, Effect::Running | Effect::Reboot);
            let is_refused = change.diff.0.iter().any(|field| needs_power(&field.effect));
            is_refused.then(|| change.address.clone())
        }),
        _ => None,
    }
}
