//! What is known of the stack and of the resources that exist.

use std::collections::BTreeMap;

use super::KindError;
use crate::model::Address;

/// What other resources may use of one: `id`, `arn`, `endpoint`.
pub type Outputs = BTreeMap<&'static str, String>;

/// The stack as a whole.
#[derive(Debug, Clone, Default)]
pub struct Meta {
    /// `[stack] name`.
    pub name: String,
    /// `[stack] region`.
    pub region: String,
    /// The account of the credentials.
    pub account: String,
    /// `[stack] tags`.
    pub tags: BTreeMap<String, String>,
    /// The address from which the endpoint sees the caller, where the stack file asks for it.
    pub my_ip: Option<String>,
}

/// The stack and the outputs of what exists.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The stack as a whole.
    pub stack: Meta,
    outputs: BTreeMap<Address, Outputs>,
}

impl Known {
    /// Knows the stack and nothing of its resources.
    pub fn new(stack: Meta) -> Self {
        Self { stack, outputs: BTreeMap::new() }
    }

    /// Remembers the outputs of a resource.
    pub fn learn(&mut self, address: Address, outputs: Outputs) {
        self.outputs.insert(address, outputs);
    }

    /// Forgets a resource that is gone or about to be made anew.
    pub fn forget(&mut self, address: &Address) {
        self.outputs.remove(address);
    }

    /// Returns an output, or `None` while the resource is not there.
    pub fn get(&self, address: &Address, output: &str) -> Option<String> {
        self.outputs.get(address)?.get(output).cloned()
    }

    /// Returns an output that must be there by now.
    ///
    /// # Errors
    /// If the resource does not exist or has no such output.
    pub fn need(&self, address: &Address, output: &'static str) -> Result<String, KindError> {
        self.get(address, output).ok_or_else(|| KindError::NotKnown { address: address.clone(), output })
    }
}
