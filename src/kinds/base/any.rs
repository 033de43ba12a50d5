//! Kinds without their types, for the rooms that treat all kinds alike.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Attribute, Cx, Diff, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope};
use crate::model::{Address, Backup, BilledItem, KeyPath, Power, Readiness, Since};
use crate::ownership::{SpecHash, Tags};

type Erased = Arc<dyn Any + Send + Sync>;

/// A declared resource whose type only its kind knows.
#[derive(Clone)]
pub struct Resource {
    /// Its place in the stack.
    pub address: Address,
    /// Its kind.
    pub kind: &'static dyn AnyKind,
    /// The fingerprint of its declared fields.
    pub hash: SpecHash,
    /// Where in the stack file it comes from.
    pub origin: KeyPath,
    spec: Erased,
}

impl Resource {
    /// Declares a resource of `kind`.
    pub fn new<K: Kind>(kind: &'static K, name: &str, origin: KeyPath, spec: K::Spec) -> Self {
        let hash = SpecHash::of(&spec);
        Self { address: Address::new(K::NAME, name), kind, hash, origin, spec: Arc::new(spec) }
    }

    /// Returns the declared fields, if it is of kind `K`.
    pub fn spec<K: Kind>(&self) -> Option<&K::Spec> {
        self.spec.downcast_ref()
    }

    /// Returns the tags that it carries.
    pub fn tags(&self, known: &Known) -> Tags {
        let mut own = known.stack.tags.clone();
        own.extend(self.kind.own_tags(self));
        Tags::of(&known.stack.name, &self.address, &self.hash, &own)
    }

    /// Returns the name by which AWS knows it.
    pub fn identity(&self) -> Option<String> {
        self.kind.identity(self)
    }

    /// Returns the resources that must exist before it.
    pub fn needs(&self) -> Vec<Address> {
        self.kind.needs(self)
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource").field("address", &self.address).field("hash", &self.hash).finish_non_exhaustive()
    }
}

/// A thing that a listing found, whose type only its kind knows.
#[derive(Clone)]
pub struct AnyFound {
    /// The name by which AWS knows it.
    pub name: String,
    /// Its tags.
    pub tags: Tags,
    /// What others may use of it.
    pub outputs: Outputs,
    /// Whether it can be used.
    pub readiness: Readiness,
    /// Whether it runs.
    pub power: Option<Power>,
    seen: Erased,
}

impl fmt::Debug for AnyFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyFound").field("name", &self.name).field("tags", &self.tags).finish_non_exhaustive()
    }
}

/// A [`Kind`] without its types.
#[async_trait]
pub trait AnyKind: Send + Sync {
    /// See [`Kind::NAME`].
    fn name(&self) -> &'static str;
    /// See [`Kind::LIMIT`].
    fn limit(&self) -> Duration;
    /// See [`Kind::OUTPUTS`].
    fn output_names(&self) -> &'static [&'static str];
    /// See [`Kind::TAGGED`].
    fn is_tagged(&self) -> bool;
    /// See [`Kind::HOLDS_DATA`].
    fn holds_data(&self) -> bool;
    /// See [`Kind::identity`].
    fn identity(&self, resource: &Resource) -> Option<String>;
    /// See [`Kind::needs`].
    fn needs(&self, resource: &Resource) -> Vec<Address>;
    /// See [`Kind::MADE_FIRST`].
    fn is_made_first(&self) -> bool;
    /// See [`Kind::collides`].
    fn collides(&self, resource: &Resource, found: &AnyFound) -> bool;
    /// See [`Kind::MOVES`].
    fn can_move(&self) -> bool;
    /// See [`Kind::CAN_STOP`].
    fn can_stop(&self) -> bool;
    /// See [`Kind::ATTRIBUTES`].
    fn attributes(&self) -> &'static [Attribute];
    /// See [`Kind::runs_on`].
    fn runs_on(&self, resource: &Resource) -> Option<Address>;
    /// See [`Kind::own_tags`].
    fn own_tags(&self, resource: &Resource) -> BTreeMap<String, String>;
    /// See [`Kind::permissions`].
    fn permissions(&self, resource: &Resource, meta: &Meta) -> Vec<Permission>;
    /// Returns the declared fields as JSON, references as addresses.
    fn declared(&self, resource: &Resource) -> serde_json::Value;
    /// See [`Kind::diff`].
    fn diff(&self, resource: &Resource, found: &AnyFound, known: &Known) -> Diff;
    /// See [`Kind::changes_outputs`].
    fn changes_outputs(&self, diff: &Diff) -> bool;
    /// See [`Kind::billing`].
    fn billing(&self, resource: &Resource) -> Vec<BilledItem>;
    /// See [`Kind::billed`].
    fn billed(&self, found: &AnyFound) -> Vec<BilledItem>;
    /// See [`Kind::restarts_at`].
    fn restarts_at(&self, found: &AnyFound) -> Option<Timestamp>;
    /// See [`Kind::running_since`].
    async fn running_since(&self, cx: &Cx, found: &AnyFound) -> Result<Option<Since>, KindError>;
    /// See [`Kind::backups`].
    async fn backups(&self, cx: &Cx, found: &AnyFound) -> Result<Vec<Backup>, KindError>;
    /// See [`Kind::list`].
    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<AnyFound>, KindError>;
    /// See [`Kind::read`].
    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<AnyFound>, KindError>;
    /// See [`Kind::has_data`].
    async fn has_data(&self, cx: &Cx, found: &AnyFound) -> Result<bool, KindError>;
    /// See [`Kind::preflight`].
    async fn preflight(&self, cx: &Cx, resource: &Resource) -> Result<Vec<Finding>, KindError>;
    /// See [`Kind::create`].
    async fn create(&self, cx: &Cx, resource: &Resource) -> Result<(), KindError>;
    /// See [`Kind::update`].
    async fn update(&self, cx: &Cx, resource: &Resource, found: &AnyFound, diff: &Diff) -> Result<(), KindError>;
    /// See [`Kind::retag`].
    async fn retag(&self, cx: &Cx, found: &AnyFound, tags: &Tags, gone: &[String]) -> Result<(), KindError>;
    /// See [`Kind::delete`].
    async fn delete(&self, cx: &Cx, found: &AnyFound) -> Result<(), KindError>;
    /// See [`Kind::switch`].
    async fn switch(&self, cx: &Cx, found: &AnyFound, on: bool) -> Result<(), KindError>;
}

fn spec_of<K: Kind>(resource: &Resource) -> &K::Spec {
    resource.spec.downcast_ref().expect("a resource is made only by `Resource::new`, with its own kind")
}

fn seen_of<K: Kind>(found: &AnyFound) -> &K::Seen {
    found.seen.downcast_ref().expect("a found thing is handed back to the kind that found it")
}

#[async_trait]
impl<K: Kind> AnyKind for K {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn limit(&self) -> Duration {
        K::LIMIT
    }

    fn output_names(&self) -> &'static [&'static str] {
        K::OUTPUTS
    }

    fn is_tagged(&self) -> bool {
        K::TAGGED
    }

    fn holds_data(&self) -> bool {
        K::HOLDS_DATA
    }

    fn identity(&self, resource: &Resource) -> Option<String> {
        Kind::identity(self, spec_of::<K>(resource))
    }

    fn needs(&self, resource: &Resource) -> Vec<Address> {
        Kind::needs(self, spec_of::<K>(resource))
    }

    fn is_made_first(&self) -> bool {
        K::MADE_FIRST
    }

    fn collides(&self, resource: &Resource, found: &AnyFound) -> bool {
        Kind::collides(self, spec_of::<K>(resource), seen_of::<K>(found))
    }

    fn can_move(&self) -> bool {
        K::MOVES
    }

    fn can_stop(&self) -> bool {
        K::CAN_STOP
    }

    fn attributes(&self) -> &'static [Attribute] {
        K::ATTRIBUTES
    }

    fn runs_on(&self, resource: &Resource) -> Option<Address> {
        Kind::runs_on(self, spec_of::<K>(resource))
    }

    fn own_tags(&self, resource: &Resource) -> BTreeMap<String, String> {
        Kind::own_tags(self, spec_of::<K>(resource))
    }

    fn permissions(&self, resource: &Resource, meta: &Meta) -> Vec<Permission> {
        Kind::permissions(self, spec_of::<K>(resource), meta)
    }

    fn declared(&self, resource: &Resource) -> serde_json::Value {
        serde_json::to_value(spec_of::<K>(resource)).expect("a spec has only string keys and finite numbers")
    }

    fn diff(&self, resource: &Resource, found: &AnyFound, known: &Known) -> Diff {
        let diff = Kind::diff(self, spec_of::<K>(resource), seen_of::<K>(found), known);
        debug_assert!(
            diff.0.iter().all(|change| K::ATTRIBUTES.iter().any(|one| one.covers(&change.field))),
            "`{}` compares what its ATTRIBUTES do not name: {diff:?}",
            K::NAME,
        );
        diff
    }

    fn changes_outputs(&self, diff: &Diff) -> bool {
        Kind::changes_outputs(self, diff)
    }

    fn billing(&self, resource: &Resource) -> Vec<BilledItem> {
        Kind::billing(self, spec_of::<K>(resource))
    }

    fn billed(&self, found: &AnyFound) -> Vec<BilledItem> {
        Kind::billed(self, seen_of::<K>(found))
    }

    fn restarts_at(&self, found: &AnyFound) -> Option<Timestamp> {
        Kind::restarts_at(self, seen_of::<K>(found))
    }

    async fn running_since(&self, cx: &Cx, found: &AnyFound) -> Result<Option<Since>, KindError> {
        Kind::running_since(self, cx, seen_of::<K>(found)).await
    }

    async fn backups(&self, cx: &Cx, found: &AnyFound) -> Result<Vec<Backup>, KindError> {
        Kind::backups(self, cx, seen_of::<K>(found)).await
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<AnyFound>, KindError> {
        let found = Kind::list(self, cx, scope).await?;
        Ok(found.into_iter().map(|found| erase(self, found)).collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<AnyFound>, KindError> {
        Ok(Kind::read(self, cx, one).await?.map(|found| erase(self, found)))
    }

    async fn has_data(&self, cx: &Cx, found: &AnyFound) -> Result<bool, KindError> {
        Kind::has_data(self, cx, seen_of::<K>(found)).await
    }

    async fn preflight(&self, cx: &Cx, resource: &Resource) -> Result<Vec<Finding>, KindError> {
        Kind::preflight(self, cx, spec_of::<K>(resource)).await
    }

    async fn create(&self, cx: &Cx, resource: &Resource) -> Result<(), KindError> {
        Kind::create(self, cx, spec_of::<K>(resource), &resource.tags(&cx.known)).await
    }

    async fn update(&self, cx: &Cx, resource: &Resource, found: &AnyFound, diff: &Diff) -> Result<(), KindError> {
        Kind::update(self, cx, spec_of::<K>(resource), seen_of::<K>(found), diff).await
    }

    async fn retag(&self, cx: &Cx, found: &AnyFound, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        Kind::retag(self, cx, seen_of::<K>(found), tags, gone).await
    }

    async fn delete(&self, cx: &Cx, found: &AnyFound) -> Result<(), KindError> {
        Kind::delete(self, cx, seen_of::<K>(found)).await
    }

    async fn switch(&self, cx: &Cx, found: &AnyFound, on: bool) -> Result<(), KindError> {
        Kind::switch(self, cx, seen_of::<K>(found), on).await
    }
}

fn erase<K: Kind>(kind: &K, found: Found<K::Seen>) -> AnyFound {
    AnyFound {
        outputs: kind.outputs(&found.seen),
        readiness: kind.readiness(&found.seen),
        power: kind.power(&found.seen),
        name: found.name,
        tags: found.tags,
        seen: Arc::new(found.seen),
    }
}
