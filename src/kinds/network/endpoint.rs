//! A VPC endpoint: the free gateway to S3, or a billed interface to another service.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{ResourceType, VpcEndpointType};
use serde::Serialize;

use super::tags;
use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Cx, Diff, Found, Kind, KindError, Known, Outputs, Scope};
use crate::model::{Address, BilledItem, Effect, Readiness};
use crate::ownership::Tags;

/// A VPC endpoint.
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
    state: String,
}

impl Spec {
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
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, _want: &Spec) -> Option<String> {
        None
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        let listed = want.route_tables.iter().chain(&want.subnets).chain(&want.security_group);
        [&want.vpc].into_iter().chain(listed).cloned().collect()
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let service = want.service_name(&known.stack.region);
        let ids = |list: &[Address]| list.iter().map(|one| known.get(one, "id")).collect::<Option<Vec<String>>>();
        let diff = Diff::new()
            .maybe("vpc", known.get(&want.vpc, "id"), &seen.vpc_id, Effect::Replace("an endpoint belongs to one VPC"))
            .field("service", service, &seen.service, Effect::Replace("an endpoint belongs to one service"));
        let diff = match ids(&want.route_tables) {
            Some(tables) => diff.unordered("route_tables", &tables, &seen.route_tables),
            None => diff.maybe("route_tables", None, seen.route_tables.join(", "), Effect::InPlace),
        };
        match ids(&want.subnets) {
            Some(subnets) => diff.unordered("subnets", &subnets, &seen.subnets),
            None => diff.maybe("subnets", None, seen.subnets.join(", "), Effect::InPlace),
        }
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
        let zones = u32::try_from(want.subnets.len()).unwrap_or(u32::MAX);
        if want.is_gateway() { vec![] } else { vec![BilledItem::always("vpc:interface-endpoint", zones)] }
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let call = cx.aws.ec2.describe_vpc_endpoints().filters(tags::of_stack(&scope.stack));
        let mut pages = call.into_paginator().items().send();
        let mut found = vec![];
        while let Some(endpoint) = pages.next().await {
            let endpoint = endpoint.named("ec2:DescribeVpcEndpoints")?;
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
                state,
            };
            found.push(Found { name: id, tags: tags::seen(endpoint.tags), seen });
        }
        Ok(found)
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
        call.send().await.named("ec2:CreateVpcEndpoint")?;
        Ok(())
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        let mut call = cx.aws.ec2.modify_vpc_endpoint().vpc_endpoint_id(&seen.id);
        for (wanted, observed, is_table) in
            [(&want.route_tables, &seen.route_tables, true), (&want.subnets, &seen.subnets, false)]
        {
            let mut ids = vec![];
            for address in wanted {
                ids.push(cx.known.need(address, "id")?);
            }
            let add: Vec<String> = ids.iter().filter(|id| !observed.contains(id)).cloned().collect();
            let remove: Vec<String> = observed.iter().filter(|id| !ids.contains(id)).cloned().collect();
            let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
            call = if is_table {
                call.set_add_route_table_ids(some(add)).set_remove_route_table_ids(some(remove))
            } else {
                call.set_add_subnet_ids(some(add)).set_remove_subnet_ids(some(remove))
            };
        }
        call.send().await.named("ec2:ModifyVpcEndpoint")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        Ok(tags::write(cx, &seen.id, tags).await?)
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
