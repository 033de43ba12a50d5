//! The route table: the default route and the subnets that use it.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, ResourceType, RouteTableAssociation};
use serde::Serialize;

use super::route::{EVERYWHERE, Route};
use super::tags;
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope};
use crate::model::{Address, Effect};
use crate::ownership::Tags;

const READ: &str = "ec2:DescribeRouteTables";
const OTHER_VPC: &str = "a route table cannot move to another VPC";

/// A route table. Listing takes one call for all.
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
    default_route: Option<Route>,
    /// Routes that somebody added.
    others: Vec<Route>,
    /// Association id and subnet id.
    subnets: Vec<(String, String)>,
}

#[async_trait]
impl Kind for RouteTable {
    const NAME: &'static str = "route_table";
    const LIMIT: Duration = Duration::from_secs(300);
    const OUTPUTS: &'static [&'static str] = &["id"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::replace("vpc", READ, OTHER_VPC),
        Attribute::in_place("gateway", READ),
        Attribute::in_place("subnets", READ),
        Attribute::in_place("other_routes", READ),
    ];
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
        let seen_gateway = seen.default_route.as_ref().map_or("", |route| route.target.as_str());
        let others: Vec<String> = seen.others.iter().map(Route::text).collect();
        let diff = Diff::new()
            .maybe("vpc", vpc, &seen.vpc_id, Effect::Replace(OTHER_VPC))
            .maybe("gateway", gateway, seen_gateway, Effect::InPlace)
            .unordered("other_routes", &[], &others);
        match subnets {
            Some(subnets) => diff.unordered("subnets", &subnets, &seen_subnets),
            None => diff.maybe("subnets", None, seen_subnets.join(", "), Effect::InPlace),
        }
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("id", seen.id.clone())])
    }

    fn permissions(&self, _want: &Spec, meta: &Meta) -> Vec<Permission> {
        let associate = ["ec2:AssociateRouteTable", "ec2:DisassociateRouteTable", "ec2:ReplaceRouteTableAssociation"];
        let own = ["ec2:CreateRouteTable", "ec2:DeleteRouteTable", "ec2:CreateRoute"];
        let routes = ["ec2:ReplaceRoute", "ec2:DeleteRoute"];
        let actions = [&own[..], &routes, &associate].concat();
        let mut all = tags::permissions(meta, "route-table", READ, &actions);
        all.push(Permission::new(tags::arn(meta, "vpc"), &["ec2:CreateRouteTable"]));
        all.push(Permission::new(tags::arn(meta, "subnet"), &associate));
        all
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut found = vec![];
        for filters in tags::of_scope(scope, "route-table-id", "rtb-") {
            tags::join(&mut found, describe(cx, filters).await?);
        }
        Ok(found)
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let found = describe(cx, tags::of_one(one, "route-table-id")).await?;
        Ok(found.into_iter().find(|found| one.is(&found.name, &found.tags)))
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        const OPERATION: &str = "ec2:CreateRouteTable";
        let specification = tags::specification(ResourceType::RouteTable, tags);
        let vpc = cx.known.need(&want.vpc, "id")?;
        let made = cx.aws.ec2_once.create_route_table().vpc_id(&vpc).tag_specifications(specification).send().await;
        let made = made.named(OPERATION).map_err(tags::not_yet)?;
        let id = made.route_table.and_then(|table| table.route_table_id);
        let id = id.ok_or_else(|| AwsError::incomplete(OPERATION, "route table id"))?;
        let fresh = Seen { id, vpc_id: vpc, default_route: None, others: vec![], subnets: vec![] };
        complete(cx, want, &fresh).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        complete(cx, want, seen).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        tags::write(cx, &seen.id, tags, gone).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        for (association, _) in &seen.subnets {
            disassociate(cx, association).await?;
        }
        let call = cx.aws.ec2.delete_route_table().route_table_id(&seen.id);
        match call.send().await.named("ec2:DeleteRouteTable") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

async fn describe(cx: &Cx, filters: Vec<Filter>) -> Result<Vec<Found<Seen>>, KindError> {
    let mut pages = cx.aws.ec2.describe_route_tables().set_filters(Some(filters)).into_paginator().items().send();
    let mut found = vec![];
    while let Some(table) = pages.next().await {
        let table = table.named(READ)?;
        let id = table.route_table_id.unwrap_or_default();
        let routes = table.routes.unwrap_or_default();
        let routes = routes.iter().filter_map(Route::of);
        let (default, others): (Vec<Route>, Vec<Route>) = routes.partition(|route| route.destination == EVERYWHERE);
        let seen = Seen {
            id: id.clone(),
            vpc_id: table.vpc_id.unwrap_or_default(),
            default_route: default.into_iter().next(),
            others,
            subnets: table.associations.unwrap_or_default().into_iter().filter_map(association).collect(),
        };
        found.push(Found { name: id, tags: tags::seen(table.tags), seen });
    }
    Ok(found)
}

fn association(association: RouteTableAssociation) -> Option<(String, String)> {
    Some((association.route_table_association_id?, association.subnet_id?))
}

/// Brings routes and associations to what is declared.
async fn complete(cx: &Cx, want: &Spec, seen: &Seen) -> Result<(), KindError> {
    let gateway = cx.known.need(&want.gateway, "id")?;
    match &seen.default_route {
        Some(route) if route.target == gateway => {}
        Some(_) => {
            let call = cx.aws.ec2.replace_route().route_table_id(&seen.id).destination_cidr_block(EVERYWHERE);
            call.gateway_id(&gateway).send().await.named("ec2:ReplaceRoute")?;
        }
        None => {
            let call = cx.aws.ec2.create_route().route_table_id(&seen.id).destination_cidr_block(EVERYWHERE);
            let call = call.gateway_id(&gateway);
            match tags::once_known(|| async { call.clone().send().await.named("ec2:CreateRoute") }).await {
                Err(error) if error.trouble != Trouble::Exists => return Err(error.into()),
                _ => {}
            }
        }
    }
    for route in &seen.others {
        route.delete(cx, &seen.id).await?;
    }
    let mut wanted = vec![];
    for subnet in &want.subnets {
        wanted.push(cx.known.need(subnet, "id")?);
    }
    for subnet in wanted.iter().filter(|wanted| !seen.subnets.iter().any(|(_, subnet)| subnet == *wanted)) {
        associate(cx, &seen.id, subnet).await?;
    }
    for (association, subnet) in &seen.subnets {
        if !wanted.contains(subnet) {
            disassociate(cx, association).await?;
        }
    }
    Ok(())
}

/// A subnet uses one table: one that somebody moved to another table is moved back.
async fn associate(cx: &Cx, table: &str, subnet: &str) -> Result<(), KindError> {
    let call = cx.aws.ec2.associate_route_table().route_table_id(table).subnet_id(subnet);
    let made = tags::once_known(|| async { call.clone().send().await.named("ec2:AssociateRouteTable") }).await;
    match made {
        Err(error) if error.code == "Resource.AlreadyAssociated" => {}
        made => return Ok(made.map(drop)?),
    }
    let call = cx.aws.ec2.describe_route_tables().filters(tags::filter("association.subnet-id", subnet));
    let tables = call.send().await.named(READ)?.route_tables.unwrap_or_default().into_iter();
    let associations = tables.flat_map(|table| table.associations.unwrap_or_default());
    for (association, _) in associations.filter_map(association).filter(|(_, other)| other == subnet) {
        let call = cx.aws.ec2.replace_route_table_association().association_id(association).route_table_id(table);
        call.send().await.named("ec2:ReplaceRouteTableAssociation")?;
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
