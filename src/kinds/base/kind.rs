//! What a resource kind must answer.

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use super::{Diff, Found, KindError, Known, Outputs, Scope};
use crate::aws::Clients;
use crate::model::{Address, BilledItem, Power, Readiness};
use crate::ownership::Tags;

/// What a kind works with: the way to AWS and what is known of the other resources.
#[derive(Debug, Clone)]
pub struct Cx {
    /// The clients.
    pub aws: Clients,
    /// The outputs of resources that exist.
    pub known: Known,
}

/// One kind of AWS resource. All calls are safe to repeat after a lost reply.
#[async_trait]
pub trait Kind: Send + Sync + 'static {
    /// The first word of its addresses.
    const NAME: &'static str;
    /// The longest that a create, update or delete may take to settle.
    const LIMIT: Duration;
    /// What other resources may use of it, by name.
    const OUTPUTS: &'static [&'static str];
    /// Whether it carries tags; without them it is owned through its parent and its name.
    const TAGGED: bool = true;
    /// Whether deleting it loses data that are nowhere else.
    const HOLDS_DATA: bool = false;
    /// The declared fields, references still as addresses. Serialised in a fixed order for the spec hash.
    type Spec: Serialize + Send + Sync + 'static;
    /// The same fields as AWS reports them.
    type Seen: Send + Sync + 'static;

    /// Returns the name by which AWS knows it; what has no name of its own is found by its tags.
    fn identity(&self, want: &Self::Spec) -> Option<String>;

    /// Returns the resources that must exist before it.
    fn needs(&self, want: &Self::Spec) -> Vec<Address>;

    /// Compares declared fields only: a default that AWS filled in is no difference. Pure.
    fn diff(&self, want: &Self::Spec, seen: &Self::Seen, known: &Known) -> Diff;

    /// Returns what other resources may use of it.
    fn outputs(&self, seen: &Self::Seen) -> Outputs;

    /// Returns whether carrying out these changes changes what other resources use of it.
    fn changes_outputs(&self, _diff: &Diff) -> bool {
        false
    }

    /// Returns whether it can be used.
    fn readiness(&self, _seen: &Self::Seen) -> Readiness {
        Readiness::Ready
    }

    /// Returns what it costs merely to exist.
    fn billing(&self, _want: &Self::Spec) -> Vec<BilledItem> {
        vec![]
    }

    /// Returns whether it runs, for kinds that can be stopped.
    fn power(&self, _seen: &Self::Seen) -> Option<Power> {
        None
    }

    /// Lists all of the kind that is declared or tagged as ours, paged to the end.
    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Self::Seen>>, KindError>;

    /// Makes it, with its tags in the same call wherever AWS allows.
    async fn create(&self, cx: &Cx, want: &Self::Spec, tags: &Tags) -> Result<(), KindError>;

    /// Changes what differs, tags left out.
    async fn update(&self, cx: &Cx, want: &Self::Spec, seen: &Self::Seen, diff: &Diff) -> Result<(), KindError>;

    /// Adds or changes tags.
    async fn retag(&self, _cx: &Cx, _seen: &Self::Seen, _tags: &Tags) -> Result<(), KindError> {
        Ok(())
    }

    /// Deletes it; what is gone already is success.
    async fn delete(&self, cx: &Cx, seen: &Self::Seen) -> Result<(), KindError>;

    /// Begins to start (`true`) or stop (`false`) it.
    async fn switch(&self, _cx: &Cx, _seen: &Self::Seen, _on: bool) -> Result<(), KindError> {
        Ok(())
    }
}
