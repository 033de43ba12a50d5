//! What is known of the stack and of the resources that exist.

use std::collections::BTreeMap;
use std::sync::Arc;

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

/// The stack and the outputs of what exists. Every change that runs has a copy of its own: the outputs lie in parts
/// that copies share until one of them learns something, or copying would cost more than all calls of a large stack.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The stack as a whole.
    pub stack: Meta,
    outputs: BTreeMap<u8, Arc<BTreeMap<Address, Outputs>>>,
}

/// How many parts there are at most.
const PARTS: u8 = 64;

impl Known {
    /// Knows the stack and nothing of its resources.
    pub fn new(stack: Meta) -> Self {
        Self { stack, outputs: BTreeMap::new() }
    }

    /// Remembers the outputs of a resource.
    pub fn learn(&mut self, address: Address, outputs: Outputs) {
        Arc::make_mut(self.outputs.entry(part_of(&address)).or_default()).insert(address, outputs);
    }

    /// Forgets a resource that is gone or about to be made anew.
    pub fn forget(&mut self, address: &Address) {
        if let Some(part) = self.outputs.get_mut(&part_of(address)) {
            Arc::make_mut(part).remove(address);
        }
    }

    /// Returns an output, or `None` while the resource is not there.
    pub fn get(&self, address: &Address, output: &str) -> Option<String> {
        self.outputs.get(&part_of(address))?.get(address)?.get(output).cloned()
    }

    /// Returns an output that must be there by now.
    ///
    /// # Errors
    /// If the resource does not exist or has no such output.
    pub fn need(&self, address: &Address, output: &'static str) -> Result<String, KindError> {
        self.get(address, output).ok_or_else(|| KindError::NotKnown { address: address.clone(), output })
    }
}

/// Returns the part of an address; addresses that differ in one digit are in different parts.
fn part_of(address: &Address) -> u8 {
    address.name.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte)) % PARTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_do_not_learn_from_each_other() {
        let (one, other) = (Address::new("job", "a"), Address::new("job", "b"));
        let outputs = |name: &str| Outputs::from([("name", name.to_owned())]);
        let mut known = Known::default();
        known.learn(one.clone(), outputs("first"));
        let mut copy = known.clone();
        copy.learn(one.clone(), outputs("second"));
        copy.learn(other.clone(), outputs("third"));
        assert_eq!(known.get(&one, "name").as_deref(), Some("first"));
        assert_eq!(known.get(&other, "name"), None);
        known.forget(&one);
        assert_eq!(copy.get(&one, "name").as_deref(), Some("second"));
    }
}
