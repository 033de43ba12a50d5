//! The door: which operation is answered where.

use std::sync::Arc;

use async_trait::async_trait;

use super::state::{Region, State};
use crate::localcloud::engine::Fleet;
use crate::localcloud::faults::Fate;
use crate::localcloud::query::{Form, Refusal, timestamp};
use crate::localcloud::service::{Service, Tagged};
use crate::localcloud::store::Store;
use crate::localcloud::{Call, Context, Reply};

const NAMESPACE: &str = "http://redshift.amazonaws.com/doc/2012-12-01/";

/// Redshift with its servers.
pub(crate) struct Redshift {
    inner: Arc<Inner>,
}

/// The clusters as the Data API reaches them: it is the same service behind another door.
#[derive(Clone)]
pub(crate) struct Warehouse {
    pub(super) inner: Arc<Inner>,
}

/// What the operations share, also after the reply was sent.
pub(super) struct Inner {
    pub(super) context: Context,
    pub(super) store: Store<State>,
    pub(super) fleet: Fleet,
}

/// One request: its region and its members.
pub(super) struct Request {
    pub(super) region: String,
    pub(super) form: Form,
    /// What is to become of what it begins.
    pub(super) fate: Fate,
}

impl Redshift {
    /// Restores what was saved.
    ///
    /// # Errors
    /// If a saved state cannot be read.
    pub(crate) fn open(context: &Context) -> std::io::Result<Self> {
        let store: Store<State> = Store::open(&context.home, "redshift")?;
        store.change(State::note_interruption);
        Ok(Self { inner: Arc::new(Inner { context: context.clone(), store, fleet: Fleet::default() }) })
    }

    /// Returns the clusters for the Data API.
    pub(crate) fn warehouse(&self) -> Warehouse {
        Warehouse { inner: Arc::clone(&self.inner) }
    }
}

impl Inner {
    /// Looks at and changes the state of a region.
    pub(super) fn change<R>(&self, region: &str, change: impl FnOnce(&mut Region) -> R) -> R {
        self.store.change(|state| change(state.regions.entry(region.to_owned()).or_default()))
    }

    /// Returns what time it is, as AWS writes it in XML.
    pub(super) fn now(&self) -> String {
        timestamp(self.context.clock.now())
    }

    /// Looks at the state of a region.
    pub(super) fn read<R>(&self, region: &str, look: impl FnOnce(&Region) -> R) -> R {
        self.store.read(|state| match state.regions.get(region) {
            Some(found) => look(found),
            None => look(&Region::default()),
        })
    }
}

#[async_trait]
impl Service for Redshift {
    fn signing_names(&self) -> &'static [&'static str] {
        &["redshift"]
    }

    async fn handle(&self, call: Call) -> Reply {
        let request = Request { region: call.region.clone(), form: Form::of(&call), fate: call.fate.clone() };
        match answer(&self.inner, &call.operation, &request).await {
            Ok(inner) => Reply::query(&call.operation, NAMESPACE, &inner),
            Err(refusal) => refusal.reply(),
        }
    }

    async fn tagged(&self, region: &str) -> Vec<Tagged> {
        self.inner.read(region, |found| {
            let every = super::tags::every(region, found).into_iter();
            every.map(|(arn, _, tags)| Tagged { arn, tags: tags.clone() }).collect()
        })
    }

    async fn resume(&self) {
        Inner::resume(&self.inner).await;
    }

    async fn stop(&self) {
        self.inner.fleet.close().await;
    }
}

async fn answer(inner: &Arc<Inner>, operation: &str, request: &Request) -> Result<String, Refusal> {
    match operation {
        "CreateCluster" => Inner::create_cluster(inner, request).await,
        "DescribeClusters" => Inner::describe_clusters(inner, request),
        "DescribeEvents" => inner.describe_events(request),
        "ModifyCluster" => Inner::modify_cluster(inner, request).await,
        "ModifyClusterIamRoles" => Inner::modify_roles(inner, request),
        "PauseCluster" => Inner::pause_cluster(inner, request),
        "ResumeCluster" => Inner::resume_cluster(inner, request),
        "RebootCluster" => Inner::reboot_cluster(inner, request),
        "DeleteCluster" => Inner::delete_cluster(inner, request),
        "RestoreFromClusterSnapshot" => Inner::restore_cluster(inner, request).await,
        "CreateClusterSnapshot" => Inner::create_snapshot(inner, request),
        "DescribeClusterSnapshots" => inner.describe_snapshots(request),
        "DeleteClusterSnapshot" => inner.delete_snapshot(request),
        "DescribeAccountAttributes" => Ok(super::catalog::account_attributes(request)),
        "DescribeOrderableClusterOptions" => super::catalog::orderable_options(request),
        "CreateClusterSubnetGroup" => inner.create_subnet_group(request).await,
        "ModifyClusterSubnetGroup" => inner.modify_subnet_group(request).await,
        "DescribeClusterSubnetGroups" => inner.describe_subnet_groups(request),
        "DeleteClusterSubnetGroup" => inner.delete_subnet_group(request),
        "CreateTags" => inner.create_tags(request),
        "DeleteTags" => inner.delete_tags(request),
        "DescribeTags" => inner.describe_tags(request),
        other => Err(Refusal::new("InvalidAction", format!("the local cloud's Redshift has no operation {other}"))),
    }
}
