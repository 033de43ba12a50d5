//! What listings found, sorted into ours, foreign and orphans.

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::base::{AnyFound, AnyKind, Known, Resource};
use crate::model::Address;
use crate::ownership::Owner;
use crate::spec::Stack;

/// A thing of ours that the stack file does not declare any more.
#[derive(Clone)]
pub struct Orphan {
    /// The address under which it was made.
    pub address: Address,
    /// Its kind.
    pub kind: &'static dyn AnyKind,
    /// What was found.
    pub found: AnyFound,
}

/// The world as the listings show it.
#[derive(Clone, Default)]
pub struct Observed {
    /// Declared resources that exist and are ours.
    pub ours: BTreeMap<Address, AnyFound>,
    /// Declared resources whose name somebody else holds.
    pub foreign: BTreeMap<Address, AnyFound>,
    /// Ours, not declared.
    pub orphans: Vec<Orphan>,
}

impl Observed {
    /// Sorts what one listing of `kind` found.
    pub fn sort(&mut self, stack: &Stack, kind: &'static dyn AnyKind, listing: Vec<AnyFound>) {
        let declared: Vec<&Resource> = stack.resources.iter().filter(|one| one.address.kind == kind.name()).collect();
        let mut taken = BTreeSet::new();
        for found in listing {
            let by_name = declared.iter().find(|one| one.identity().as_ref() == Some(&found.name));
            match found.tags.owner(&stack.name) {
                Owner::Ours(address) if address.kind == kind.name() => {
                    let declared = declared.iter().find(|one| one.address == address && fits(one, &found));
                    if declared.is_some() && taken.insert(address.clone()) {
                        self.ours.insert(address, found);
                    } else {
                        self.orphans.push(Orphan { address, kind, found });
                    }
                }
                _ if !kind.is_tagged() => match by_name {
                    Some(resource) => drop(self.ours.insert(resource.address.clone(), found)),
                    None => {
                        let address = Address::new(kind.name(), &found.name);
                        self.orphans.push(Orphan { address, kind, found });
                    }
                },
                _ => {
                    if let Some(resource) = by_name {
                        self.foreign.insert(resource.address.clone(), found);
                    }
                }
            }
        }
    }

    /// Adds the outputs of everything that exists.
    pub fn teach(&self, known: &mut Known) {
        for (address, found) in &self.ours {
            known.learn(address.clone(), found.outputs.clone());
        }
    }
}

/// A declared name other than the one found means that the file renamed it.
fn fits(resource: &Resource, found: &AnyFound) -> bool {
    resource.identity().is_none_or(|name| name == found.name)
}
