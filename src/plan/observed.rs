//! What listings found, sorted into ours, foreign and orphans.

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::base::{AnyFound, AnyKind, Known, Resource};
use crate::model::Address;
use crate::ownership::Owner;
use crate::spec::Stack;

use super::plan::Proposal;

/// A thing of ours that the stack file does not declare any more.
#[derive(Clone)]
pub struct Orphan {
    /// The address under which it was made.
    pub address: Address,
    /// Its kind.
    pub kind: &'static dyn AnyKind,
    /// What was found.
    pub found: AnyFound,
    /// Whether its address is still declared, with another name.
    pub is_renamed: bool,
}

/// A thing of ours whose address left the file, while another address has its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readdressed {
    /// What to tell the file.
    pub proposal: Proposal,
    /// The address that has its name now.
    pub address: Address,
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
    /// Ours under an address that left the file, while a new address has its name.
    pub readdressed: Vec<Readdressed>,
}

impl Observed {
    /// Sorts what one listing of `kind` found.
    pub fn sort(&mut self, stack: &Stack, kind: &'static dyn AnyKind, listing: Vec<AnyFound>) {
        let declared = stack.resources.iter().filter(|one| one.address.kind == kind.name());
        let by_name: BTreeMap<String, &Resource> = declared.filter_map(|one| Some((one.identity()?, one))).collect();
        let mut taken = BTreeSet::new();
        for found in listing {
            let named = by_name.get(&found.name).copied();
            match found.tags.owner(&stack.name) {
                Owner::Ours(made_at) if made_at.kind == kind.name() => {
                    let address = if kind.can_move() { stack.now_at(&made_at) } else { made_at.clone() };
                    let resource = stack.resource(&address);
                    if resource.is_some_and(|one| fits(one, &found)) && taken.insert(address.clone()) {
                        self.ours.insert(address, found);
                        continue;
                    }
                    if let Some(resource) = named.filter(|_| resource.is_none() && kind.can_move()) {
                        self.readdressed.push(Readdressed {
                            proposal: Proposal::new(&made_at, resource),
                            address: resource.address.clone(),
                        });
                        continue;
                    }
                    self.orphans.push(Orphan { address, kind, found, is_renamed: resource.is_some() });
                }
                _ if !kind.is_tagged() => match named {
                    Some(resource) => drop(self.ours.insert(resource.address.clone(), found)),
                    None => {
                        let address = Address::new(kind.name(), &found.name);
                        self.orphans.push(Orphan { address, kind, found, is_renamed: false });
                    }
                },
                _ => {
                    if let Some(resource) = named {
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

    /// Returns whether nothing of ours was found.
    pub fn is_empty(&self) -> bool {
        self.ours.is_empty() && self.orphans.is_empty() && self.readdressed.is_empty()
    }
}

/// A declared name other than the one found means that the file renamed it.
fn fits(resource: &Resource, found: &AnyFound) -> bool {
    resource.identity().is_none_or(|name| name == found.name)
}
