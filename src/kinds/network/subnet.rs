//! One subnet in one availability zone.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{AttributeBooleanValue, Filter, ResourceType};
use serde::Serialize;

use super::table::overlap;
use super::{interfaces, tags};
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{
    Attribute, Cx, Diff, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope,
};
use crate::model::{Address, Effect, Readiness};
use crate::ownership::Tags;

const READ: &str = "ec2:DescribeSubnets";
const OTHER_VPC: &str = "a subnet cannot move to another VPC";
const FIXED: &str = "the range of a subnet is fixed";
const OTHER_ZONE: &str = "a subnet cannot move to another zone";

/// A subnet. Listing takes one call for all.
pub struct Subnet;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// The VPC it lies in.
    pub vpc: Address,
    /// Its IPv4 range.
    pub cidr: String,
    /// Its availability zone.
    pub zone: String,
    /// Whether what starts in it gets a public address.
    pub public: bool,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    id: String,
    vpc_id: String,
    cidr: String,
    zone: String,
    public: bool,
    state: String,
}

#[async_trait]
impl Kind for Subnet {
    const NAME: &'static str = "subnet";
    const LIMIT: Duration = interfaces::LIMIT;
    const OUTPUTS: &'static [&'static str] = &["id", "zone"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::replace("vpc", READ, OTHER_VPC),
        Attribute::replace("cidr", READ, FIXED),
        Attribute::replace("zone", READ, OTHER_ZONE),
        Attribute::in_place("public", READ),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, _want: &Spec) -> Option<String> {
        None
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        vec![want.vpc.clone()]
    }

    fn collides(&self, want: &Spec, seen: &Seen) -> bool {
        overlap(&want.cidr, &seen.cidr)
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let vpc = known.get(&want.vpc, "id");
        Diff::new()
            .maybe("vpc", vpc, &seen.vpc_id, Effect::Replace(OTHER_VPC))
            .field("cidr", &want.cidr, &seen.cidr, Effect::Replace(FIXED))
            .field("zone", &want.zone, &seen.zone, Effect::Replace(OTHER_ZONE))
            .in_place("public", want.public, seen.public)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("id", seen.id.clone()), ("zone", seen.zone.clone())])
    }

    fn readiness(&self, seen: &Seen) -> Readiness {
        if seen.state == "available" { Readiness::Ready } else { Readiness::Pending(seen.state.clone()) }
    }

    fn permissions(&self, _want: &Spec, meta: &Meta) -> Vec<Permission> {
        let actions = ["ec2:CreateSubnet", "ec2:DeleteSubnet", "ec2:ModifySubnetAttribute"];
        let mut all = tags::permissions(meta, "subnet", READ, &actions);
        all.push(Permission::new(tags::arn(meta, "vpc"), &["ec2:CreateSubnet"]));
        all.push(Permission::anywhere(&["ec2:DescribeAvailabilityZones"]));
        all.extend(interfaces::permissions(meta));
        all
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut found = vec![];
        for filters in tags::of_scope(scope, "subnet-id", "subnet-") {
            tags::join(&mut found, describe(cx, filters).await?);
        }
        Ok(found)
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let found = describe(cx, tags::of_one(one, "subnet-id")).await?;
        Ok(found.into_iter().find(|found| one.is(&found.name, &found.tags)))
    }

    async fn preflight(&self, cx: &Cx, want: &Spec) -> Result<Vec<Finding>, KindError> {
        let call = cx.aws.ec2.describe_availability_zones().filters(tags::filter("zone-name", &want.zone));
        let zones = match call.send().await.named("ec2:DescribeAvailabilityZones") {
            Err(error) if error.trouble == Trouble::Denied => return Ok(vec![]),
            answer => answer?.availability_zones.unwrap_or_default(),
        };
        if !zones.iter().any(|zone| zone.zone_name.as_ref() == Some(&want.zone)) {
            let message = format!("this account has no availability zone `{}`", want.zone);
            let hint = "`aws ec2 describe-availability-zones` lists those that it has";
            return Ok(vec![Finding::error("zones", message).hint(hint)]);
        }
        Ok(vec![])
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        const OPERATION: &str = "ec2:CreateSubnet";
        let call = cx.aws.ec2.create_subnet().vpc_id(cx.known.need(&want.vpc, "id")?).cidr_block(&want.cidr);
        let call =
            call.availability_zone(&want.zone).tag_specifications(tags::specification(ResourceType::Subnet, tags));
        let made = call.send().await.named(OPERATION).map_err(tags::not_yet)?;
        let id = made.subnet.and_then(|subnet| subnet.subnet_id);
        let id = id.ok_or_else(|| AwsError::incomplete(OPERATION, "subnet id"))?;
        set_public(cx, &id, want.public).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        set_public(cx, &seen.id, want.public).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        tags::write(cx, &seen.id, tags, gone).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let deleted = cx.aws.ec2.delete_subnet().subnet_id(&seen.id).send().await.named("ec2:DeleteSubnet");
        interfaces::explain(cx, deleted.map(drop), tags::filter("subnet-id", &seen.id)).await
    }
}

async fn describe(cx: &Cx, filters: Vec<Filter>) -> Result<Vec<Found<Seen>>, KindError> {
    let mut pages = cx.aws.ec2.describe_subnets().set_filters(Some(filters)).into_paginator().items().send();
    let mut found = vec![];
    while let Some(subnet) = pages.next().await {
        let subnet = subnet.named(READ)?;
        let seen = Seen {
            id: subnet.subnet_id.unwrap_or_default(),
            vpc_id: subnet.vpc_id.unwrap_or_default(),
            cidr: subnet.cidr_block.unwrap_or_default(),
            zone: subnet.availability_zone.unwrap_or_default(),
            public: subnet.map_public_ip_on_launch.unwrap_or_default(),
            state: subnet.state.map(|state| state.as_str().to_lowercase()).unwrap_or_default(),
        };
        found.push(Found { name: seen.id.clone(), tags: tags::seen(subnet.tags), seen });
    }
    Ok(found)
}

async fn set_public(cx: &Cx, id: &str, public: bool) -> Result<(), KindError> {
    let value = AttributeBooleanValue::builder().value(public).build();
    let call = cx.aws.ec2.modify_subnet_attribute().subnet_id(id).map_public_ip_on_launch(value);
    tags::once_known(|| async { call.clone().send().await.named("ec2:ModifySubnetAttribute") }).await?;
    Ok(())
}
