//! What a resource kind must answer.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use super::{Attribute, Diff, Finding, Found, KindError, Known, Meta, One, Outputs, Permission, Scope};
use crate::aws::Clients;
use crate::model::{Address, Backup, BilledItem, Power, Readiness, Since};
use crate::ownership::Tags;

/// What a kind works with: the way to AWS and what is known of the other resources.
#[derive(Debug, Clone)]
pub struct Cx {
    /// The clients.
    pub aws: Clients,
    /// The outputs of resources that exist.
    pub known: Known,
    /// The end of the names of snapshots that are taken of databases before they are deleted; without it none is.
    pub final_snapshot: Option<String>,
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
    /// Whether, when it gets another name, the new one is made before the old one is deleted, because others use it.
    const MADE_FIRST: bool = false;
    /// Whether its mark can be given another address; what cannot is made anew when it moves.
    const MOVES: bool = true;
    /// Whether it can be stopped. Such a kind shows its tags when it is listed, so that what any stack made is found.
    const CAN_STOP: bool = false;
    /// Every attribute that can be declared, where it is read and what changing it costs.
    const ATTRIBUTES: &'static [Attribute];
    /// The declared fields, references still as addresses. Serialised in a fixed order for the spec hash.
    type Spec: Serialize + Send + Sync + 'static;
    /// The same fields as AWS reports them.
    type Seen: Send + Sync + 'static;

    /// Returns the name by which AWS knows it; what has no name of its own is found by its tags.
    fn identity(&self, want: &Self::Spec) -> Option<String>;

    /// Returns the resources that must exist before it.
    fn needs(&self, _want: &Self::Spec) -> Vec<Address> {
        Vec::new()
    }

    /// Returns whether one that left the file must be gone before this one can be made under another address, as a
    /// subnet with the same addresses must.
    fn collides(&self, _want: &Self::Spec, _seen: &Self::Seen) -> bool {
        false
    }

    /// Returns the resource that must run while this one is changed, such as the server of a schema.
    fn runs_on(&self, _want: &Self::Spec) -> Option<Address> {
        None
    }

    /// Returns the tags of its own that are declared beside those of the stack.
    fn own_tags(&self, _want: &Self::Spec) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// Returns what a person must be allowed to do to plan, make, change, start, stop and delete it.
    fn permissions(&self, want: &Self::Spec, meta: &Meta) -> Vec<Permission>;

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

    /// Returns what the one that exists costs, for kinds that can be stopped: what AWS bills, whatever the file says.
    fn billed(&self, _seen: &Self::Seen) -> Vec<BilledItem> {
        vec![]
    }

    /// Returns when AWS starts it by itself, for kinds that AWS lets nobody stop for good.
    fn restarts_at(&self, _seen: &Self::Seen) -> Option<Timestamp> {
        None
    }

    /// Returns since when it is billed in full, for kinds that are billed by the hour: since it was started, or made.
    /// `None` if it is stopped.
    async fn running_since(&self, _cx: &Cx, _seen: &Self::Seen) -> Result<Option<Since>, KindError> {
        Ok(None)
    }

    /// Lists the copies of its data that AWS keeps and bills, for kinds that hold some.
    async fn backups(&self, _cx: &Cx, _seen: &Self::Seen) -> Result<Vec<Backup>, KindError> {
        Ok(vec![])
    }

    /// Returns whether it runs, for kinds that can be stopped.
    fn power(&self, _seen: &Self::Seen) -> Option<Power> {
        None
    }

    /// Lists all of the kind that is declared or tagged as ours, paged to the end.
    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Self::Seen>>, KindError>;

    /// Reads one again, from the service itself.
    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Self::Seen>>, KindError> {
        let listing = self.list(cx, &one.scope()).await?;
        Ok(listing.into_iter().find(|found| one.is(&found.name, &found.tags)))
    }

    /// Returns whether deleting it now would lose data, for kinds that may hold some.
    async fn has_data(&self, _cx: &Cx, _seen: &Self::Seen) -> Result<bool, KindError> {
        Ok(Self::HOLDS_DATA)
    }

    /// Checks, before the first write, what AWS alone knows of one that is about to be made or changed: whether a name
    /// is free, a value still offered, a quota not used up. Makes only reads.
    async fn preflight(&self, _cx: &Cx, _want: &Self::Spec) -> Result<Vec<Finding>, KindError> {
        Ok(vec![])
    }

    /// Makes it, with its tags in the same call wherever AWS allows.
    async fn create(&self, cx: &Cx, want: &Self::Spec, tags: &Tags) -> Result<(), KindError>;

    /// Changes what differs, tags left out.
    async fn update(&self, cx: &Cx, want: &Self::Spec, seen: &Self::Seen, diff: &Diff) -> Result<(), KindError>;

    /// Adds or changes `tags` and removes the keys `gone`; all other tags stay.
    async fn retag(&self, _cx: &Cx, _seen: &Self::Seen, _tags: &Tags, _gone: &[String]) -> Result<(), KindError> {
        Ok(())
    }

    /// Deletes it; what is gone already is success.
    async fn delete(&self, cx: &Cx, seen: &Self::Seen) -> Result<(), KindError>;

    /// Begins to start (`true`) or stop (`false`) it.
    async fn switch(&self, _cx: &Cx, _seen: &Self::Seen, _on: bool) -> Result<(), KindError> {
        Ok(())
    }
}
