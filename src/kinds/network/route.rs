//! One route of a route table, as far as a person can make one.

use aws_sdk_ec2::types::{self, RouteOrigin};

use crate::aws::Sorted;
use crate::kinds::base::{Cx, KindError};

/// The destination of a default route.
pub(super) const EVERYWHERE: &str = "0.0.0.0/0";

/// Where packets for a destination go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// A range, or the id of a prefix list.
    pub(super) destination: String,
    /// The id of what they are handed to.
    pub(super) target: String,
}

impl Route {
    /// Reads a route. Those that EC2 makes itself are left out: the one inside the VPC, those of gateway endpoints,
    /// and those that a private gateway spreads.
    pub(super) fn of(route: &types::Route) -> Option<Self> {
        let targets = [
            &route.gateway_id,
            &route.nat_gateway_id,
            &route.transit_gateway_id,
            &route.vpc_peering_connection_id,
            &route.egress_only_internet_gateway_id,
            &route.network_interface_id,
            &route.instance_id,
            &route.local_gateway_id,
            &route.carrier_gateway_id,
            &route.core_network_arn,
        ];
        let target = targets.into_iter().flatten().next().cloned().unwrap_or_default();
        let is_made = route.origin.as_ref().is_none_or(|origin| *origin == RouteOrigin::CreateRoute);
        if !is_made || target == "local" || target.starts_with("vpce-") {
            return None;
        }
        let ranges =
            [&route.destination_cidr_block, &route.destination_ipv6_cidr_block, &route.destination_prefix_list_id];
        let destination = ranges.into_iter().flatten().next().cloned()?;
        Some(Self { destination, target })
    }

    /// Returns the words for people.
    pub(super) fn text(&self) -> String {
        format!("{} to {}", self.destination, self.target)
    }

    /// Removes the route from its table.
    pub(super) async fn delete(&self, cx: &Cx, table: &str) -> Result<(), KindError> {
        let call = cx.aws.ec2.delete_route().route_table_id(table);
        let call = match self.destination.as_str() {
            list if list.starts_with("pl-") => call.destination_prefix_list_id(list),
            range if range.contains(':') => call.destination_ipv6_cidr_block(range),
            range => call.destination_cidr_block(range),
        };
        match call.send().await.named("ec2:DeleteRoute") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_that_ec2_makes_itself_are_left_out() {
        let route = |destination: &str, target: &str, origin: RouteOrigin| {
            let route = types::Route::builder().destination_cidr_block(destination).gateway_id(target);
            Route::of(&route.origin(origin).build())
        };
        assert_eq!(route("10.0.0.0/16", "local", RouteOrigin::CreateRouteTable), None);
        assert_eq!(route("10.9.0.0/16", "vgw-1", RouteOrigin::EnableVgwRoutePropagation), None);
        let made = route("10.9.0.0/16", "pcx-1", RouteOrigin::CreateRoute).unwrap();
        assert_eq!(made.text(), "10.9.0.0/16 to pcx-1");
        let endpoint = types::Route::builder().destination_prefix_list_id("pl-1").gateway_id("vpce-1");
        assert_eq!(Route::of(&endpoint.origin(RouteOrigin::CreateRoute).build()), None);
    }
}
