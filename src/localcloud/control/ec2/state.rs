//! What is kept of the networks of a region.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::refusal::Refusal;
use super::super::table::Table;
use super::transitions::Transition;

/// Everything of one region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Network {
    pub(super) vpcs: Table<Vpc>,
    pub(super) subnets: Table<Subnet>,
    /// The VPC that a gateway is attached to.
    pub(super) gateways: Table<Option<String>>,
    pub(super) route_tables: Table<RouteTable>,
    pub(super) endpoints: Table<Endpoint>,
    pub(super) groups: Table<Group>,
    pub(super) rules: Table<Rule>,
    /// What somebody made, or a deleted function left behind.
    #[serde(default)]
    pub(super) interfaces: Table<OwnInterface>,
    /// Tags by the id of what they are on.
    pub(super) tags: Table<BTreeMap<String, String>>,
    /// What is not simply there, by its id.
    #[serde(default)]
    pub(super) transitions: Table<Transition>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Vpc {
    pub(super) cidr: String,
    pub(super) tenancy: String,
    pub(super) dns_support: bool,
    pub(super) dns_hostnames: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Subnet {
    pub(super) vpc: String,
    pub(super) cidr: String,
    pub(super) zone: String,
    pub(super) public_ip: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RouteTable {
    pub(super) vpc: String,
    pub(super) routes: Vec<Route>,
    pub(super) associations: Vec<Association>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Route {
    /// A block, or the id of a prefix list.
    pub(super) destination: String,
    pub(super) target: String,
    pub(super) origin: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Association {
    pub(super) id: String,
    /// `None` for the main association of a VPC.
    pub(super) subnet: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Endpoint {
    pub(super) vpc: String,
    pub(super) service: String,
    pub(super) route_tables: Vec<String>,
    /// Where an interface endpoint has its network interfaces; empty for a gateway endpoint.
    #[serde(default)]
    pub(super) subnets: Vec<String>,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    pub(super) policy: String,
    pub(super) created: String,
}

impl Endpoint {
    /// Returns the type as AWS writes it.
    pub(super) fn kind(&self) -> &'static str {
        if self.subnets.is_empty() { "Gateway" } else { "Interface" }
    }
}

/// A network interface that belongs to nothing that could be asked for it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct OwnInterface {
    pub(super) subnet: String,
    pub(super) groups: Vec<String>,
    pub(super) description: String,
    pub(super) left_by_lambda: bool,
    /// In milliseconds since 1970.
    pub(super) since: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) vpc: String,
    pub(super) name: String,
    pub(super) description: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Rule {
    pub(super) group: String,
    pub(super) egress: bool,
    pub(super) protocol: String,
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
    pub(super) peer: Peer,
    pub(super) description: Option<String>,
}

/// Who is at the other end of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Peer {
    Ipv4(String),
    Ipv6(String),
    PrefixList(String),
    Group(String),
}

/// Returns what a table holds under an id.
///
/// # Errors
/// The `NotFound` code of what was asked for.
pub(super) fn find<'a, T>(table: &'a Table<T>, id: &str, code: &str, noun: &str) -> Result<&'a T, Refusal> {
    table.get(id).ok_or_else(|| unknown(id, code, noun))
}

/// Returns what a table holds under an id, to be changed.
///
/// # Errors
/// The `NotFound` code of what was asked for.
pub(super) fn find_mut<'a, T: Clone>(
    table: &'a mut Table<T>,
    id: &str,
    code: &str,
    noun: &str,
) -> Result<&'a mut T, Refusal> {
    table.get_mut(id).ok_or_else(|| unknown(id, code, noun))
}

/// Says that an id names nothing.
pub(super) fn unknown(id: &str, code: &str, noun: &str) -> Refusal {
    Refusal::bad(code, format!("The {noun} '{id}' does not exist"))
}

/// Says that something is still in use.
pub(super) fn in_use(what: &str) -> Refusal {
    Refusal::bad("DependencyViolation", format!("{what} has dependencies and cannot be deleted."))
}

impl Network {
    /// Returns a VPC.
    pub(super) fn vpc(&self, id: &str) -> Result<&Vpc, Refusal> {
        find(&self.vpcs, id, "InvalidVpcID.NotFound", "vpc ID")
    }

    /// Returns a subnet.
    pub(super) fn subnet(&self, id: &str) -> Result<&Subnet, Refusal> {
        find(&self.subnets, id, "InvalidSubnetID.NotFound", "subnet ID")
    }

    /// Returns the VPC that a gateway is attached to.
    pub(super) fn gateway(&self, id: &str) -> Result<&Option<String>, Refusal> {
        find(&self.gateways, id, "InvalidInternetGatewayID.NotFound", "internetGateway ID")
    }

    /// Returns a route table.
    pub(super) fn route_table(&self, id: &str) -> Result<&RouteTable, Refusal> {
        find(&self.route_tables, id, "InvalidRouteTableID.NotFound", "routeTable ID")
    }

    /// Returns a route table, to be changed.
    pub(super) fn route_table_mut(&mut self, id: &str) -> Result<&mut RouteTable, Refusal> {
        find_mut(&mut self.route_tables, id, "InvalidRouteTableID.NotFound", "routeTable ID")
    }

    /// Returns a security group.
    pub(super) fn group(&self, id: &str) -> Result<&Group, Refusal> {
        find(&self.groups, id, "InvalidGroup.NotFound", "security group")
    }
}
