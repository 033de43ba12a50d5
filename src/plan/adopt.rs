//! Taking over what exists and is nobody's.

use super::change::{Change, Reason, Retag, Work};
use super::observed::Observed;
use super::plan::Plan;
use crate::kinds::base::Known;
use crate::model::{Action, Address};
use crate::ownership::{SpecHash, Tags};
use crate::spec::Stack;

/// Decides what makes foreign resources ours without changing anything else of them: only tags are written. The
/// differences are shown; `up` reconciles them later.
pub fn adopt(stack: &Stack, observed: &Observed, known: &Known, wanted: &dyn Fn(&Address) -> bool) -> Plan {
    let mut known = known.clone();
    observed.teach(&mut known);
    let changes = observed.foreign.iter().filter(|(address, _)| wanted(address)).filter_map(|(address, found)| {
        let resource = stack.resource(address)?;
        let diff = resource.kind.diff(resource, found, &known);
        let mut tags = resource.tags(&known);
        if !diff.is_empty() {
            // The hash of the file would say that the file was applied.
            tags = Tags::of(&known.stack.name, address, &SpecHash::adopted(), &tags.own());
        }
        let retag = Retag { set: tags.missing_from(&found.tags), gone: vec![] };
        Some(Change {
            address: address.clone(),
            action: Action::Adopt,
            reason: Reason::Adopt,
            diff,
            retag,
            kind: resource.kind,
            resource: Some(resource.clone()),
            found: Some(found.clone()),
            after: Vec::<Work>::new(),
        })
    });
    Plan { changes: changes.collect(), proposals: vec![] }
}
