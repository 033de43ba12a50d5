//! The Redshift cluster itself.

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use super::observed::{self, READ, Seen};
use super::{change, events, permissions, preflight, redshift_tags, removal, snapshots};
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{
    Attribute, Cx, Diff, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope,
};
use crate::kinds::listening::comparable_port;
use crate::model::{Address, Backup, BilledItem, Effect, Power, Readiness, Since};
use crate::ownership::Tags;

const USER_IS_FIXED: &str = "Redshift cannot rename the master user";
const DATABASE_IS_FIXED: &str = "the first database of a cluster is fixed";
const PLACE_IS_FIXED: &str = "a cluster cannot change its subnet group";

/// A Redshift cluster.
pub struct Cluster;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// Its identifier.
    pub identifier: String,
    /// Its node type.
    pub node_type: String,
    /// How many nodes.
    pub nodes: i32,
    /// Whether it has a public address.
    pub public: bool,
    /// Its port.
    pub port: i32,
    /// The master user.
    pub username: String,
    /// The database.
    pub database: String,
    /// For how many days automatic snapshots are kept.
    pub snapshot_retention_days: i32,
    /// The role that COPY and UNLOAD use.
    pub role: Address,
    /// Where it may be put.
    pub subnet_group: Address,
    /// Who may reach it.
    pub security_group: Address,
}

#[async_trait]
impl Kind for Cluster {
    const NAME: &'static str = "redshift";
    const LIMIT: Duration = Duration::from_secs(3600);
    const OUTPUTS: &'static [&'static str] =
        &["identifier", "arn", "database", "username", "endpoint", "port", "secret_arn"];
    const HOLDS_DATA: bool = true;
    const CAN_STOP: bool = true;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("identifier", READ),
        Attribute::running("node_type", READ),
        Attribute::running("nodes", READ),
        Attribute::running("public", READ),
        Attribute::running("port", READ),
        Attribute::replace("username", READ, USER_IS_FIXED),
        Attribute::replace("database", READ, DATABASE_IS_FIXED),
        Attribute::running("snapshot_retention_days", READ),
        Attribute::running("role", READ),
        Attribute::replace("subnet_group", READ, PLACE_IS_FIXED),
        Attribute::running("security_group", READ),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.identifier.clone())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        let mut needs = vec![want.role.clone(), want.subnet_group.clone(), want.security_group.clone()];
        if want.public {
            needs.push(Address::new("route_table", crate::kinds::network::NAME));
        }
        needs
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let roles: Vec<&str> = seen.roles.iter().map(|(arn, _)| arn.as_str()).collect();
        let groups = known.get(&want.security_group, "id");
        let port = comparable_port(seen.endpoint.as_ref(), want.port, seen.port);
        let (retention, retention_seen) = (want.snapshot_retention_days, seen.snapshot_retention_days);
        let (place, running) = (known.get(&want.subnet_group, "name"), Effect::Running);
        Diff::new()
            .field("username", &want.username, &seen.username, Effect::Replace(USER_IS_FIXED))
            .field("database", &want.database, &seen.database, Effect::Replace(DATABASE_IS_FIXED))
            .maybe("subnet_group", place, &seen.subnet_group, Effect::Replace(PLACE_IS_FIXED))
            .field("node_type", &want.node_type, &seen.node_type, running)
            .field("nodes", want.nodes, seen.nodes, running)
            .field("public", want.public, seen.public, running)
            .field("port", want.port, port, running)
            .field("snapshot_retention_days", retention, retention_seen, running)
            .maybe("role", known.get(&want.role, "arn"), roles.join(", "), running)
            .maybe("security_group", groups, seen.security_groups.join(", "), running)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        let mut outputs = Outputs::from([
            ("identifier", seen.identifier.clone()),
            ("arn", seen.arn.clone()),
            ("database", seen.database.clone()),
            ("username", seen.username.clone()),
        ]);
        if let Some((host, port)) = &seen.endpoint {
            outputs.insert("endpoint", host.clone());
            outputs.insert("port", port.to_string());
        }
        outputs.extend(seen.secret_arn.clone().map(|arn| ("secret_arn", arn)));
        outputs
    }

    fn changes_outputs(&self, diff: &Diff) -> bool {
        diff.0.iter().any(|change| change.field == "port")
    }

    fn readiness(&self, seen: &Seen) -> Readiness {
        if seen.is_paused() {
            return Readiness::Ready;
        }
        let is_settled = seen.roles.iter().all(|(_, status)| status == "in-sync");
        // The cluster status says available too early, so availability counts, and the roles that COPY needs.
        match seen.availability.as_str() {
            "Available" if seen.status == "available" && is_settled => Readiness::Ready,
            "Failed" => Readiness::Failed(format!("Redshift says `{}`", seen.status)),
            _ if seen.status.starts_with("incompatible") || seen.status == "storage-full" => {
                Readiness::Failed(format!("Redshift says `{}`", seen.status))
            }
            _ => Readiness::Pending(seen.status.clone()),
        }
    }

    fn billing(&self, want: &Spec) -> Vec<BilledItem> {
        items((&want.node_type, want.nodes), want.public, true)
    }

    fn billed(&self, seen: &Seen) -> Vec<BilledItem> {
        let nodes = if seen.multi_az { seen.nodes.saturating_mul(2) } else { seen.nodes };
        items((&seen.node_type, nodes), seen.public, seen.secret_arn.is_some())
    }

    async fn backups(&self, cx: &Cx, seen: &Seen) -> Result<Vec<Backup>, KindError> {
        snapshots::list(cx, seen).await
    }

    fn power(&self, seen: &Seen) -> Option<Power> {
        Some(match seen.status.as_str() {
            "paused" => Power::Stopped,
            "pausing" | "resuming" | "creating" | "deleting" => Power::Changing,
            _ => Power::Running,
        })
    }

    async fn running_since(&self, cx: &Cx, seen: &Seen) -> Result<Option<Since>, KindError> {
        match self.power(seen) {
            Some(Power::Running) => Ok(Some(events::running_since(cx, seen).await?)),
            _ => Ok(None),
        }
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        permissions::of_cluster(want, meta)
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let all = scope.shared.once(READ, observed::clusters(cx)).await?;
        let found = all.iter().map(|cluster| observed::found(cx, cluster));
        Ok(found.filter(|found| scope.covers(&found.name, &found.tags)).collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = &one.name else { return Ok(None) };
        Ok(observed::cluster(cx, name).await?.map(|cluster| observed::found(cx, &cluster)))
    }

    async fn has_data(&self, _cx: &Cx, seen: &Seen) -> Result<bool, KindError> {
        Ok(removal::was_made(seen))
    }

    async fn preflight(&self, cx: &Cx, want: &Spec) -> Result<Vec<Finding>, KindError> {
        preflight::of_cluster(cx, want).await
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let call = cx
            .aws
            .redshift
            .create_cluster()
            .cluster_identifier(&want.identifier)
            .node_type(&want.node_type)
            .db_name(&want.database)
            .master_username(&want.username)
            .manage_master_password(true)
            .port(want.port)
            .publicly_accessible(want.public)
            .automated_snapshot_retention_period(want.snapshot_retention_days)
            .cluster_subnet_group_name(cx.known.need(&want.subnet_group, "name")?)
            .vpc_security_group_ids(cx.known.need(&want.security_group, "id")?)
            .iam_roles(cx.known.need(&want.role, "arn")?)
            .set_tags(Some(redshift_tags::list(tags)));
        // The API makes clusters of several nodes unless told otherwise, and takes no number for a single one.
        let call = match want.nodes {
            1 => call.cluster_type("single-node"),
            nodes => call.cluster_type("multi-node").number_of_nodes(nodes),
        };
        match call.send().await.named("redshift:CreateCluster") {
            Err(error) if error.trouble != Trouble::Exists => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, diff: &Diff) -> Result<(), KindError> {
        change::carry_out(cx, want, diff).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        Ok(redshift_tags::write(cx, &seen.arn, tags, gone).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        removal::delete(cx, seen).await
    }

    async fn switch(&self, cx: &Cx, seen: &Seen, on: bool) -> Result<(), KindError> {
        change::switch(cx, seen, on).await
    }
}

/// Returns what a cluster is billed for beside what it stores, which goes by use. It keeps its address while it is
/// paused.
fn items((node_type, nodes): (&str, i32), public: bool, has_secret: bool) -> Vec<BilledItem> {
    let nodes = u32::try_from(nodes).unwrap_or_default();
    let address = public.then(|| BilledItem::always("vpc:public-ipv4", 1));
    let secret = has_secret.then(|| BilledItem::always("secretsmanager:secret", 1));
    let nodes = BilledItem::while_running(format!("redshift:{node_type}"), nodes);
    [nodes].into_iter().chain(address).chain(secret).collect()
}
