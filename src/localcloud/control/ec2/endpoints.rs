//! Endpoints: the ways to S3 and to other services that do not leave the VPC.

use jiff::Timestamp;

use super::super::names;
use super::super::query::{Params, list, text, wrap};
use super::super::refusal::Refusal;
use super::filters::{Describe, Shown, asked};
use super::interfaces::interface_id;
use super::state::{Endpoint, Network, Route, find_mut};
use crate::localcloud::call::escape_xml;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::faults::Fate;

static DESCRIBE: Describe = Describe {
    filters: &["service-name", "vpc-endpoint-id", "vpc-endpoint-state", "vpc-endpoint-type", "vpc-id"],
    set: "vpcEndpointSet",
};

/// The policy of an endpoint that was given none.
const OPEN_POLICY: &str = "{\"Version\":\"2008-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\
                           \"Action\":\"*\",\"Resource\":\"*\"}]}";

const UNKNOWN: &str = "InvalidVpcEndpointId.NotFound";

impl Network {
    /// Answers `CreateVpcEndpoint`.
    pub(super) fn create_endpoint(&mut self, params: &Params, region: &str, fate: &Fate) -> Result<String, Refusal> {
        let vpc = params.required("VpcId")?.to_owned();
        self.vpc(&vpc)?;
        let service = params.required("ServiceName")?.to_owned();
        let is_interface = params.text("VpcEndpointType") == Some("Interface");
        if !is_interface && prefix_list(&service, region).is_none() || !service.starts_with(&prefix(region)) {
            let message = format!("The Vpc Endpoint Service '{service}' does not exist");
            return Err(Refusal::bad("InvalidServiceName", message));
        }
        let (subnets, groups) = self.interface_places(params, is_interface)?;
        let route_tables = params.texts("RouteTableId");
        for table in &route_tables {
            let elsewhere = self.route_table(table)?.vpc != vpc;
            let doubled =
                self.endpoints.values().any(|other| other.service == service && other.route_tables.contains(table));
            if elsewhere {
                let message = format!("Route table {table} belongs to a different VPC than {vpc}");
                return Err(Refusal::bad("InvalidParameter", message));
            }
            if doubled {
                let message =
                    format!("route table {table} already has a route with destination-prefix-list-id of {service}");
                return Err(Refusal::bad("RouteAlreadyExists", message));
            }
        }
        let id = names::id("vpce");
        let policy = params.text("PolicyDocument").unwrap_or(OPEN_POLICY).to_owned();
        let created = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string();
        self.endpoints.insert(id.clone(), Endpoint { vpc, service, route_tables, subnets, groups, policy, created });
        self.tag_new(&id, params, "vpc-endpoint")?;
        self.route_to_endpoint(&id, region);
        self.begin(&id, fate);
        Ok(wrap("vpcEndpoint", self.endpoint_body(&id)?))
    }

    /// Returns where an interface endpoint gets its network interfaces.
    fn interface_places(&self, params: &Params, is_interface: bool) -> Result<(Vec<String>, Vec<String>), Refusal> {
        let (subnets, groups) = (params.texts("SubnetId"), params.texts("SecurityGroupId"));
        if is_interface == subnets.is_empty() {
            let message = "An interface endpoint needs subnets, a gateway endpoint takes none";
            return Err(Refusal::bad("InvalidParameter", message));
        }
        for subnet in &subnets {
            self.subnet(subnet)?;
        }
        for group in &groups {
            self.group(group)?;
        }
        Ok((subnets, groups))
    }

    /// Answers `ModifyVpcEndpoint`.
    pub(super) fn modify_endpoint(&mut self, params: &Params, region: &str) -> Result<String, Refusal> {
        let id = params.required("VpcEndpointId")?;
        let added = params.texts("AddRouteTableId");
        for table in &added {
            self.route_table(table)?;
        }
        let removed = params.texts("RemoveRouteTableId");
        let endpoint = find_mut(&mut self.endpoints, id, UNKNOWN, "Vpc Endpoint Id")?;
        endpoint.route_tables.retain(|table| !removed.contains(table) && !added.contains(table));
        endpoint.route_tables.extend(added);
        let change = |held: &mut Vec<String>, removed: &str, added: &str| {
            let (removed, added) = (params.texts(removed), params.texts(added));
            held.retain(|one| !removed.contains(one) && !added.contains(one));
            held.extend(added);
        };
        change(&mut endpoint.subnets, "RemoveSubnetId", "AddSubnetId");
        change(&mut endpoint.groups, "RemoveSecurityGroupId", "AddSecurityGroupId");
        if let Some(policy) = params.text("PolicyDocument") {
            policy.clone_into(&mut endpoint.policy);
        }
        if params.flag("ResetPolicy") == Some(true) {
            OPEN_POLICY.clone_into(&mut endpoint.policy);
        }
        self.route_to_endpoint(id, region);
        Ok(text("return", true))
    }

    /// Answers `DeleteVpcEndpoints`, which succeeds even if it could not delete everything.
    pub(super) fn delete_endpoints(&mut self, params: &Params, fate: &Fate) -> Result<String, Refusal> {
        let mut failed = Vec::new();
        for id in params.texts("VpcEndpointId") {
            if !self.endpoints.contains_key(&id) {
                let message = format!("The Vpc Endpoint Id '{id}' does not exist");
                let error = wrap("error", text("code", UNKNOWN) + &text("message", message));
                failed.push(text("resourceId", &id) + &error);
                continue;
            }
            for table in self.route_tables.values_mut() {
                table.routes.retain(|route| route.target != id);
            }
            if !self.begin_deletion(&id, fate) {
                self.drop_endpoint(&id);
            }
        }
        Ok(list("unsuccessful", "item", failed))
    }

    /// Drops the endpoints whose slow deletion is over.
    pub(super) fn drop_gone_endpoints(&mut self) {
        for id in self.take_gone("vpce-") {
            self.drop_endpoint(&id);
        }
    }

    fn drop_endpoint(&mut self, id: &str) {
        self.endpoints.remove(id);
        self.tags.remove(id);
    }

    /// Answers `DescribeVpcEndpoints`.
    pub(super) fn describe_endpoints(&self, params: &Params) -> Result<String, Refusal> {
        let mut all = Vec::new();
        for id in asked(params, "VpcEndpointId", &self.endpoints, UNKNOWN, "Vpc Endpoint Id")? {
            let Some(endpoint) = self.endpoints.get(&id) else { continue };
            let Some(state) = self.state_of(&id, "available") else { continue };
            let facts = vec![
                ("service-name", endpoint.service.clone()),
                ("vpc-endpoint-id", id.clone()),
                ("vpc-endpoint-state", state.to_owned()),
                ("vpc-endpoint-type", endpoint.kind().to_owned()),
                ("vpc-id", endpoint.vpc.clone()),
            ];
            let body = self.endpoint_body(&id)?;
            all.push(Shown { id, facts, body });
        }
        DESCRIBE.answer(self, params, all)
    }

    /// Makes the routes of an endpoint what its list of tables says.
    fn route_to_endpoint(&mut self, id: &str, region: &str) {
        let Some(endpoint) = self.endpoints.get(id) else { return };
        let destination = prefix_list(&endpoint.service, region).unwrap_or_default();
        for (table, routes) in &mut self.route_tables {
            routes.routes.retain(|route| route.target != id);
            if endpoint.route_tables.contains(table) {
                let origin = "CreateRoute".to_owned();
                routes.routes.push(Route { destination: destination.to_owned(), target: id.to_owned(), origin });
            }
        }
    }

    fn endpoint_body(&self, id: &str) -> Result<String, Refusal> {
        let endpoint = super::state::find(&self.endpoints, id, UNKNOWN, "Vpc Endpoint Id")?;
        let interface = |subnet: &String| interface_id(&format!("endpoint {id} {subnet}"));
        Ok(text("vpcEndpointId", id)
            + &text("vpcEndpointType", endpoint.kind())
            + &text("vpcId", &endpoint.vpc)
            + &text("serviceName", &endpoint.service)
            // AWS writes it in lower case, though its model says otherwise.
            + &text("state", self.state_of(id, "available").unwrap_or("deleted"))
            + &text("policyDocument", &endpoint.policy)
            + &list("routeTableIdSet", "item", endpoint.route_tables.iter().map(|table| escape_xml(table)))
            + &list("subnetIdSet", "item", endpoint.subnets.iter().map(|subnet| escape_xml(subnet)))
            + &list("groupSet", "item", endpoint.groups.iter().map(|group| text("groupId", group)))
            + &text("privateDnsEnabled", !endpoint.subnets.is_empty())
            + &text("requesterManaged", false)
            + &list("networkInterfaceIdSet", "item", endpoint.subnets.iter().map(interface))
            + &wrap("dnsEntrySet", "")
            + &text("creationTimestamp", &endpoint.created)
            + &text("ownerId", ACCOUNT)
            + &self.tag_set(id))
    }
}

fn prefix(region: &str) -> String {
    format!("com.amazonaws.{region}.")
}

/// Returns the prefix list of a service that has gateway endpoints. Those of us-east-2 are the real ones.
fn prefix_list(service: &str, region: &str) -> Option<&'static str> {
    match service.strip_prefix(&prefix(region))? {
        "s3" => Some("pl-7ba54012"),
        "dynamodb" => Some("pl-4ca54025"),
        _ => None,
    }
}
