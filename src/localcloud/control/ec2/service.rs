//! The operations of EC2 by name.

use std::time::Duration;

use async_trait::async_trait;

use super::super::names::request_id;
use super::super::query::{Params, text};
use super::super::refusal::Refusal;
use super::super::saved::Saved;
use super::interfaces::{Interface, linger};
use super::occupants::Surveyor;
use super::regions::describe_regions;
use super::state::Network;
use super::vpcs::describe_zones;
use crate::localcloud::call::escape_xml;
use crate::localcloud::cloud::Context;
use crate::localcloud::faults::Fate;
use crate::localcloud::service::{Service, Tagged};
use crate::localcloud::{Call, Reply};

const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

/// The operations whose outcome depends on what is in the networks. Reading subnets is none of them, so that the
/// services that are asked then may read subnets themselves.
const NEED_INTERFACES: &[&str] = &[
    "DeleteNetworkInterface",
    "DeleteSecurityGroup",
    "DeleteSubnet",
    "DescribeNetworkInterfaces",
    "DetachInternetGateway",
    "DetachNetworkInterface",
];

/// EC2, as far as networks go.
pub(in super::super) struct Ec2 {
    networks: Saved<Network>,
    surveyor: Surveyor,
    /// For how long an interface of a deleted function stays.
    linger: Duration,
}

impl Ec2 {
    /// Opens the networks that were saved.
    pub(in super::super) fn open(context: &Context) -> std::io::Result<Self> {
        Ok(Self { networks: Saved::open("ec2", &context.home)?, surveyor: Surveyor::new(context), linger: linger() })
    }
}

#[async_trait]
impl Service for Ec2 {
    fn signing_names(&self) -> &'static [&'static str] {
        &["ec2"]
    }

    async fn tagged(&self, region: &str) -> Vec<Tagged> {
        self.networks.read(region, |network| network.tagged(region))
    }

    async fn handle(&self, call: Call) -> Reply {
        let params = Params::of(call.form());
        let operation = call.operation.as_str();
        let mut interfaces = Vec::new();
        if NEED_INTERFACES.contains(&operation) {
            interfaces = self.surveyor.look(&call.region).await;
            interfaces.extend(self.networks.read(&call.region, |network| network.own_interfaces(self.linger)));
        }
        let asked = Asked { params: &params, region: &call.region, interfaces: &interfaces, fate: &call.fate };
        let answer = if params.flag("DryRun") == Some(true) {
            Err(Refusal::new(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."))
        } else if operation.starts_with("Describe") {
            self.networks.read(&call.region, |network| look(network, operation, &asked))
        } else {
            self.networks.change(&call.region, |network| {
                network.forget_gone(self.linger);
                change(network, operation, &asked)
            })
        };
        reply(operation, answer)
    }

    fn refuse(&self, call: &Call, status: u16, code: &str, message: &str) -> Reply {
        reply(&call.operation, Err(Refusal::new(status, code, message)))
    }
}

/// What an operation is given.
struct Asked<'a> {
    params: &'a Params,
    region: &'a str,
    interfaces: &'a [Interface],
    fate: &'a Fate,
}

fn look(network: &Network, operation: &str, asked: &Asked<'_>) -> Result<String, Refusal> {
    let Asked { params, region, interfaces, .. } = asked;
    match operation {
        "DescribeAvailabilityZones" => describe_zones(region, params),
        "DescribeInternetGateways" => network.describe_gateways(params),
        "DescribeNetworkInterfaces" => network.describe_interfaces(params, interfaces),
        "DescribeRegions" => describe_regions(region, params),
        "DescribeRouteTables" => network.describe_route_tables(params),
        "DescribeSecurityGroupRules" => network.describe_rules(params),
        "DescribeSecurityGroups" => network.describe_groups(params, region),
        "DescribeSubnets" => network.describe_subnets(params, region),
        "DescribeTags" => network.describe_tags(params),
        "DescribeVpcAttribute" => network.describe_vpc_attribute(params),
        "DescribeVpcEndpoints" => network.describe_endpoints(params),
        "DescribeVpcs" => network.describe_vpcs(params),
        _ => Err(unknown(operation)),
    }
}

fn change(network: &mut Network, operation: &str, asked: &Asked<'_>) -> Result<String, Refusal> {
    let Asked { params, region, interfaces, fate } = asked;
    network.drop_gone_endpoints();
    match operation {
        "AssociateRouteTable" => network.associate_route_table(params),
        "AttachInternetGateway" => network.attach_gateway(params),
        "AuthorizeSecurityGroupEgress" => network.authorize(params, true),
        "AuthorizeSecurityGroupIngress" => network.authorize(params, false),
        "CreateInternetGateway" => network.create_gateway(params),
        "CreateNetworkInterface" => network.create_interface(params),
        "CreateRoute" => network.put_route(params, false),
        "CreateRouteTable" => network.create_route_table(params),
        "CreateSecurityGroup" => network.create_group(params, region),
        "CreateSubnet" => network.create_subnet(params, region),
        "CreateTags" => network.create_tags(params),
        "CreateVpc" => network.create_vpc(params),
        "CreateVpcEndpoint" => network.create_endpoint(params, region, fate),
        "DeleteInternetGateway" => network.delete_gateway(params),
        "DeleteNetworkInterface" => network.delete_interface(params, interfaces),
        "DeleteRoute" => network.delete_route(params),
        "DeleteRouteTable" => network.delete_route_table(params),
        "DeleteSecurityGroup" => network.delete_group(params, interfaces),
        "DeleteSubnet" => network.delete_subnet(params, interfaces),
        "DeleteTags" => network.delete_tags(params),
        "DeleteVpc" => network.delete_vpc(params),
        "DeleteVpcEndpoints" => network.delete_endpoints(params, fate),
        "DetachInternetGateway" => network.detach_gateway(params, interfaces),
        "DetachNetworkInterface" => Network::detach_interface(params, interfaces),
        "DisassociateRouteTable" => network.disassociate_route_table(params),
        "ModifySecurityGroupRules" => network.modify_rules(params),
        "ModifySubnetAttribute" => network.modify_subnet_attribute(params),
        "ModifyVpcAttribute" => network.modify_vpc_attribute(params),
        "ModifyVpcEndpoint" => network.modify_endpoint(params, region),
        "ReplaceRoute" => network.put_route(params, true),
        "ReplaceRouteTableAssociation" => network.replace_association(params),
        "RevokeSecurityGroupEgress" => network.revoke(params, true),
        "RevokeSecurityGroupIngress" => network.revoke(params, false),
        _ => Err(unknown(operation)),
    }
}

fn unknown(operation: &str) -> Refusal {
    Refusal::bad("InvalidAction", format!("The local cloud does not have the action {operation}"))
}

fn reply(operation: &str, answer: Result<String, Refusal>) -> Reply {
    let request = request_id();
    match answer {
        Ok(inner) => {
            let request = text("requestId", request);
            let body = format!("<{operation}Response xmlns=\"{NAMESPACE}\">{request}{inner}</{operation}Response>");
            Reply::new(200, "text/xml;charset=UTF-8", body)
        }
        Err(refusal) => {
            let message = escape_xml(&refusal.message);
            let body = format!(
                "<Response><Errors><Error><Code>{}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>{request}</RequestID></Response>",
                refusal.code
            );
            Reply::new(refusal.status, "text/xml;charset=UTF-8", body)
        }
    }
}
