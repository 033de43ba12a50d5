//! Subnets.

use super::super::names;
use super::super::query::{Params, text, wrap};
use super::super::refusal::Refusal;
use super::block::Block;
use super::filters::{Describe, Shown, asked};
use super::interfaces::Interface;
use super::state::{Network, Subnet, find_mut, in_use};
use super::vpcs::zones;
use crate::localcloud::emulated::ACCOUNT;

static DESCRIBE: Describe = Describe {
    filters: &[
        "availability-zone",
        "availabilityZone",
        "availability-zone-id",
        "cidr-block",
        "default-for-az",
        "map-public-ip-on-launch",
        "owner-id",
        "state",
        "subnet-arn",
        "subnet-id",
        "vpc-id",
    ],
    set: "subnetSet",
};

impl Network {
    /// Answers `CreateSubnet`.
    pub(super) fn create_subnet(&mut self, params: &Params, region: &str) -> Result<String, Refusal> {
        let vpc = params.required("VpcId")?.to_owned();
        let within = Block::parse(&self.vpc(&vpc)?.cidr);
        let cidr = params.required("CidrBlock")?;
        let outside = || Refusal::bad("InvalidSubnet.Range", format!("The CIDR '{cidr}' is invalid."));
        let block = Block::parse(cidr).filter(|block| (16..=28).contains(&block.bits)).ok_or_else(outside)?;
        if !within.is_some_and(|within| within.contains(block)) {
            return Err(outside());
        }
        let taken = |subnet: &Subnet| Block::parse(&subnet.cidr).is_some_and(|other| other.overlaps(block));
        if self.subnets.values().any(|subnet| subnet.vpc == vpc && taken(subnet)) {
            let message = format!("The CIDR '{cidr}' conflicts with another subnet");
            return Err(Refusal::bad("InvalidSubnet.Conflict", message));
        }
        let zones = zones(region);
        let wanted = params.text("AvailabilityZone").or_else(|| params.text("AvailabilityZoneId"));
        let zone = match wanted {
            None => zones.first(),
            Some(wanted) => zones.iter().find(|(name, id)| name == wanted || id == wanted),
        };
        let Some((zone, _)) = zone else {
            let names: Vec<&str> = zones.iter().map(|(name, _)| name.as_str()).collect();
            let message = format!(
                "Value ({}) for parameter availabilityZone is invalid. Subnets can currently only be created in the \
                 following availability zones: {}.",
                wanted.unwrap_or_default(),
                names.join(", ")
            );
            return Err(Refusal::bad("InvalidParameterValue", message));
        };
        let id = names::id("subnet");
        let subnet = Subnet { vpc, cidr: block.to_string(), zone: zone.clone(), public_ip: false };
        self.subnets.insert(id.clone(), subnet);
        self.tag_new(&id, params, "subnet")?;
        Ok(wrap("subnet", self.subnet_body(&id, region)?))
    }

    /// Answers `DeleteSubnet`; a database, cluster or function in it keeps it.
    pub(super) fn delete_subnet(&mut self, params: &Params, interfaces: &[Interface]) -> Result<String, Refusal> {
        let id = params.required("SubnetId")?;
        self.subnet(id)?;
        if interfaces.iter().any(|interface| interface.subnet == id) {
            return Err(in_use(&format!("The subnet '{id}'")));
        }
        self.subnets.remove(id);
        self.tags.remove(id);
        for table in self.route_tables.values_mut() {
            table.associations.retain(|association| association.subnet.as_deref() != Some(id));
        }
        Ok(text("return", true))
    }

    /// Answers `DescribeSubnets`.
    pub(super) fn describe_subnets(&self, params: &Params, region: &str) -> Result<String, Refusal> {
        let mut all = Vec::new();
        for id in asked(params, "SubnetId", &self.subnets, "InvalidSubnetID.NotFound", "subnet ID")? {
            let subnet = self.subnet(&id)?;
            let facts = vec![
                ("availability-zone", subnet.zone.clone()),
                ("availabilityZone", subnet.zone.clone()),
                ("availability-zone-id", zone_id(region, &subnet.zone)),
                ("cidr-block", subnet.cidr.clone()),
                ("default-for-az", "false".to_owned()),
                ("map-public-ip-on-launch", subnet.public_ip.to_string()),
                ("owner-id", ACCOUNT.to_owned()),
                ("state", "available".to_owned()),
                ("subnet-arn", arn(region, &id)),
                ("subnet-id", id.clone()),
                ("vpc-id", subnet.vpc.clone()),
            ];
            let body = self.subnet_body(&id, region)?;
            all.push(Shown { id, facts, body });
        }
        DESCRIBE.answer(self, params, all)
    }

    /// Answers `ModifySubnetAttribute`.
    pub(super) fn modify_subnet_attribute(&mut self, params: &Params) -> Result<String, Refusal> {
        let id = params.required("SubnetId")?;
        let subnet = find_mut(&mut self.subnets, id, "InvalidSubnetID.NotFound", "subnet ID")?;
        if let Some(on) = params.flag("MapPublicIpOnLaunch.Value") {
            subnet.public_ip = on;
        }
        Ok(text("return", true))
    }

    fn subnet_body(&self, id: &str, region: &str) -> Result<String, Refusal> {
        let subnet = self.subnet(id)?;
        let free = Block::parse(&subnet.cidr).map_or(0, Block::free);
        Ok(text("subnetId", id)
            + &text("subnetArn", arn(region, id))
            + &text("state", "available")
            + &text("ownerId", ACCOUNT)
            + &text("vpcId", &subnet.vpc)
            + &text("cidrBlock", &subnet.cidr)
            + &text("availableIpAddressCount", free)
            + &text("availabilityZone", &subnet.zone)
            + &text("availabilityZoneId", zone_id(region, &subnet.zone))
            + &text("defaultForAz", false)
            + &text("mapPublicIpOnLaunch", subnet.public_ip)
            + &text("assignIpv6AddressOnCreation", false)
            + &self.tag_set(id))
    }
}

fn arn(region: &str, id: &str) -> String {
    format!("arn:aws:ec2:{region}:{ACCOUNT}:subnet/{id}")
}

fn zone_id(region: &str, zone: &str) -> String {
    zones(region).into_iter().find(|(name, _)| name == zone).map(|(_, id)| id).unwrap_or_default()
}
