//! A checked stack.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Document, Moved};
use crate::diag::Diagnostic;
use crate::graph::Graph;
use crate::kinds::base::{Declared, Entry, Finding, KindError, Resource, Table};
use crate::model::{Address, KeyPath};

/// Everything that a stack file declares, with nothing wrong in it.
#[derive(Clone)]
pub struct Stack {
    /// `[stack] name`.
    pub name: String,
    /// `[stack] region`.
    pub region: String,
    /// `[stack] tags`.
    pub tags: BTreeMap<String, String>,
    /// Every resource.
    pub resources: Vec<Resource>,
    /// Every table.
    pub declared: Declared,
    /// Tables that have another name than they had.
    pub moved: Vec<Moved>,
    /// The file itself.
    pub document: Document,
    /// What is allowed but unwise.
    pub warnings: Vec<Diagnostic>,
    /// Where each address stands in `resources`.
    pub(super) places: BTreeMap<Address, usize>,
}

impl Stack {
    /// Returns the resources with what each needs.
    pub fn graph(&self) -> Graph<Address> {
        Graph::new(self.resources.iter().map(|resource| (resource.address.clone(), resource.needs())))
    }

    /// Returns a resource.
    pub fn resource(&self, address: &Address) -> Option<&Resource> {
        self.places.get(address).and_then(|place| self.resources.get(*place))
    }

    /// Returns where a resource that was made at an address stands in the file today.
    pub fn now_at(&self, made_at: &Address) -> Address {
        let moved = self.moved.iter().find_map(|moved| {
            let now = Address::new(&made_at.kind, &moved.to.name);
            let origin = KeyPath::new([moved.to.table, moved.to.name.as_str()]);
            let is_of_table = self.resource(&now).is_some_and(|resource| resource.origin == origin);
            (made_at.name == moved.from.name && is_of_table).then_some(now)
        });
        moved.unwrap_or_else(|| made_at.clone())
    }

    /// Returns whether the security group asks for the caller's own address.
    pub fn asks_for_own_address(&self) -> bool {
        use crate::kinds::network::{NAME, Network};
        let network = self.declared.get::<Network>(NAME);
        network.is_some_and(|network| network.access.iter().any(|access| access == "my-ip"))
    }
}

/// Returns whether `text` is of the form of a region, such as `us-east-2`.
pub fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3 && parts.last().is_some_and(|last| last.parse::<u8>().is_ok())
}

/// The table `[stack]`.
pub(super) struct Head;

/// Its keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadTable {
    /// The name of the stack, part of tags and names.
    pub name: String,
    /// The AWS region.
    pub region: String,
    /// Tags that every resource carries.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl Table for Head {
    const NAME: &'static str = "stack";
    const SINGLE: bool = true;
    type Spec = HeadTable;

    fn check(&self, spec: &HeadTable, _entry: Entry<'_>) -> Vec<Finding> {
        let mut findings = vec![];
        let good = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        let starts = spec.name.chars().next().is_some_and(|letter| letter.is_ascii_lowercase());
        if !starts || !spec.name.chars().all(good) || spec.name.len() > 32 {
            let finding = Finding::error("name", format!("`{}` is no valid name of a stack", spec.name));
            findings.push(finding.hint("1 to 32 of a-z, 0-9 and `-`, beginning with a letter"));
        }
        if !is_region(&spec.region) {
            let finding = Finding::error("region", format!("`{}` is no AWS region", spec.region));
            findings.push(finding.hint("such as `us-east-2`"));
        }
        for key in spec.tags.keys().filter(|key| key.starts_with("aws:") || key.starts_with("stack:")) {
            let message = format!("tags that begin with `{}:` are reserved", key.split(':').next().unwrap_or_default());
            findings.push(Finding::error(format!("tags.{key}"), message));
        }
        findings
    }

    fn expand(&self, _spec: &HeadTable, _entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        Ok(vec![])
    }
}
