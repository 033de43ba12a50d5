//! The VPC itself, with DNS names, which public databases need.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{AttributeBooleanValue, Filter, ResourceType, VpcAttributeName};
use serde::Serialize;

use super::{interfaces, tags};
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{
    Attribute, Cx, Diff, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope,
};
use crate::model::{Effect, Readiness};
use crate::ownership::Tags;

/// How many VPCs an account may have in a region unless AWS raised it.
const USUAL_QUOTA: usize = 5;

/// Why the range cannot change.
const FIXED: &str = "the main range of a VPC is fixed";

/// A VPC. Listing takes one call, and two for each VPC of the stack: EC2 tells the DNS settings one by one.
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
    const LIMIT: Duration = interfaces::LIMIT;
    const OUTPUTS: &'static [&'static str] = &["id"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::replace("cidr", "ec2:DescribeVpcs", FIXED),
        Attribute::in_place("dns_support", "ec2:DescribeVpcAttribute"),
        Attribute::in_place("dns_hostnames", "ec2:DescribeVpcAttribute"),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, _want: &Spec) -> Option<String> {
        None
    }

    fn diff(&self, want: &Spec, seen: &Seen, _known: &Known) -> Diff {
        Diff::new()
            .field("cidr", &want.cidr, &seen.cidr, Effect::Replace(FIXED))
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

    fn permissions(&self, _want: &Spec, meta: &Meta) -> Vec<Permission> {
        let mut all = tags::permissions(
            meta,
            "vpc",
            "ec2:DescribeVpcs",
            &["ec2:CreateVpc", "ec2:DeleteVpc", "ec2:ModifyVpcAttribute", "ec2:DescribeVpcAttribute"],
        );
        all.extend(interfaces::permissions(meta));
        all
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut found = vec![];
        for filters in tags::of_scope(scope, "vpc-id", "vpc-") {
            tags::join(&mut found, describe(cx, filters).await?);
        }
        Ok(found)
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let found = describe(cx, tags::of_one(one, "vpc-id")).await?;
        Ok(found.into_iter().find(|found| one.is(&found.name, &found.tags)))
    }

    async fn preflight(&self, cx: &Cx, _want: &Spec) -> Result<Vec<Finding>, KindError> {
        let mut pages = cx.aws.ec2.describe_vpcs().into_paginator().items().send();
        let mut count = 0;
        while let Some(vpc) = pages.next().await {
            let vpc = match vpc.named("ec2:DescribeVpcs") {
                Err(error) if error.trouble == Trouble::Denied => return Ok(vec![]),
                vpc => vpc?,
            };
            if tags::is_of(vpc.tags(), &cx.known.stack.name) {
                // It is there already and needs no further place.
                return Ok(vec![]);
            }
            count += 1;
        }
        if count < USUAL_QUOTA {
            return Ok(vec![]);
        }
        let region = &cx.known.stack.region;
        let warning = Finding::warning("", format!("{region} holds {count} VPCs already; AWS allows {USUAL_QUOTA}"));
        Ok(vec![warning.hint("delete one, or ask AWS for a higher quota `VPCs per Region` in Service Quotas")])
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let specification = tags::specification(ResourceType::Vpc, tags);
        let call = cx.aws.ec2_once.create_vpc().cidr_block(&want.cidr).tag_specifications(specification);
        let made = call.send().await.named("ec2:CreateVpc")?;
        let id = made.vpc.and_then(|vpc| vpc.vpc_id).ok_or_else(|| AwsError::incomplete("ec2:CreateVpc", "VPC id"))?;
        set_dns(cx, &id).await
    }

    async fn update(&self, cx: &Cx, _want: &Spec, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        set_dns(cx, &seen.id).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        tags::write(cx, &seen.id, tags, gone).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let deleted = cx.aws.ec2.delete_vpc().vpc_id(&seen.id).send().await.named("ec2:DeleteVpc");
        let within = tags::filter("vpc-id", &seen.id);
        let explained = interfaces::explain(cx, deleted.map(drop), within.clone()).await;
        match explained {
            Err(KindError::Aws(error)) if error.trouble == Trouble::Conflict => {
                Err(name_strangers(cx, error, within).await?.into())
            }
            outcome => outcome,
        }
    }
}

/// Adds to a refusal the subnets and groups that are still in the VPC, such as those that somebody made by hand.
async fn name_strangers(cx: &Cx, error: AwsError, within: Filter) -> Result<AwsError, AwsError> {
    let subnets = cx.aws.ec2.describe_subnets().filters(within.clone()).send().await.named("ec2:DescribeSubnets")?;
    let subnets = subnets.subnets.unwrap_or_default().into_iter().filter_map(|subnet| subnet.subnet_id);
    let groups = cx.aws.ec2.describe_security_groups().filters(within).send().await;
    let groups = groups.named("ec2:DescribeSecurityGroups")?.security_groups.unwrap_or_default().into_iter();
    // Every VPC has a group named `default`, which goes with it.
    let groups = groups.filter(|group| group.group_name.as_deref() != Some("default"));
    let left: Vec<String> = subnets.chain(groups.filter_map(|group| group.group_id)).collect();
    if left.is_empty() {
        return Ok(error);
    }
    let message = format!("{}; still in it: {}", error.message, left.join(", "));
    Ok(AwsError { message, ..error })
}

async fn describe(cx: &Cx, filters: Vec<Filter>) -> Result<Vec<Found<Seen>>, KindError> {
    let mut pages = cx.aws.ec2.describe_vpcs().set_filters(Some(filters)).into_paginator().items().send();
    let mut found = vec![];
    while let Some(vpc) = pages.next().await {
        let vpc = vpc.named("ec2:DescribeVpcs")?;
        let id = vpc.vpc_id.unwrap_or_default();
        let (dns_support, dns_hostnames) = futures::try_join!(
            attribute(cx, &id, VpcAttributeName::EnableDnsSupport),
            attribute(cx, &id, VpcAttributeName::EnableDnsHostnames),
        )?;
        let seen = Seen {
            dns_support,
            dns_hostnames,
            cidr: vpc.cidr_block.unwrap_or_default(),
            state: vpc.state.map(|state| state.as_str().to_lowercase()).unwrap_or_default(),
            id: id.clone(),
        };
        found.push(Found { name: id, tags: tags::seen(vpc.tags), seen });
    }
    Ok(found)
}

/// Host names need DNS support first, and one call sets one of them.
async fn set_dns(cx: &Cx, id: &str) -> Result<(), KindError> {
    let on = AttributeBooleanValue::builder().value(true).build();
    let support = cx.aws.ec2.modify_vpc_attribute().vpc_id(id).enable_dns_support(on.clone());
    tags::once_known(|| async { support.clone().send().await.named("ec2:ModifyVpcAttribute") }).await?;
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
