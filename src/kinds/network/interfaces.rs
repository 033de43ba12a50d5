//! What keeps a network from being deleted: network interfaces that their services give back late, and rules of other
//! groups.
//!
//! Lambda gives back the interfaces of a deleted function after up to 45 minutes; Glue now and then leaves one behind
//! for good. One that nothing uses any more is deleted; one in use is named and waited for.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types::{Filter, NetworkInterface, NetworkInterfaceStatus};

use super::tags;
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{Cx, KindError, Meta, Permission};

/// The longest that a part of the network waits for its interfaces: Lambda's 45 minutes and something more.
pub(super) const LIMIT: Duration = Duration::from_secs(50 * 60);

/// The code with which EC2 refuses to delete what is in use.
const IN_USE: &str = "DependencyViolation";

/// Turns the refusal of a deletion into one that names what is in the way, after the way was cleared as far as that is
/// allowed. Every other outcome is passed on; what is gone already is success.
pub(super) async fn explain(cx: &Cx, outcome: Result<(), AwsError>, within: Filter) -> Result<(), KindError> {
    let error = match outcome {
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) if error.code == IN_USE => error,
        outcome => return Ok(outcome?),
    };
    let mut pages = cx.aws.ec2.describe_network_interfaces().filters(within).into_paginator().items().send();
    let mut in_use: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut cleared = 0;
    while let Some(interface) = pages.next().await {
        let interface = match interface.named("ec2:DescribeNetworkInterfaces") {
            Ok(interface) => interface,
            // Who may not look still learns what EC2 said.
            Err(denied) if denied.trouble == Trouble::Denied => return Err(error.into()),
            Err(other) => return Err(other.into()),
        };
        let id = interface.network_interface_id.clone().unwrap_or_default();
        if is_left_behind(&interface) && remove(cx, &id).await? {
            cleared += 1;
        } else {
            in_use.entry(holder(&interface)).or_default().push(id);
        }
    }
    let message = match (in_use.is_empty(), cleared) {
        (false, _) => blockers(&in_use),
        (true, 0) => error.message.clone(),
        (true, cleared) => format!("{cleared} orphaned network interfaces were deleted"),
    };
    Err(AwsError { message, trouble: Trouble::Conflict, ..error }.into())
}

/// Returns what naming and clearing the way takes.
pub(super) fn permissions(meta: &Meta) -> Vec<Permission> {
    vec![
        Permission::anywhere(&["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"]),
        Permission::new(tags::arn(meta, "network-interface"), &["ec2:DeleteNetworkInterface"]),
    ]
}

fn blockers(in_use: &BTreeMap<&'static str, Vec<String>>) -> String {
    let text = |(holder, ids): (&&str, &Vec<String>)| {
        let noun = if ids.len() == 1 { "network interface" } else { "network interfaces" };
        format!("{} {noun} of {holder} still in use: {}", ids.len(), ids.join(", "))
    };
    in_use.iter().map(text).collect::<Vec<_>>().join("; ")
}

/// Deletes an orphan; `false` if its service took it back at the same moment.
async fn remove(cx: &Cx, id: &str) -> Result<bool, KindError> {
    let call = cx.aws.ec2.delete_network_interface().network_interface_id(id);
    match call.send().await.named("ec2:DeleteNetworkInterface") {
        Err(error) if error.is_not_found() => Ok(true),
        Err(error) if matches!(error.trouble, Trouble::Invalid | Trouble::Conflict | Trouble::Denied) => Ok(false),
        outcome => Ok(outcome.map(|_| true)?),
    }
}

/// Whether nothing is attached and Lambda or Glue made it: only they leave some behind.
fn is_left_behind(interface: &NetworkInterface) -> bool {
    interface.status == Some(NetworkInterfaceStatus::Available) && matches!(holder(interface), LAMBDA | GLUE)
}

const LAMBDA: &str = "Lambda";
const GLUE: &str = "Glue";

fn holder(interface: &NetworkInterface) -> &'static str {
    let description = interface.description.as_deref().unwrap_or_default();
    let kind = interface.interface_type.as_ref().map_or("", |kind| kind.as_str());
    let starts = |text: &str| description.starts_with(text);
    match kind {
        "lambda" => LAMBDA,
        "vpc_endpoint" => "an endpoint",
        "nat_gateway" | "natGateway" => "a NAT gateway",
        _ if starts("AWS Lambda VPC ENI") => LAMBDA,
        _ if description.contains("Glue") => GLUE,
        _ if starts("RDS") => "RDS",
        _ if starts("Redshift") => "Redshift",
        _ if starts("VPC Endpoint") => "an endpoint",
        _ if starts("ELB") => "a load balancer",
        _ => "something that the stack did not make",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(description: &str, status: NetworkInterfaceStatus) -> NetworkInterface {
        NetworkInterface::builder().description(description).status(status).build()
    }

    #[test]
    fn only_unused_interfaces_of_lambda_and_glue_are_orphans() {
        use NetworkInterfaceStatus::{Available, InUse};
        let glue = "Attached to Glue using role: arn:aws:iam::123456789012:role/glue";
        assert!(is_left_behind(&interface(glue, Available)));
        assert!(is_left_behind(&interface("AWS Lambda VPC ENI-reader-1", Available)));
        assert!(!is_left_behind(&interface("AWS Lambda VPC ENI-reader-1", InUse)));
        assert!(!is_left_behind(&interface("RDSNetworkInterface", Available)));
        assert!(!is_left_behind(&interface("somebody's own", Available)));
    }

    #[test]
    fn the_message_names_the_blocker() {
        let in_use = BTreeMap::from([("Lambda", vec!["eni-1".to_owned(), "eni-2".to_owned()])]);
        assert_eq!(blockers(&in_use), "2 network interfaces of Lambda still in use: eni-1, eni-2");
    }
}
