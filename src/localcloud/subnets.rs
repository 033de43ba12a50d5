//! Looks up subnets in EC2, as RDS and Redshift do for their subnet groups.

use std::collections::BTreeMap;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_ec2::types::{Filter, VpcAttributeName};

use super::{Context, sdk};

/// Subnets of one VPC.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Subnets {
    /// The VPC.
    pub vpc: String,
    /// Subnet to zone.
    pub zones: BTreeMap<String, String>,
}

/// Why subnets cannot make a group.
#[derive(Debug, thiserror::Error)]
pub(super) enum SubnetError {
    /// EC2 does not know one of them.
    #[error("Some input subnets in :[{0}] are invalid.")]
    Invalid(String),
    /// They are in several VPCs.
    #[error("The subnets are in more than one VPC.")]
    SeveralVpcs,
    /// EC2 could not be asked.
    #[error("EC2 could not be asked: {0}")]
    Unreachable(String),
}

/// Finds subnets.
///
/// # Errors
/// If one does not exist or they are in several VPCs.
pub(super) async fn find(context: &Context, region: &str, identifiers: &[String]) -> Result<Subnets, SubnetError> {
    let client = Client::new(&sdk::config(&context.endpoint, region).await);
    let described = client.describe_subnets().set_subnet_ids(Some(identifiers.to_vec())).send().await;
    let found = described.map_err(|error| match error.code() {
        Some("InvalidSubnetID.NotFound") => SubnetError::Invalid(identifiers.join(", ")),
        _ => SubnetError::Unreachable(DisplayErrorContext(error).to_string()),
    })?;
    let mut subnets = Subnets::default();
    for subnet in found.subnets.unwrap_or_default() {
        let vpc = subnet.vpc_id.unwrap_or_default();
        if !subnets.vpc.is_empty() && subnets.vpc != vpc {
            return Err(SubnetError::SeveralVpcs);
        }
        subnets.vpc = vpc;
        subnets.zones.insert(subnet.subnet_id.unwrap_or_default(), subnet.availability_zone.unwrap_or_default());
    }
    if identifiers.iter().all(|identifier| subnets.zones.contains_key(identifier)) && !identifiers.is_empty() {
        return Ok(subnets);
    }
    Err(SubnetError::Invalid(identifiers.join(", ")))
}

/// Returns why nothing in a VPC can be reached from outside, if so.
pub(super) async fn bars_the_public(context: &Context, region: &str, vpc: &str) -> Option<&'static str> {
    let client = Client::new(&sdk::config(&context.endpoint, region).await);
    let attached = Filter::builder().name("attachment.vpc-id").values(vpc).build();
    let gateways = client.describe_internet_gateways().filters(attached).send().await;
    if gateways.is_ok_and(|found| found.internet_gateways().is_empty()) {
        return Some("The specified VPC has no internet gateway attached. Update the VPC and then try again.");
    }
    let asked = client.describe_vpc_attribute().vpc_id(vpc).attribute(VpcAttributeName::EnableDnsHostnames);
    let hostnames = asked.send().await.ok()?.enable_dns_hostnames.and_then(|attribute| attribute.value);
    let refusal = "The specified VPC does not support DNS resolution, DNS hostnames, or both. Update the VPC and then \
                   try again.";
    (hostnames == Some(false)).then_some(refusal)
}
