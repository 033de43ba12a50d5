//! The subnets in which Redshift may put a cluster.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_redshift::types::ClusterSubnetGroup;
use serde::Serialize;

use super::redshift_tags;
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope};
use crate::kinds::network::{NETWORK_IS_FIXED, group_members};
use crate::kinds::present::present;
use crate::model::Address;
use crate::ownership::Tags;

const LIST: &str = "redshift:DescribeClusterSubnetGroups";

/// A cluster subnet group.
pub struct SubnetGroup;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// Its subnets.
    pub subnets: Vec<Address>,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    subnets: Vec<String>,
}

#[async_trait]
impl Kind for SubnetGroup {
    const NAME: &'static str = "redshift_subnet_group";
    const LIMIT: Duration = Duration::from_secs(120);
    const OUTPUTS: &'static [&'static str] = &["name"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", LIST),
        Attribute::in_place("subnets", LIST),
        Attribute::replace("subnets", LIST, NETWORK_IS_FIXED),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        want.subnets.clone()
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        group_members::diff(&want.subnets, &seen.subnets, known)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        let actions = [
            "redshift:CreateClusterSubnetGroup",
            "redshift:ModifyClusterSubnetGroup",
            "redshift:DeleteClusterSubnetGroup",
            "redshift:CreateTags",
            "redshift:DeleteTags",
        ];
        vec![
            Permission::anywhere(&[LIST]),
            Permission::new(redshift_tags::arn(meta, "subnetgroup", &want.name), &actions),
        ]
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.redshift.describe_cluster_subnet_groups().into_paginator().items().send();
        let mut found = vec![];
        while let Some(group) = pages.next().await {
            let group = observe(group.named(LIST)?);
            if scope.covers(&group.name, &group.tags) {
                found.push(group);
            }
        }
        Ok(found)
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = &one.name else { return Ok(None) };
        let call = cx.aws.redshift.describe_cluster_subnet_groups().cluster_subnet_group_name(name);
        let answer = present(call.send().await.named(LIST))?;
        let group = answer.and_then(|answer| answer.cluster_subnet_groups.unwrap_or_default().into_iter().next());
        Ok(group.map(observe))
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let call = cx
            .aws
            .redshift
            .create_cluster_subnet_group()
            .cluster_subnet_group_name(&want.name)
            .description(format!("subnets of the stack {}", cx.known.stack.name))
            .set_subnet_ids(Some(group_members::ids(cx, &want.subnets)?))
            .set_tags(Some(redshift_tags::list(tags)));
        match call.send().await.named("redshift:CreateClusterSubnetGroup") {
            Err(error) if error.trouble != Trouble::Exists => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        let call = cx.aws.redshift.modify_cluster_subnet_group().cluster_subnet_group_name(&want.name);
        call.set_subnet_ids(Some(group_members::ids(cx, &want.subnets)?))
            .send()
            .await
            .named("redshift:ModifyClusterSubnetGroup")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        let arn = redshift_tags::arn(&cx.known.stack, "subnetgroup", &seen.name);
        Ok(redshift_tags::write(cx, &arn, tags, gone).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let call = cx.aws.redshift.delete_cluster_subnet_group().cluster_subnet_group_name(&seen.name);
        match call.send().await.named("redshift:DeleteClusterSubnetGroup") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn observe(group: ClusterSubnetGroup) -> Found<Seen> {
    let name = group.cluster_subnet_group_name.unwrap_or_default();
    let subnets = group.subnets.unwrap_or_default().into_iter().filter_map(|subnet| subnet.subnet_identifier);
    let seen = Seen { name: name.clone(), subnets: subnets.collect() };
    Found { name, tags: redshift_tags::seen(group.tags), seen }
}

/// Returns the name of the subnet group of a cluster.
pub(super) fn name(identifier: &str) -> String {
    format!("{identifier}-subnets")
}
