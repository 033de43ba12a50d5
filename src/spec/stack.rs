//! A checked stack.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Document;
use crate::diag::Diagnostic;
use crate::graph::Graph;
use crate::kinds::base::{Declared, Entry, Finding, KindError, Resource, Table};
use crate::model::Address;

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
    /// The file itself.
    pub document: Document,
    /// What is allowed but unwise.
    pub warnings: Vec<Diagnostic>,
}

impl Stack {
    /// Returns the resources with what each needs.
    pub fn graph(&self) -> Graph<Address> {
        Graph::new(self.resources.iter().map(|resource| (resource.address.clone(), resource.needs())))
    }

    /// Returns a resource.
    pub fn resource(&self, address: &Address) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.address == *address)
    }

    /// Returns whether the security group asks for the caller's own address.
    pub fn asks_for_own_address(&self) -> bool {
        use crate::kinds::network::{NAME, Network};
        let network = self.declared.get::<Network>(NAME);
        network.is_some_and(|network| network.access.iter().any(|access| access == "my-ip"))
    }
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
        let parts: Vec<&str> = spec.region.split('-').collect();
        if parts.len() < 3 || parts.last().is_none_or(|last| last.parse::<u8>().is_err()) {
            findings.push(
                Finding::error("region", format!("`{}` is no AWS region", spec.region)).hint("such as `us-east-2`"),
            );
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
