//! What a listing asks for and brings back.

use std::collections::BTreeMap;

use super::{KindError, Shared};
use crate::aws::{AwsError, Clients};
use crate::model::Address;
use crate::ownership::{Owner, TagIndex, Tags};

/// What a listing must cover: everything of ours, and whatever holds one of our names.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The stack's name, for filters by tag; empty where every stack is meant.
    pub stack: String,
    /// The declared identities of this kind, each with the tags that it should carry.
    pub names: BTreeMap<String, Tags>,
    /// Whether the index of tags, which lags behind, may confirm what is expected.
    pub trusts_index: bool,
    /// What was read already in this look.
    pub shared: Shared,
}

impl Scope {
    /// Returns a scope that covers what any stack made, for kinds that show their tags when they are listed.
    pub fn of_all_stacks() -> Self {
        Self { stack: String::new(), names: BTreeMap::new(), trusts_index: false, shared: Shared::default() }
    }

    /// Returns whether `name` is declared.
    pub fn declares(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Returns whether something with this name and these tags belongs into the listing: declared, or ours.
    pub fn covers(&self, name: &str, tags: &Tags) -> bool {
        let is_ours = match self.stack.as_str() {
            "" => tags.mark().is_some(),
            stack => matches!(tags.owner(stack), Owner::Ours(_)),
        };
        self.declares(name) || is_ours
    }

    /// Returns the tags of something that does not show them when it is listed.
    ///
    /// The index of the tagging API answers for all resources with a few calls, but it lags by minutes and may show
    /// what is gone. So it is believed only where it confirms what is expected: that a declared thing carries its
    /// tags, or that a thing without a declared name is not ours. In every other case `ask` asks the service itself.
    ///
    /// # Errors
    /// If the index or the service cannot be asked.
    pub async fn tags(
        &self,
        aws: &Clients,
        arn: &str,
        name: &str,
        ask: impl Future<Output = Result<Tags, AwsError>>,
    ) -> Result<Tags, KindError> {
        if self.trusts_index {
            let index = self.shared.once("tag:GetResources", TagIndex::read(aws, &self.stack)).await?;
            match (self.names.get(name), index.of(arn)) {
                (Some(expected), Some(tags)) if expected.missing_from(tags).is_empty() => return Ok(tags.clone()),
                (None, None) => return Ok(Tags::default()),
                _ => {}
            }
        }
        Ok(ask.await?)
    }
}

/// Which single resource is read again.
#[derive(Debug, Clone)]
pub struct One {
    /// The stack's name.
    pub stack: String,
    /// Its place in the stack, as its tag `stack:id` says it.
    pub address: Address,
    /// The name by which AWS knows it; absent where it is found by its tags.
    pub name: Option<String>,
}

impl One {
    /// Returns a scope that holds only this resource and believes no index.
    pub fn scope(&self) -> Scope {
        Scope {
            stack: self.stack.clone(),
            names: self.name.iter().map(|name| (name.clone(), Tags::default())).collect(),
            trusts_index: false,
            shared: Shared::default(),
        }
    }

    /// Returns whether something found is this resource: by its name or, where it has none, by its tags.
    pub fn is(&self, name: &str, tags: &Tags) -> bool {
        match &self.name {
            Some(own) => own == name,
            None => tags.owner(&self.stack) == Owner::Ours(self.address.clone()),
        }
    }
}

/// One thing that a listing found.
#[derive(Debug, Clone)]
pub struct Found<Seen> {
    /// The name by which AWS knows it, comparable to [`super::Kind::identity`]; an id where it has no name.
    pub name: String,
    /// Its tags.
    pub tags: Tags,
    /// Its fields.
    pub seen: Seen,
}
