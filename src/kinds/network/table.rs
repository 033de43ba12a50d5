//! The table `[network]` and the resources that it stands for.

use serde::Deserialize;

use super::rule::Unmanaged;
use super::{Endpoint, InternetGateway, NAME, RouteTable, SecurityGroup, Subnet, Vpc};
use super::{endpoint, internet_gateway, route_table, security_group, subnet, vpc};
use crate::kinds::base::{Entry, Finding, KindError, Resource, Table};
use crate::kinds::mysql::Mysql;
use crate::kinds::redshift::Redshift;
use crate::model::Address;

/// The table `[network]`.
pub struct Network;

/// Its keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The range of the VPC, from /16 to /24.
    pub cidr: String,
    /// The availability zones, one subnet each; RDS asks for two.
    pub zones: Vec<String>,
    /// The ranges from which MySQL and Redshift may be reached; `my-ip` is the caller's own address.
    #[serde(default)]
    pub access: Vec<String>,
    /// Services that are reached from inside by a billed interface endpoint, such as `secretsmanager`.
    #[serde(default)]
    pub interface_endpoints: Vec<String>,
    /// What becomes of rules that somebody added to the security group: `remove` or `keep`.
    #[serde(default)]
    pub unmanaged_rules: Unmanaged,
}

impl Table for Network {
    const NAME: &'static str = "network";
    const SINGLE: bool = true;
    type Spec = Spec;

    fn check(&self, spec: &Spec, entry: Entry<'_>) -> Vec<Finding> {
        let mut findings = vec![];
        match cidr(&spec.cidr) {
            None => findings.push(Finding::error("cidr", "not an IPv4 range").hint("such as `10.0.0.0/16`")),
            Some((_, bits)) if !(16..=24).contains(&bits) => {
                findings.push(Finding::error("cidr", "the range must be from /16 to /24"));
            }
            Some(_) => {}
        }
        if spec.zones.len() < 2 {
            findings.push(Finding::error("zones", "RDS needs subnets in at least two availability zones"));
        }
        for (position, zone) in spec.zones.iter().enumerate() {
            if !zone.starts_with(entry.region) {
                let message = format!("zone `{zone}` is not in region `{}`", entry.region);
                let hint = "the region is that of `[stack]`, or the one that `--region` says instead";
                findings.push(Finding::error(format!("zones.{position}"), message).hint(hint));
            }
        }
        for (position, access) in spec.access.iter().enumerate() {
            let at = format!("access.{position}");
            if access != "my-ip" && cidr(access).is_none() {
                let finding = Finding::error(at, format!("`{access}` is neither `my-ip` nor an IPv4 range"));
                findings.push(finding.hint("such as `203.0.113.0/24`"));
            } else if access == "0.0.0.0/0" {
                let finding = Finding::warning(at, "the databases can be reached by everybody");
                findings.push(finding.hint("write `access = [\"my-ip\"]`: they open for your own address only"));
            }
        }
        findings
    }

    fn expand(&self, spec: &Spec, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        let origin = || entry.origin.clone();
        let at = |kind: &str| Address::new(kind, NAME);
        let (first, _) = cidr(&spec.cidr).unwrap_or_default();
        let mut resources = vec![];
        let subnets = subnets(spec, entry);
        for (position, zone) in spec.zones.iter().enumerate() {
            let offset = u32::try_from(position).unwrap_or_default() << 8;
            let range = format!("{}/24", std::net::Ipv4Addr::from(first + offset));
            let subnet = subnet::Spec { vpc: at("vpc"), cidr: range, zone: zone.clone(), public: true };
            resources.push(Resource::new(&Subnet, &subnets[position].name, origin(), subnet));
        }
        resources.push(Resource::new(&Vpc, NAME, origin(), vpc::Spec { cidr: spec.cidr.clone() }));
        let gateway = internet_gateway::Spec { vpc: at("vpc") };
        resources.push(Resource::new(&InternetGateway, NAME, origin(), gateway));
        let routes = route_table::Spec { vpc: at("vpc"), gateway: at("internet_gateway"), subnets: subnets.clone() };
        resources.push(Resource::new(&RouteTable, NAME, origin(), routes));
        let group = security_group::Spec {
            vpc: at("vpc"),
            name: format!("stack-{}", entry.stack),
            access: spec.access.clone(),
            ports: database_ports(entry),
            unmanaged_rules: spec.unmanaged_rules,
        };
        resources.push(Resource::new(&SecurityGroup, NAME, origin(), group));
        let s3 = endpoint::Spec {
            vpc: at("vpc"),
            service: "s3".into(),
            route_tables: vec![at("route_table")],
            subnets: vec![],
            security_group: None,
        };
        resources.push(Resource::new(&Endpoint, "s3", origin(), s3));
        for service in &spec.interface_endpoints {
            let interface = endpoint::Spec {
                vpc: at("vpc"),
                service: service.clone(),
                route_tables: vec![],
                subnets: subnets.iter().take(1).cloned().collect(),
                security_group: Some(at("security_group")),
            };
            resources.push(Resource::new(&Endpoint, service, origin(), interface));
        }
        Ok(resources)
    }
}

/// Returns the ports on which the declared databases listen.
fn database_ports(entry: Entry<'_>) -> Vec<u16> {
    let mysql = entry.all.all::<Mysql>().map(|(_, server)| server.port);
    let redshift = entry.all.all::<Redshift>().map(|(_, cluster)| cluster.port);
    mysql.chain(redshift).filter_map(|port| u16::try_from(port).ok()).collect()
}

/// Returns the subnets of the network, one a zone, named by the letters of the zone.
pub fn subnets(spec: &Spec, entry: Entry<'_>) -> Vec<Address> {
    let letters =
        |zone: &String| zone.strip_prefix(entry.region).filter(|rest| !rest.is_empty()).unwrap_or(zone).to_owned();
    spec.zones.iter().map(|zone| Address::new("subnet", letters(zone))).collect()
}

/// Returns whether two IPv4 ranges share an address.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let (Some((one, bits)), Some((other, other_bits))) = (cidr(one), cidr(other)) else { return false };
    let free = 32 - bits.min(other_bits);
    u64::from(one) >> free == u64::from(other) >> free
}

/// Reads an IPv4 range as its first address and its number of fixed bits.
fn cidr(text: &str) -> Option<(u32, u32)> {
    let (address, bits) = text.split_once('/')?;
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    let bits: u32 = bits.parse().ok().filter(|bits| *bits <= 32)?;
    Some((u32::from(address), bits))
}
