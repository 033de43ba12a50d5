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

const NAMESPACE: &str = "http://rds.amazonaws.com/doc/2014-10-31/";

/// RDS with its servers.
pub(crate) struct Rds {
    inner: Arc<Inner>,
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

impl Rds {
    /// Restores what was saved.
    ///
    /// # Errors
    /// If a saved state cannot be read.
    pub(crate) fn open(context: &Context) -> std::io::Result<Self> {
        let store: Store<State> = Store::open(&context.home, "rds")?;
        store.change(State::note_interruption);
        Ok(Self { inner: Arc::new(Inner { context: context.clone(), store, fleet: Fleet::default() }) })
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
impl Service for Rds {
    fn signing_names(&self) -> &'static [&'static str] {
        &["rds"]
    }

    async fn handle(&self, call: Call) -> Reply {
        let request = Request { region: call.region.clone(), form: Form::of(&call), fate: call.fate.clone() };
        match answer(&self.inner, &call.operation, &request).await {
            Ok(inner) => Reply::query(&call.operation, NAMESPACE, &inner),
            Err(refusal) => refusal.reply(),
        }
    }

    async fn tagged(&self, region: &str) -> Vec<Tagged> {
        self.inner.read(region, |found| found.tagged(region))
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
        "CreateDBInstance" => Inner::create_instance(inner, request).await,
        "CreateDBInstanceReadReplica" => Inner::create_replica(inner, request),
        "DescribeDBInstances" => Inner::describe_instances(inner, request),
        "DescribeEvents" => Inner::describe_events(inner, request),
        "DescribeDBLogFiles" => inner.describe_log_files(request),
        "DownloadDBLogFilePortion" => inner.download_log_file(request),
        "ModifyDBInstance" => Inner::modify_instance(inner, request).await,
        "StartDBInstance" => Inner::start_instance(inner, request),
        "StopDBInstance" => Inner::stop_instance(inner, request),
        "RebootDBInstance" => Inner::reboot_instance(inner, request),
        "DeleteDBInstance" => Inner::delete_instance(inner, request),
        "RestoreDBInstanceFromDBSnapshot" => Inner::restore_instance(inner, request).await,
        "CreateDBSnapshot" => Inner::create_snapshot(inner, request),
        "DescribeDBSnapshots" => inner.describe_snapshots(request),
        "DeleteDBSnapshot" => inner.delete_snapshot(request),
        "CreateDBParameterGroup" => inner.create_parameter_group(request),
        "DescribeDBParameterGroups" => inner.describe_parameter_groups(request),
        "DeleteDBParameterGroup" => inner.delete_parameter_group(request),
        "ModifyDBParameterGroup" => inner.modify_parameter_group(request).await,
        "ResetDBParameterGroup" => inner.reset_parameter_group(request).await,
        "DescribeDBParameters" => inner.describe_parameters(request),
        "DescribeEngineDefaultParameters" => inner.describe_default_parameters(request),
        "CreateDBSubnetGroup" => inner.create_subnet_group(request).await,
        "ModifyDBSubnetGroup" => inner.modify_subnet_group(request).await,
        "DescribeDBSubnetGroups" => inner.describe_subnet_groups(request),
        "DeleteDBSubnetGroup" => inner.delete_subnet_group(request),
        "AddTagsToResource" => inner.add_tags(request),
        "RemoveTagsFromResource" => inner.remove_tags(request),
        "ListTagsForResource" => inner.list_tags(request),
        "DescribeAccountAttributes" => Ok(inner.account_attributes(request)),
        "DescribeDBMajorEngineVersions" => super::account::major_versions(request),
        "DescribeDBEngineVersions" => super::catalog::engine_versions(request),
        "DescribeOrderableDBInstanceOptions" => super::catalog::orderable_options(request),
        other => Err(Refusal::new("InvalidAction", format!("the local cloud's RDS has no operation {other}"))),
    }
}
