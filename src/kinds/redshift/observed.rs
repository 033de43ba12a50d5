//! What Redshift reports of a cluster.

use aws_sdk_redshift::types::Cluster;

use super::redshift_tags;
use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Cx, Found};
use crate::kinds::present::present;

/// The operation that reads all of it.
pub(super) const READ: &str = "redshift:DescribeClusters";

/// What is observed of a cluster. A change that Redshift has accepted counts as made: it will come.
#[derive(Debug)]
pub struct Seen {
    pub(super) identifier: String,
    pub(super) arn: String,
    pub(super) status: String,
    pub(super) availability: String,
    pub(super) node_type: String,
    pub(super) nodes: i32,
    pub(super) public: bool,
    pub(super) port: i32,
    pub(super) username: String,
    pub(super) database: String,
    pub(super) snapshot_retention_days: i32,
    /// The roles and how far each is known to the cluster.
    pub(super) roles: Vec<(String, String)>,
    pub(super) subnet_group: String,
    pub(super) security_groups: Vec<String>,
    pub(super) endpoint: Option<(String, i32)>,
    pub(super) secret_arn: Option<String>,
    /// Whether a second cluster stands by in another zone: then Redshift does not pause it.
    pub(super) multi_az: bool,
    /// When it was made, in seconds since 1970.
    pub(super) made_at: Option<i64>,
}

impl Seen {
    /// Returns whether it is off.
    pub(super) fn is_paused(&self) -> bool {
        self.status == "paused"
    }
}

/// Lists the clusters of the account, all pages.
pub(super) async fn clusters(cx: &Cx) -> Result<Vec<Cluster>, AwsError> {
    let mut pages = cx.aws.redshift.describe_clusters().into_paginator().items().send();
    let mut all = vec![];
    while let Some(cluster) = pages.next().await {
        all.push(cluster.named(READ)?);
    }
    Ok(all)
}

/// Reads one cluster.
pub(super) async fn cluster(cx: &Cx, identifier: &str) -> Result<Option<Cluster>, AwsError> {
    let call = cx.aws.redshift.describe_clusters().cluster_identifier(identifier);
    let answer = present(call.send().await.named(READ))?;
    Ok(answer.and_then(|answer| answer.clusters.unwrap_or_default().into_iter().next()))
}

/// Returns what a listing finds of a cluster.
pub(super) fn found(cx: &Cx, cluster: &Cluster) -> Found<Seen> {
    let seen = observe(cx, cluster);
    Found { name: seen.identifier.clone(), tags: redshift_tags::seen(cluster.tags.clone()), seen }
}

fn observe(cx: &Cx, cluster: &Cluster) -> Seen {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let identifier = text(&cluster.cluster_identifier);
    let roles = cluster.iam_roles().iter().filter(|role| role.apply_status() != Some("removing"));
    let roles = roles.filter_map(|role| Some((role.iam_role_arn.clone()?, text(&role.apply_status))));
    let mut roles: Vec<(String, String)> = roles.collect();
    roles.sort_unstable();
    let groups = cluster.vpc_security_groups().iter().filter(|group| group.status() != Some("removing"));
    let mut security_groups: Vec<String> = groups.filter_map(|group| group.vpc_security_group_id.clone()).collect();
    security_groups.sort_unstable();
    let endpoint = cluster.endpoint().and_then(|endpoint| Some((endpoint.address.clone()?, endpoint.port?)));
    let pending = cluster.pending_modified_values();
    let retention = pending.and_then(|later| later.automated_snapshot_retention_period);
    Seen {
        arn: redshift_tags::arn(&cx.known.stack, "cluster", &identifier),
        identifier,
        status: text(&cluster.cluster_status),
        availability: text(&cluster.cluster_availability_status),
        node_type: pending.and_then(|later| later.node_type.clone()).unwrap_or_else(|| text(&cluster.node_type)),
        nodes: pending.and_then(|later| later.number_of_nodes).or(cluster.number_of_nodes).unwrap_or(1),
        public: pending.and_then(|later| later.publicly_accessible).or(cluster.publicly_accessible).unwrap_or_default(),
        port: endpoint.as_ref().map(|(_, port)| *port).unwrap_or_default(),
        username: text(&cluster.master_username),
        database: text(&cluster.db_name),
        snapshot_retention_days: retention.or(cluster.automated_snapshot_retention_period).unwrap_or_default(),
        roles,
        subnet_group: text(&cluster.cluster_subnet_group_name),
        security_groups,
        secret_arn: cluster.master_password_secret_arn.clone(),
        // AWS answers with a word here, not with a truth value.
        multi_az: cluster.multi_az().is_some_and(|word| word.eq_ignore_ascii_case("enabled")),
        made_at: cluster.cluster_create_time().map(aws_sdk_redshift::primitives::DateTime::secs),
        endpoint,
    }
}
