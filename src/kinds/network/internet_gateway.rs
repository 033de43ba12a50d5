//! The internet gateway and its attachment to the VPC.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, ResourceType};
use serde::Serialize;

use super::{interfaces, tags};
use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope};
use crate::model::{Address, Effect};
use crate::ownership::Tags;

const READ: &str = "ec2:DescribeInternetGateways";

const VPC_GOES: &str = "its VPC is made anew";

/// An internet gateway. Listing takes one call for all.
pub struct InternetGateway;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// The VPC it is attached to.
    pub vpc: Address,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    id: String,
    vpc_id: Option<String>,
}

#[async_trait]
impl Kind for InternetGateway {
    const NAME: &'static str = "internet_gateway";
    const LIMIT: Duration = interfaces::LIMIT;
    const OUTPUTS: &'static [&'static str] = &["id"];
    const ATTRIBUTES: &'static [Attribute] =
        &[Attribute::in_place("vpc", READ), Attribute::replace("vpc", READ, VPC_GOES)];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, _want: &Spec) -> Option<String> {
        None
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        vec![want.vpc.clone()]
    }

    fn collides(&self, _want: &Spec, _seen: &Seen) -> bool {
        true
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let vpc = known.get(&want.vpc, "id");
        // Attached, it keeps the VPC from being deleted, which comes before the new one is made.
        let effect = if vpc.is_none() && seen.vpc_id.is_some() { Effect::Replace(VPC_GOES) } else { Effect::InPlace };
        Diff::new().maybe("vpc", vpc, seen.vpc_id.as_deref().unwrap_or_default(), effect)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("id", seen.id.clone())])
    }

    fn permissions(&self, _want: &Spec, meta: &Meta) -> Vec<Permission> {
        let attach = ["ec2:AttachInternetGateway", "ec2:DetachInternetGateway"];
        let actions = [["ec2:CreateInternetGateway", "ec2:DeleteInternetGateway"], attach].concat();
        let mut all = tags::permissions(meta, "internet-gateway", READ, &actions);
        all.push(Permission::new(tags::arn(meta, "vpc"), &attach));
        all.extend(interfaces::permissions(meta));
        all
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut found = vec![];
        for filters in tags::of_scope(scope, "internet-gateway-id", "igw-") {
            tags::join(&mut found, describe(cx, filters).await?);
        }
        Ok(found)
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let found = describe(cx, tags::of_one(one, "internet-gateway-id")).await?;
        Ok(found.into_iter().find(|found| one.is(&found.name, &found.tags)))
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        const OPERATION: &str = "ec2:CreateInternetGateway";
        let specification = tags::specification(ResourceType::InternetGateway, tags);
        let made = cx.aws.ec2_once.create_internet_gateway().tag_specifications(specification).send().await;
        let gateway = made.named(OPERATION)?.internet_gateway;
        let id = gateway.and_then(|gateway| gateway.internet_gateway_id);
        let id = id.ok_or_else(|| AwsError::incomplete(OPERATION, "gateway id"))?;
        attach(cx, want, &id).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        detach(cx, seen).await?;
        attach(cx, want, &seen.id).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        tags::write(cx, &seen.id, tags, gone).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        // It cannot be detached while something in the VPC has a public address.
        detach(cx, seen).await?;
        let call = cx.aws.ec2.delete_internet_gateway().internet_gateway_id(&seen.id);
        match call.send().await.named("ec2:DeleteInternetGateway") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

async fn describe(cx: &Cx, filters: Vec<Filter>) -> Result<Vec<Found<Seen>>, KindError> {
    let call = cx.aws.ec2.describe_internet_gateways().set_filters(Some(filters));
    let mut pages = call.into_paginator().items().send();
    let mut found = vec![];
    while let Some(gateway) = pages.next().await {
        let gateway = gateway.named(READ)?;
        let attachment = gateway.attachments.unwrap_or_default().into_iter().next();
        let id = gateway.internet_gateway_id.unwrap_or_default();
        let seen = Seen { id: id.clone(), vpc_id: attachment.and_then(|attachment| attachment.vpc_id) };
        found.push(Found { name: id, tags: tags::seen(gateway.tags), seen });
    }
    Ok(found)
}

async fn attach(cx: &Cx, want: &Spec, id: &str) -> Result<(), KindError> {
    let vpc = cx.known.need(&want.vpc, "id")?;
    let call = cx.aws.ec2.attach_internet_gateway().internet_gateway_id(id).vpc_id(vpc);
    tags::once_known(|| async { call.clone().send().await.named("ec2:AttachInternetGateway") }).await?;
    Ok(())
}

async fn detach(cx: &Cx, seen: &Seen) -> Result<(), KindError> {
    let Some(vpc) = &seen.vpc_id else { return Ok(()) };
    let call = cx.aws.ec2.detach_internet_gateway().internet_gateway_id(&seen.id).vpc_id(vpc);
    match call.send().await.named("ec2:DetachInternetGateway") {
        Err(error) if error.code == "Gateway.NotAttached" => Ok(()),
        outcome => {
            let public = tags::filter("vpc-id", vpc);
            interfaces::explain(cx, outcome.map(drop), public).await
        }
    }
}
