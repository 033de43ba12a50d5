//! The route table: the default route and the subnets that use it.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{ResourceType, RouteTableAssociation};
use serde::Serialize;

use super::tags;
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{Cx, Diff, Found, Kind, KindError, Known, Outputs, Scope};
use crate::model::{Address, Effect};
use crate::ownership::Tags;

const EVERYWHERE: &str = "0.0.0.0/0";

/// A route table.
pub struct RouteTable;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// The VPC it lies in.
    pub vpc: Address,
    /// Where the default route leads.
    pub gateway: Address,
    /// The subnets that use it.
    pub subnets: Vec<Address>,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    id: String,
    vpc_id: String,
    default_route: Option<String>,
    /// Association id and subnet id.
    subnets: Vec<(String, String)>,
}

#[async_trait]
impl Kind for RouteTable {
    const NAME: &'static str = "route_table";
    const LIMIT: Duration = Duration::from_secs(300);
    const OUTPUTS: &'static [&'static str] = &["id"];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, _want: &Spec) -> Option<String> {
        None
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        [&want.vpc, &want.gateway].into_iter().chain(&want.subnets).cloned().collect()
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let vpc = known.get(&want.vpc, "id");
        let gateway = known.get(&want.gateway, "id");
        let subnets: Option<Vec<String>> = want.subnets.iter().map(|subnet| known.get(subnet, "id")).collect();
        let seen_subnets: Vec<String> = seen.subnets.iter().map(|(_, subnet)| subnet.clone()).collect();
        let diff = Diff::new()
            .maybe("vpc", vpc, &seen.vpc_id, Effect::Replace("a route table cannot move to another VPC"))
            .maybe("default_route", gateway, seen.default_route.as_deref().unwrap_or_default(), Effect::InPlace);
        match subnets {
            Some(subnets) => diff.unordered("subnets", &subnets, &seen_subnets),
            None => diff.maybe("subnets", None, seen_subnets.join(", "), Effect::InPlace),
        }
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("id", seen.id.clone())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let call = cx.aws.ec2.describe_route_tables().filters(tags::of_stack(&scope.stack));
        let mut pages = call.into_paginator().items().send();
        let mut found = vec![];
        while let Some(table) = pages.next().await {
            let table = table.named("ec2:DescribeRouteTables")?;
            let id = table.route_table_id.unwrap_or_default();
            let mut routes = table.routes.unwrap_or_default().into_iter();
            let default = routes.find(|route| route.destination_cidr_block.as_deref() == Some(EVERYWHERE));
            let seen = Seen {
                id: id.clone(),
                vpc_id: table.vpc_id.unwrap_or_default(),
                default_route: default.and_then(|route| route.gateway_id),
                subnets: table.associations.unwrap_or_default().into_iter().filter_map(association).collect(),
            };
            found.push(Found { name: id, tags: tags::seen(table.tags), seen });
        }
        Ok(found)
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        const OPERATION: &str = "ec2:CreateRouteTable";
        let specification = tags::specification(ResourceType::RouteTable, tags);
        let vpc = cx.known.need(&want.vpc, "id")?;
        let made = cx.aws.ec2.create_route_table().vpc_id(&vpc).tag_specifications(specification).send().await;
        let id = made.named(OPERATION)?.route_table.and_then(|table| table.route_table_id);
        let id = id.ok_or_else(|| AwsError::incomplete(OPERATION, "route table id"))?;
        let fresh = Seen { id, vpc_id: vpc, default_route: None, subnets: vec![] };
        complete(cx, want, &fresh).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        complete(cx, want, seen).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        Ok(tags::write(cx, &seen.id, tags).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        for (association, _) in &seen.subnets {
            disassociate(cx, association).await?;
        }
        cx.aws.ec2.delete_route_table().route_table_id(&seen.id).send().await.named("ec2:DeleteRouteTable")?;
        Ok(())
    }
}

fn association(association: RouteTableAssociation) -> Option<(String, String)> {
    Some((association.route_table_association_id?, association.subnet_id?))
}

/// Brings the default route and the associations to what is declared.
async fn complete(cx: &Cx, want: &Spec, seen: &Seen) -> Result<(), KindError> {
    let gateway = cx.known.need(&want.gateway, "id")?;
    if seen.default_route.is_some() && seen.default_route.as_ref() != Some(&gateway) {
        let call = cx.aws.ec2.replace_route().route_table_id(&seen.id).destination_cidr_block(EVERYWHERE);
        call.gateway_id(&gateway).send().await.named("ec2:ReplaceRoute")?;
    } else if seen.default_route.is_none() {
        let call = cx.aws.ec2.create_route().route_table_id(&seen.id).destination_cidr_block(EVERYWHERE);
        match call.gateway_id(&gateway).send().await.named("ec2:CreateRoute") {
            Err(error) if error.trouble != Trouble::Exists => return Err(error.into()),
            _ => {}
        }
    }
    let mut wanted = vec![];
    for subnet in &want.subnets {
        wanted.push(cx.known.need(subnet, "id")?);
    }
    for (association, subnet) in &seen.subnets {
        if !wanted.contains(subnet) {
            disassociate(cx, association).await?;
        }
    }
    for subnet in wanted.iter().filter(|wanted| !seen.subnets.iter().any(|(_, subnet)| subnet == *wanted)) {
        let call = cx.aws.ec2.associate_route_table().route_table_id(&seen.id).subnet_id(subnet);
        call.send().await.named("ec2:AssociateRouteTable")?;
    }
    Ok(())
}

async fn disassociate(cx: &Cx, association: &str) -> Result<(), KindError> {
    let call = cx.aws.ec2.disassociate_route_table().association_id(association);
    match call.send().await.named("ec2:DisassociateRouteTable") {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(()),
    }
}
