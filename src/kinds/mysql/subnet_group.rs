//! The subnets in which RDS may put an instance.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_rds::types::DbSubnetGroup;
use serde::Serialize;

use super::rds_tags;
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope};
use crate::kinds::network::{NETWORK_IS_FIXED, group_members};
use crate::kinds::present::present;
use crate::model::Address;
use crate::ownership::Tags;

const LIST: &str = "rds:DescribeDBSubnetGroups";

/// A DB subnet group.
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
    arn: String,
    subnets: Vec<String>,
}

#[async_trait]
impl Kind for SubnetGroup {
    const NAME: &'static str = "db_subnet_group";
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
            "rds:CreateDBSubnetGroup",
            "rds:ModifyDBSubnetGroup",
            "rds:DeleteDBSubnetGroup",
            "rds:AddTagsToResource",
            "rds:RemoveTagsFromResource",
        ];
        // Whoever lists groups asks for the tags of those that hold a declared name or might be ours.
        let read = ["rds:ListTagsForResource", LIST];
        vec![
            Permission::new(rds_tags::arn(meta, "subgrp", "*"), &read),
            Permission::new(rds_tags::arn(meta, "subgrp", &want.name), &actions),
        ]
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.rds.describe_db_subnet_groups().into_paginator().items().send();
        let mut all = vec![];
        while let Some(group) = pages.next().await {
            let seen = observe(group.named(LIST)?);
            all.push((seen.name.clone(), seen.arn.clone(), seen));
        }
        let covered = rds_tags::covered(cx, scope, all).await?;
        Ok(covered.into_iter().map(|(name, tags, seen)| Found { name, tags, seen }).collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = one.name.clone() else { return Ok(None) };
        let call = cx.aws.rds.describe_db_subnet_groups().db_subnet_group_name(&name);
        let answer = present(call.send().await.named(LIST))?;
        let group = answer.and_then(|answer| answer.db_subnet_groups.unwrap_or_default().into_iter().next());
        let Some(seen) = group.map(observe) else { return Ok(None) };
        let tags = rds_tags::read(cx, &seen.arn).await?;
        Ok(Some(Found { name, tags, seen }))
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let call = cx
            .aws
            .rds
            .create_db_subnet_group()
            .db_subnet_group_name(&want.name)
            .db_subnet_group_description(format!("subnets of the stack {}", cx.known.stack.name))
            .set_subnet_ids(Some(group_members::ids(cx, &want.subnets)?))
            .set_tags(Some(rds_tags::list(tags)));
        match call.send().await.named("rds:CreateDBSubnetGroup") {
            Err(error) if error.trouble != Trouble::Exists => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        let call = cx.aws.rds.modify_db_subnet_group().db_subnet_group_name(&want.name);
        call.set_subnet_ids(Some(group_members::ids(cx, &want.subnets)?))
            .send()
            .await
            .named("rds:ModifyDBSubnetGroup")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        Ok(rds_tags::write(cx, &seen.arn, tags, gone).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let call = cx.aws.rds.delete_db_subnet_group().db_subnet_group_name(&seen.name);
        match call.send().await.named("rds:DeleteDBSubnetGroup") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn observe(group: DbSubnetGroup) -> Seen {
    let subnets = group.subnets.unwrap_or_default().into_iter().filter_map(|subnet| subnet.subnet_identifier);
    Seen {
        name: group.db_subnet_group_name.unwrap_or_default(),
        arn: group.db_subnet_group_arn.unwrap_or_default(),
        subnets: subnets.collect(),
    }
}

/// Returns the name of the subnet group of an instance.
pub(super) fn name(identifier: &str) -> String {
    format!("{identifier}-subnets")
}
