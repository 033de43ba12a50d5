//! VPCs and availability zones.

use super::super::names;
use super::super::query::{Params, list, maybe, text, wrap};
use super::super::refusal::Refusal;
use super::block::Block;
use super::filters::{Describe, Shown, asked};
use super::state::{Association, Group, Network, Peer, Route, RouteTable, Rule, Vpc, find_mut, in_use};
use crate::localcloud::emulated::ACCOUNT;

static DESCRIBE: Describe = Describe {
    filters: &["cidr", "cidr-block", "cidr-block-association.cidr-block", "is-default", "owner-id", "state", "vpc-id"],
    set: "vpcSet",
};

impl Network {
    /// Answers `CreateVpc`: with the VPC come its default security group and its main route table.
    pub(super) fn create_vpc(&mut self, params: &Params) -> Result<String, Refusal> {
        let cidr = params.required("CidrBlock")?;
        let invalid = || {
            let message = format!("Value ({cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block.");
            Refusal::bad("InvalidParameterValue", message)
        };
        let block = Block::parse(cidr).ok_or_else(invalid)?;
        if !(16..=28).contains(&block.bits) {
            return Err(Refusal::bad("InvalidVpc.Range", format!("The CIDR '{cidr}' is invalid.")));
        }
        let id = names::id("vpc");
        let tenancy = params.text("InstanceTenancy").unwrap_or("default").to_owned();
        let vpc = Vpc { cidr: block.to_string(), tenancy, dns_support: true, dns_hostnames: false };
        self.vpcs.insert(id.clone(), vpc);
        self.tag_new(&id, params, "vpc")?;
        let table = names::id("rtb");
        let main = Association { id: names::id("rtbassoc"), subnet: None };
        self.route_tables.insert(table, RouteTable::new(&id, &block.to_string(), vec![main]));
        let group = names::id("sg");
        let peer = Peer::Group(group.clone());
        let description = "default VPC security group".to_owned();
        self.groups.insert(group.clone(), Group { vpc: id.clone(), name: "default".to_owned(), description });
        self.rules.insert(names::id("sgr"), Rule::any(&group, false, peer));
        self.rules.insert(names::id("sgr"), Rule::any(&group, true, Peer::Ipv4("0.0.0.0/0".to_owned())));
        Ok(wrap("vpc", self.vpc_body(&id)?))
    }

    /// Answers `DeleteVpc`, which takes the default group and the main route table with it.
    pub(super) fn delete_vpc(&mut self, params: &Params) -> Result<String, Refusal> {
        let id = params.required("VpcId")?.to_owned();
        self.vpc(&id)?;
        let used = self.subnets.values().any(|subnet| subnet.vpc == id)
            || self.gateways.values().any(|vpc| vpc.as_ref() == Some(&id))
            || self.endpoints.values().any(|endpoint| endpoint.vpc == id)
            || self.groups.values().any(|group| group.vpc == id && group.name != "default")
            || self.route_tables.values().any(|table| table.vpc == id && !table.is_main());
        if used {
            return Err(in_use(&format!("The vpc '{id}'")));
        }
        let groups: Vec<String> =
            self.groups.iter().filter(|(_, group)| group.vpc == id).map(|(group, _)| group.clone()).collect();
        self.rules.retain(|_, rule| !groups.contains(&rule.group));
        self.groups.retain(|_, group| group.vpc != id);
        self.route_tables.retain(|_, table| table.vpc != id);
        self.vpcs.remove(&id);
        self.tags.remove(&id);
        Ok(text("return", true))
    }

    /// Answers `DescribeVpcs`.
    pub(super) fn describe_vpcs(&self, params: &Params) -> Result<String, Refusal> {
        let mut all = Vec::new();
        for id in asked(params, "VpcId", &self.vpcs, "InvalidVpcID.NotFound", "vpc ID")? {
            let vpc = self.vpc(&id)?;
            let facts = vec![
                ("cidr", vpc.cidr.clone()),
                ("cidr-block", vpc.cidr.clone()),
                ("cidr-block-association.cidr-block", vpc.cidr.clone()),
                ("is-default", "false".to_owned()),
                ("owner-id", ACCOUNT.to_owned()),
                ("state", "available".to_owned()),
                ("vpc-id", id.clone()),
            ];
            let body = self.vpc_body(&id)?;
            all.push(Shown { id, facts, body });
        }
        DESCRIBE.answer(self, params, all)
    }

    /// Answers `DescribeVpcAttribute`.
    pub(super) fn describe_vpc_attribute(&self, params: &Params) -> Result<String, Refusal> {
        let id = params.required("VpcId")?;
        let vpc = self.vpc(id)?;
        let attribute = params.required("Attribute")?;
        let value = match attribute {
            "enableDnsSupport" => vpc.dns_support,
            "enableDnsHostnames" => vpc.dns_hostnames,
            "enableNetworkAddressUsageMetrics" => false,
            _ => return Err(Refusal::bad("InvalidParameterValue", format!("Unknown attribute {attribute}"))),
        };
        Ok(text("vpcId", id) + &wrap(attribute, text("value", value)))
    }

    /// Answers `ModifyVpcAttribute`.
    pub(super) fn modify_vpc_attribute(&mut self, params: &Params) -> Result<String, Refusal> {
        let id = params.required("VpcId")?;
        let vpc = find_mut(&mut self.vpcs, id, "InvalidVpcID.NotFound", "vpc ID")?;
        if let Some(on) = params.flag("EnableDnsSupport.Value") {
            vpc.dns_support = on;
        }
        if let Some(on) = params.flag("EnableDnsHostnames.Value") {
            vpc.dns_hostnames = on;
        }
        Ok(text("return", true))
    }

    fn vpc_body(&self, id: &str) -> Result<String, Refusal> {
        let vpc = self.vpc(id)?;
        let association = text("cidrBlock", &vpc.cidr)
            + &text("associationId", id.replacen("vpc-", "vpc-cidr-assoc-", 1))
            + &wrap("cidrBlockState", text("state", "associated"));
        Ok(text("vpcId", id)
            + &text("ownerId", ACCOUNT)
            + &text("state", "available")
            + &text("cidrBlock", &vpc.cidr)
            + &list("cidrBlockAssociationSet", "item", [association])
            + &text("dhcpOptionsId", "default")
            + &text("instanceTenancy", &vpc.tenancy)
            + &text("isDefault", false)
            + &self.tag_set(id))
    }
}

impl RouteTable {
    /// Makes the table of a VPC with the route to the VPC itself.
    pub(super) fn new(vpc: &str, cidr: &str, associations: Vec<Association>) -> Self {
        let local =
            Route { destination: cidr.to_owned(), target: "local".to_owned(), origin: "CreateRouteTable".to_owned() };
        Self { vpc: vpc.to_owned(), routes: vec![local], associations }
    }

    /// Returns whether subnets without a table of their own use this one.
    pub(super) fn is_main(&self) -> bool {
        self.associations.iter().any(|association| association.subnet.is_none())
    }
}

/// Answers `DescribeAvailabilityZones`.
pub(super) fn describe_zones(region: &str, params: &Params) -> Result<String, Refusal> {
    let names: Vec<String> = zones(region).into_iter().map(|(name, _)| name).collect();
    let wanted = params.texts("ZoneName");
    if let Some(odd) = wanted.iter().find(|name| !names.contains(name)) {
        return Err(Refusal::bad("InvalidParameterValue", format!("Invalid availability zone: [{odd}]")));
    }
    let shown = zones(region).into_iter().filter(|(name, _)| wanted.is_empty() || wanted.contains(name));
    let zones = shown.map(|(name, id)| {
        text("zoneName", name)
            + &text("zoneId", id)
            + &text("zoneState", "available")
            + &text("regionName", region)
            + &text("zoneType", "availability-zone")
            + &text("optInStatus", "opt-in-not-required")
            + &text("groupName", format!("{region}-zg-1"))
            + &text("networkBorderGroup", region)
            + &wrap("messageSet", "")
    });
    Ok(list("availabilityZoneInfo", "item", zones) + &maybe("nextToken", None::<String>))
}

/// Returns the zones of a region with their ids, such as `us-east-2a` and `use2-az1`.
pub(super) fn zones(region: &str) -> Vec<(String, String)> {
    let mut words = region.split('-');
    let (continent, side, number) = (words.next(), words.next(), words.next());
    let side = side.unwrap_or_default();
    let short = ["north", "south", "east", "west", "central"]
        .iter()
        .filter_map(|word| Some((side.find(word)?, &word[..1])))
        .collect::<std::collections::BTreeMap<_, _>>();
    let short: String = short.into_values().collect();
    let prefix = format!("{}{short}{}", continent.unwrap_or_default(), number.unwrap_or_default());
    ["a", "b", "c"]
        .iter()
        .zip(1..)
        .map(|(letter, place)| (format!("{region}{letter}"), format!("{prefix}-az{place}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::zones;

    #[test]
    fn zone_ids_are_those_of_aws() {
        assert_eq!(zones("us-east-2")[1], ("us-east-2b".to_owned(), "use2-az2".to_owned()));
        assert_eq!(zones("ap-southeast-1")[0].1, "apse1-az1");
    }
}
