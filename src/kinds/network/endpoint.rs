//! A VPC endpoint: the free gateway to S3, or a billed interface to another service.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, ResourceType, VpcEndpointType};
use jiff::Timestamp;
use serde::Serialize;

use super::tags;
use crate::aws::{AwsError, Sorted, moment};
use crate::kinds::base::{Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope};
use crate::model::{Address, BilledItem, Effect, Readiness, Since};
use crate::ownership::Tags;

const READ: &str = "ec2:DescribeVpcEndpoints";
const ONE_VPC: &str = "an endpoint belongs to one VPC";
const ONE_SERVICE: &str = "an endpoint belongs to one service";

/// A VPC endpoint. Listing takes one call for all.
pub struct Endpoint;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// The VPC it lies in.
    pub vpc: Address,
    /// The service's short name, such as `s3`.
    pub service: String,
    /// The route tables of a gateway endpoint; empty for an interface endpoint.
    pub route_tables: Vec<Address>,
    /// The subnets of an interface endpoint.
    pub subnets: Vec<Address>,
    /// The security group of an interface endpoint.
    pub security_group: Option<Address>,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    id: String,
    vpc_id: String,
    service: String,
    route_tables: Vec<String>,
    subnets: Vec<String>,
    groups: Vec<String>,
    private_dns: bool,
    state: String,
    created: Option<Timestamp>,
}

impl Spec {
    /// Returns what can be added and removed: the field, what is declared, what is observed.
    fn lists<'a>(&'a self, seen: &'a Seen) -> [(&'static str, Vec<&'a Address>, &'a [String]); 3] {
        [
            ("route_tables", self.route_tables.iter().collect(), &seen.route_tables),
            ("subnets", self.subnets.iter().collect(), &seen.subnets),
            ("security_group", self.security_group.iter().collect(), &seen.groups),
        ]
    }

    fn is_gateway(&self) -> bool {
        !self.route_tables.is_empty()
    }

    fn service_name(&self, region: &str) -> String {
        format!("com.amazonaws.{region}.{}", self.service)
    }
}

#[async_trait]
impl Kind for Endpoint {
    const NAME: &'static str = "endpoint";
    const LIMIT: Duration = Duration::from_secs(900);
    const OUTPUTS: &'static [&'static str] = &["id"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::replace("vpc", READ, ONE_VPC),
        Attribute::replace("service", READ, ONE_SERVICE),
        Attribute::in_place("route_tables", READ),
        Attribute::in_place("subnets", READ),
        Attribute::in_place("security_group", READ),
        Attribute::in_place("private_dns", READ),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, _want: &Spec) -> Option<String> {
        None
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        let listed = want.route_tables.iter().chain(&want.subnets).chain(&want.security_group);
        [&want.vpc].into_iter().chain(listed).cloned().collect()
    }

    fn collides(&self, want: &Spec, seen: &Seen) -> bool {
        seen.service.ends_with(&format!(".{}", want.service))
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let service = want.service_name(&known.stack.region);
        let vpc = known.get(&want.vpc, "id");
        let mut diff = Diff::new().maybe("vpc", vpc, &seen.vpc_id, Effect::Replace(ONE_VPC)).field(
            "service",
            service,
            &seen.service,
            Effect::Replace(ONE_SERVICE),
        );
        for (field, wanted, observed) in want.lists(seen) {
            let ids = wanted.iter().map(|one| known.get(one, "id")).collect::<Option<Vec<String>>>();
            diff = match ids {
                Some(ids) => diff.unordered(field, &ids, observed),
                None => diff.maybe(field, None, observed.join(", "), Effect::InPlace),
            };
        }
        // A gateway endpoint has no names of its own.
        diff.in_place("private_dns", !want.is_gateway(), seen.private_dns && !want.is_gateway())
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("id", seen.id.clone())])
    }

    fn readiness(&self, seen: &Seen) -> Readiness {
        match seen.state.as_str() {
            "available" => Readiness::Ready,
            "failed" | "rejected" | "expired" => Readiness::Failed(format!("the endpoint is {}", seen.state)),
            state => Readiness::Pending(state.to_owned()),
        }
    }

    fn billing(&self, want: &Spec) -> Vec<BilledItem> {
        zones(want.subnets.len())
    }

    fn billed(&self, seen: &Seen) -> Vec<BilledItem> {
        zones(seen.subnets.len())
    }

    async fn running_since(&self, _cx: &Cx, seen: &Seen) -> Result<Option<Since>, KindError> {
        Ok(seen.created.map(|moment| Since { moment, is_exact: true }))
    }

    fn permissions(&self, _want: &Spec, meta: &Meta) -> Vec<Permission> {
        let actions = ["ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints"];
        let mut all = tags::permissions(meta, "vpc-endpoint", READ, &actions);
        let parts = ["vpc", "subnet", "route-table", "security-group"];
        all.extend(parts.map(|part| Permission::new(tags::arn(meta, part), &actions[..2])));
        // An interface endpoint puts the service's names into a private zone of the VPC.
        all.push(Permission::anywhere(&["route53:AssociateVPCWithHostedZone"]));
        all
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut found = vec![];
        for filters in tags::of_scope(scope, "vpc-endpoint-id", "vpce-") {
            tags::join(&mut found, describe(cx, filters).await?);
        }
        Ok(found)
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let found = describe(cx, tags::of_one(one, "vpc-endpoint-id")).await?;
        Ok(found.into_iter().find(|found| one.is(&found.name, &found.tags)))
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let mut call = cx
            .aws
            .ec2
            .create_vpc_endpoint()
            .vpc_id(cx.known.need(&want.vpc, "id")?)
            .service_name(want.service_name(&cx.known.stack.region))
            .tag_specifications(tags::specification(ResourceType::VpcEndpoint, tags));
        for table in &want.route_tables {
            call = call.route_table_ids(cx.known.need(table, "id")?);
        }
        for subnet in &want.subnets {
            call = call.subnet_ids(cx.known.need(subnet, "id")?);
        }
        if let Some(group) = &want.security_group {
            call = call.security_group_ids(cx.known.need(group, "id")?);
        }
        call = if want.is_gateway() {
            call.vpc_endpoint_type(VpcEndpointType::Gateway)
        } else {
            call.vpc_endpoint_type(VpcEndpointType::Interface).private_dns_enabled(true)
        };
        call.send().await.named("ec2:CreateVpcEndpoint").map_err(tags::not_yet)?;
        Ok(())
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, diff: &Diff) -> Result<(), KindError> {
        let mut call = cx.aws.ec2.modify_vpc_endpoint().vpc_endpoint_id(&seen.id);
        for (field, wanted, observed) in want.lists(seen) {
            let mut ids = vec![];
            for address in wanted {
                ids.push(cx.known.need(address, "id")?);
            }
            let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
            let add = some(ids.iter().filter(|id| !observed.contains(id)).cloned().collect());
            let remove = some(observed.iter().filter(|id| !ids.contains(id)).cloned().collect());
            call = match field {
                "route_tables" => call.set_add_route_table_ids(add).set_remove_route_table_ids(remove),
                "subnets" => call.set_add_subnet_ids(add).set_remove_subnet_ids(remove),
                _ => call.set_add_security_group_ids(add).set_remove_security_group_ids(remove),
            };
        }
        if diff.has_any(&["private_dns"]) {
            call = call.private_dns_enabled(true);
        }
        call.send().await.named("ec2:ModifyVpcEndpoint")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        tags::write(cx, &seen.id, tags, gone).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        const OPERATION: &str = "ec2:DeleteVpcEndpoints";
        let answer = cx.aws.ec2.delete_vpc_endpoints().vpc_endpoint_ids(&seen.id).send().await.named(OPERATION)?;
        // A refusal comes inside a successful answer.
        match answer.unsuccessful.unwrap_or_default().into_iter().next().and_then(|item| item.error) {
            Some(error) if !error.code.as_deref().unwrap_or_default().ends_with("NotFound") => {
                let message = error.message.unwrap_or_default();
                Err(AwsError::incomplete(OPERATION, &format!("success: {message}")).into())
            }
            _ => Ok(()),
        }
    }
}

async fn describe(cx: &Cx, filters: Vec<Filter>) -> Result<Vec<Found<Seen>>, KindError> {
    let mut pages = cx.aws.ec2.describe_vpc_endpoints().set_filters(Some(filters)).into_paginator().items().send();
    let mut found = vec![];
    while let Some(endpoint) = pages.next().await {
        let endpoint = endpoint.named(READ)?;
        let state = endpoint.state.map(|state| state.as_str().to_lowercase()).unwrap_or_default();
        // A deleted endpoint is still described for a while.
        if state == "deleted" {
            continue;
        }
        let id = endpoint.vpc_endpoint_id.unwrap_or_default();
        let seen = Seen {
            id: id.clone(),
            vpc_id: endpoint.vpc_id.unwrap_or_default(),
            service: endpoint.service_name.unwrap_or_default(),
            route_tables: endpoint.route_table_ids.unwrap_or_default(),
            subnets: endpoint.subnet_ids.unwrap_or_default(),
            groups: endpoint.groups.unwrap_or_default().into_iter().filter_map(|group| group.group_id).collect(),
            private_dns: endpoint.private_dns_enabled.unwrap_or_default(),
            state,
            created: endpoint.creation_timestamp.as_ref().and_then(moment),
        };
        found.push(Found { name: id, tags: tags::seen(endpoint.tags), seen });
    }
    Ok(found)
}

/// An interface endpoint is billed in each zone, a gateway endpoint, which has no subnets, is free.
fn zones(subnets: usize) -> Vec<BilledItem> {
    let zones = u32::try_from(subnets).unwrap_or(u32::MAX);
    if zones == 0 { vec![] } else { vec![BilledItem::always("vpc:interface-endpoint", zones)] }
}
