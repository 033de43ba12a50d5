//! The VPC itself, with DNS names, which public databases need.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, VpcAttributeName};
use serde::Serialize;

use super::tags;
use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Cx, Diff, Found, Kind, KindError, Known, Outputs, Scope};
use crate::model::{Address, Effect, Readiness};
use crate::ownership::Tags;

/// A VPC.
pub struct Vpc;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// Its IPv4 range.
    pub cidr: String,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    id: String,
    cidr: String,
    state: String,
    dns_support: bool,
    dns_hostnames: bool,
}

#[async_trait]
impl Kind for Vpc {
    const NAME: &'static str = "vpc";
    const LIMIT: Duration = Duration::from_secs(300);
    const OUTPUTS: &'static [&'static str] = &["id"];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, _want: &Spec) -> Option<String> {
        None
    }

    fn needs(&self, _want: &Spec) -> Vec<Address> {
        vec![]
    }

    fn diff(&self, want: &Spec, seen: &Seen, _known: &Known) -> Diff {
        Diff::new()
            .field("cidr", &want.cidr, &seen.cidr, Effect::Replace("the main range of a VPC is fixed"))
            .in_place("dns_support", true, seen.dns_support)
            .in_place("dns_hostnames", true, seen.dns_hostnames)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("id", seen.id.clone())])
    }

    fn readiness(&self, seen: &Seen) -> Readiness {
        // The wire says lower case, the SDK's enum does not know it, so the text is compared.
        if seen.state == "available" { Readiness::Ready } else { Readiness::Pending(seen.state.clone()) }
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages =
            cx.aws.ec2.describe_vpcs().filters(tags::of_stack(&scope.stack)).into_paginator().items().send();
        let mut found = vec![];
        while let Some(vpc) = pages.next().await {
            let vpc = vpc.named("ec2:DescribeVpcs")?;
            let id = vpc.vpc_id.unwrap_or_default();
            let seen = Seen {
                dns_support: attribute(cx, &id, VpcAttributeName::EnableDnsSupport).await?,
                dns_hostnames: attribute(cx, &id, VpcAttributeName::EnableDnsHostnames).await?,
                cidr: vpc.cidr_block.unwrap_or_default(),
                state: vpc.state.map(|state| state.as_str().to_lowercase()).unwrap_or_default(),
                id: id.clone(),
            };
            found.push(Found { name: id, tags: tags::seen(vpc.tags), seen });
        }
        Ok(found)
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let specification = tags::specification(ResourceType::Vpc, tags);
        let call = cx.aws.ec2.create_vpc().cidr_block(&want.cidr).tag_specifications(specification);
        let made = call.send().await.named("ec2:CreateVpc")?;
        let id = made.vpc.and_then(|vpc| vpc.vpc_id).ok_or_else(|| AwsError::incomplete("ec2:CreateVpc", "VPC id"))?;
        set_dns(cx, &id).await
    }

    async fn update(&self, cx: &Cx, _want: &Spec, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        set_dns(cx, &seen.id).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        Ok(tags::write(cx, &seen.id, tags).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        cx.aws.ec2.delete_vpc().vpc_id(&seen.id).send().await.named("ec2:DeleteVpc")?;
        Ok(())
    }
}

/// Host names need DNS support first, and one call sets one of them.
async fn set_dns(cx: &Cx, id: &str) -> Result<(), KindError> {
    let on = AttributeBooleanValue::builder().value(true).build();
    let support = cx.aws.ec2.modify_vpc_attribute().vpc_id(id).enable_dns_support(on.clone());
    support.send().await.named("ec2:ModifyVpcAttribute")?;
    let hostnames = cx.aws.ec2.modify_vpc_attribute().vpc_id(id).enable_dns_hostnames(on);
    hostnames.send().await.named("ec2:ModifyVpcAttribute")?;
    Ok(())
}

async fn attribute(cx: &Cx, id: &str, name: VpcAttributeName) -> Result<bool, KindError> {
    let call = cx.aws.ec2.describe_vpc_attribute().vpc_id(id).attribute(name.clone());
    let answer = call.send().await.named("ec2:DescribeVpcAttribute")?;
    let value = match name {
        VpcAttributeName::EnableDnsSupport => answer.enable_dns_support,
        _ => answer.enable_dns_hostnames,
    };
    Ok(value.and_then(|value| value.value).unwrap_or_default())
}
