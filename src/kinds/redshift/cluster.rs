//! The Redshift cluster itself.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_redshift::types::Cluster as AwsCluster;
use serde::Serialize;

use super::redshift_tags;
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{Cx, Diff, Found, Kind, KindError, Known, Outputs, Scope};
use crate::kinds::listening::comparable_port;
use crate::model::{Address, BilledItem, Effect, Power, Readiness};
use crate::ownership::Tags;

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

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    identifier: String,
    arn: String,
    status: String,
    availability: String,
    node_type: String,
    nodes: i32,
    public: bool,
    port: i32,
    username: String,
    database: String,
    snapshot_retention_days: i32,
    roles: Vec<(String, String)>,
    subnet_group: String,
    security_groups: Vec<String>,
    endpoint: Option<(String, i32)>,
    secret_arn: Option<String>,
}

#[async_trait]
impl Kind for Cluster {
    const NAME: &'static str = "redshift";
    const LIMIT: Duration = Duration::from_secs(3600);
    const OUTPUTS: &'static [&'static str] =
        &["identifier", "arn", "database", "username", "endpoint", "port", "secret_arn"];
    const HOLDS_DATA: bool = true;
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
        let subnet_group = known.get(&want.subnet_group, "name");
        let fixed = |why| Effect::Replace(why);
        Diff::new()
            .field("username", &want.username, &seen.username, fixed("Redshift cannot rename the master user"))
            .field("database", &want.database, &seen.database, fixed("the first database is fixed"))
            .maybe("subnet_group", subnet_group, &seen.subnet_group, fixed("a cluster cannot change its subnet group"))
            .in_place("node_type", &want.node_type, &seen.node_type)
            .in_place("nodes", want.nodes, seen.nodes)
            .in_place("public", want.public, seen.public)
            .in_place("port", want.port, comparable_port(seen.endpoint.as_ref(), want.port, seen.port))
            .in_place("snapshot_retention_days", want.snapshot_retention_days, seen.snapshot_retention_days)
            .maybe("role", known.get(&want.role, "arn"), roles.join(", "), Effect::InPlace)
            .maybe("security_group", groups, seen.security_groups.join(", "), Effect::InPlace)
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
        diff.has_any(&["port"])
    }

    fn readiness(&self, seen: &Seen) -> Readiness {
        if seen.status == "paused" {
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
        let nodes = u32::try_from(want.nodes).unwrap_or_default();
        let mut items = vec![BilledItem::while_running(format!("redshift:{}", want.node_type), nodes)];
        if want.public {
            items.push(BilledItem::always("vpc:public-ipv4", 1));
        }
        items.push(BilledItem::always("secretsmanager:secret", 1));
        items
    }

    fn power(&self, seen: &Seen) -> Option<Power> {
        Some(match seen.status.as_str() {
            "paused" => Power::Stopped,
            "pausing" | "resuming" | "creating" | "deleting" => Power::Changing,
            _ => Power::Running,
        })
    }

    async fn list(&self, cx: &Cx, _scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.redshift.describe_clusters().into_paginator().items().send();
        let mut found = vec![];
        while let Some(cluster) = pages.next().await {
            let mut cluster = cluster.named("redshift:DescribeClusters")?;
            let tags = redshift_tags::seen(cluster.tags.take());
            let seen = observe(cx, cluster);
            found.push(Found { name: seen.identifier.clone(), tags, seen });
        }
        Ok(found)
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

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, diff: &Diff) -> Result<(), KindError> {
        if diff.has_any(&["role"]) {
            let arn = cx.known.need(&want.role, "arn")?;
            let mut call = cx.aws.redshift.modify_cluster_iam_roles().cluster_identifier(&want.identifier);
            for (other, _) in seen.roles.iter().filter(|(other, _)| *other != arn) {
                call = call.remove_iam_roles(other);
            }
            call.add_iam_roles(arn).send().await.named("redshift:ModifyClusterIamRoles")?;
        }
        let others: Vec<_> = diff.0.iter().filter(|change| change.field != "role").collect();
        if others.is_empty() {
            return Ok(());
        }
        let mut call = cx.aws.redshift.modify_cluster().cluster_identifier(&want.identifier);
        for change in others {
            call = match change.field.as_str() {
                // A resize takes type and number together.
                "node_type" | "nodes" => call.node_type(&want.node_type).number_of_nodes(want.nodes),
                "public" => call.publicly_accessible(want.public),
                "port" => call.port(want.port),
                "snapshot_retention_days" => call.automated_snapshot_retention_period(want.snapshot_retention_days),
                "security_group" => call.vpc_security_group_ids(cx.known.need(&want.security_group, "id")?),
                _ => call,
            };
        }
        call.send().await.named("redshift:ModifyCluster")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        Ok(redshift_tags::write(cx, "cluster", &seen.identifier, tags).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        if seen.status == "deleting" {
            return Ok(());
        }
        let call = cx.aws.redshift.delete_cluster().cluster_identifier(&seen.identifier);
        match call.skip_final_cluster_snapshot(true).send().await.named("redshift:DeleteCluster") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn switch(&self, cx: &Cx, seen: &Seen, on: bool) -> Result<(), KindError> {
        let identifier = &seen.identifier;
        if on {
            let call = cx.aws.redshift.resume_cluster().cluster_identifier(identifier);
            call.send().await.named("redshift:ResumeCluster")?;
        } else {
            let call = cx.aws.redshift.pause_cluster().cluster_identifier(identifier);
            call.send().await.named("redshift:PauseCluster")?;
        }
        Ok(())
    }
}

fn observe(cx: &Cx, cluster: AwsCluster) -> Seen {
    let stack = &cx.known.stack;
    let identifier = cluster.cluster_identifier.unwrap_or_default();
    let roles = cluster.iam_roles.unwrap_or_default().into_iter();
    let groups = cluster.vpc_security_groups.unwrap_or_default().into_iter();
    let endpoint = cluster.endpoint.and_then(|endpoint| Some((endpoint.address?, endpoint.port?)));
    Seen {
        arn: format!("arn:aws:redshift:{}:{}:cluster:{identifier}", stack.region, stack.account),
        identifier,
        status: cluster.cluster_status.unwrap_or_default(),
        availability: cluster.cluster_availability_status.unwrap_or_default(),
        node_type: cluster.node_type.unwrap_or_default(),
        nodes: cluster.number_of_nodes.unwrap_or(1),
        public: cluster.publicly_accessible.unwrap_or_default(),
        port: endpoint.as_ref().map(|(_, port)| *port).unwrap_or_default(),
        username: cluster.master_username.unwrap_or_default(),
        database: cluster.db_name.unwrap_or_default(),
        snapshot_retention_days: cluster.automated_snapshot_retention_period.unwrap_or_default(),
        roles: roles.filter_map(|role| Some((role.iam_role_arn?, role.apply_status.unwrap_or_default()))).collect(),
        subnet_group: cluster.cluster_subnet_group_name.unwrap_or_default(),
        security_groups: groups.filter_map(|group| group.vpc_security_group_id).collect(),
        secret_arn: cluster.master_password_secret_arn,
        endpoint,
    }
}
