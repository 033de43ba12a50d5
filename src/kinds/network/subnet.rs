//! One subnet in one availability zone.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType};
use serde::Serialize;

use super::tags;
use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Cx, Diff, Found, Kind, KindError, Known, Outputs, Scope};
use crate::model::{Address, Effect, Readiness};
use crate::ownership::Tags;

/// A subnet.
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
    const LIMIT: Duration = Duration::from_secs(1200);
    const OUTPUTS: &'static [&'static str] = &["id", "zone"];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, _want: &Spec) -> Option<String> {
        None
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        vec![want.vpc.clone()]
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let vpc = known.get(&want.vpc, "id");
        Diff::new()
            .maybe("vpc", vpc, &seen.vpc_id, Effect::Replace("a subnet cannot move to another VPC"))
            .field("cidr", &want.cidr, &seen.cidr, Effect::Replace("the range of a subnet is fixed"))
            .field("zone", &want.zone, &seen.zone, Effect::Replace("a subnet cannot move to another zone"))
            .in_place("public", want.public, seen.public)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("id", seen.id.clone()), ("zone", seen.zone.clone())])
    }

    fn readiness(&self, seen: &Seen) -> Readiness {
        if seen.state == "available" { Readiness::Ready } else { Readiness::Pending(seen.state.clone()) }
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let call = cx.aws.ec2.describe_subnets().filters(tags::of_stack(&scope.stack));
        let mut pages = call.into_paginator().items().send();
        let mut found = vec![];
        while let Some(subnet) = pages.next().await {
            let subnet = subnet.named("ec2:DescribeSubnets")?;
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

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        const OPERATION: &str = "ec2:CreateSubnet";
        let call = cx.aws.ec2.create_subnet().vpc_id(cx.known.need(&want.vpc, "id")?).cidr_block(&want.cidr);
        let call =
            call.availability_zone(&want.zone).tag_specifications(tags::specification(ResourceType::Subnet, tags));
        let made = call.send().await.named(OPERATION)?;
        let id = made.subnet.and_then(|subnet| subnet.subnet_id);
        let id = id.ok_or_else(|| AwsError::incomplete(OPERATION, "subnet id"))?;
        set_public(cx, &id, want.public).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        set_public(cx, &seen.id, want.public).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        Ok(tags::write(cx, &seen.id, tags).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        cx.aws.ec2.delete_subnet().subnet_id(&seen.id).send().await.named("ec2:DeleteSubnet")?;
        Ok(())
    }
}

async fn set_public(cx: &Cx, id: &str, public: bool) -> Result<(), KindError> {
    let value = AttributeBooleanValue::builder().value(public).build();
    let call = cx.aws.ec2.modify_subnet_attribute().subnet_id(id).map_public_ip_on_launch(value);
    call.send().await.named("ec2:ModifySubnetAttribute")?;
    Ok(())
}
