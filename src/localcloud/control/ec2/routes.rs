//! Route tables, their routes and their associations.

use super::super::names;
use super::super::query::{Params, list, maybe, text, wrap};
use super::super::refusal::Refusal;
use super::block::Block;
use super::filters::{Describe, Shown, asked};
use super::state::{Association, Network, Route, RouteTable, in_use, unknown};
use crate::localcloud::emulated::ACCOUNT;

static DESCRIBE: Describe = Describe {
    filters: &[
        "association.main",
        "association.route-table-association-id",
        "association.route-table-id",
        "association.subnet-id",
        "owner-id",
        "route-table-id",
        "route.destination-cidr-block",
        "route.gateway-id",
        "vpc-id",
    ],
    set: "routeTableSet",
};

impl Network {
    /// Answers `CreateRouteTable`.
    pub(super) fn create_route_table(&mut self, params: &Params) -> Result<String, Refusal> {
        let vpc = params.required("VpcId")?;
        let table = RouteTable::new(vpc, &self.vpc(vpc)?.cidr.clone(), Vec::new());
        let id = names::id("rtb");
        self.route_tables.insert(id.clone(), table);
        self.tag_new(&id, params, "route-table")?;
        Ok(wrap("routeTable", self.route_table_body(&id)?))
    }

    /// Answers `DeleteRouteTable`.
    pub(super) fn delete_route_table(&mut self, params: &Params) -> Result<String, Refusal> {
        let id = params.required("RouteTableId")?;
        if !self.route_table(id)?.associations.is_empty() {
            return Err(in_use(&format!("The routeTable '{id}'")));
        }
        for endpoint in self.endpoints.values_mut() {
            endpoint.route_tables.retain(|table| table != id);
        }
        self.route_tables.remove(id);
        self.tags.remove(id);
        Ok(text("return", true))
    }

    /// Answers `DescribeRouteTables`.
    pub(super) fn describe_route_tables(&self, params: &Params) -> Result<String, Refusal> {
        let ids = asked(params, "RouteTableId", &self.route_tables, "InvalidRouteTableID.NotFound", "routeTable ID")?;
        let mut all = Vec::new();
        for id in ids {
            let table = self.route_table(&id)?;
            let mut facts = vec![
                ("owner-id", ACCOUNT.to_owned()),
                ("route-table-id", id.clone()),
                ("association.route-table-id", id.clone()),
                ("vpc-id", table.vpc.clone()),
            ];
            for association in &table.associations {
                facts.push(("association.main", association.subnet.is_none().to_string()));
                facts.push(("association.route-table-association-id", association.id.clone()));
                facts.extend(association.subnet.iter().map(|subnet| ("association.subnet-id", subnet.clone())));
            }
            for route in &table.routes {
                facts.push(("route.destination-cidr-block", route.destination.clone()));
                facts.push(("route.gateway-id", route.target.clone()));
            }
            let body = self.route_table_body(&id)?;
            all.push(Shown { id, facts, body });
        }
        DESCRIBE.answer(self, params, all)
    }

    /// Answers `CreateRoute` and `ReplaceRoute`.
    pub(super) fn put_route(&mut self, params: &Params, replace: bool) -> Result<String, Refusal> {
        let destination = params.required("DestinationCidrBlock")?;
        let malformed = || {
            let message = format!("Value ({destination}) for parameter destinationCidrBlock is invalid.");
            Refusal::bad("InvalidParameterValue", message)
        };
        let destination = Block::parse(destination).ok_or_else(malformed)?.to_string();
        let target = params.required("GatewayId")?.to_owned();
        let attached =
            self.gateways.get(&target).ok_or_else(|| unknown(&target, "InvalidGatewayID.NotFound", "gateway ID"));
        let vpc = self.route_table(params.required("RouteTableId")?)?.vpc.clone();
        if attached?.as_ref() != Some(&vpc) {
            let message = format!("route table and network gateway {target} belong to different networks");
            return Err(Refusal::bad("InvalidParameterValue", message));
        }
        let table = self.route_table_mut(params.required("RouteTableId")?)?;
        let old = table.routes.iter().position(|route| route.destination == destination);
        if !replace && let Some(old) = old {
            let message = format!("The route identified by {} already exists.", table.routes[old].destination);
            return Err(Refusal::bad("RouteAlreadyExists", message));
        }
        let route = Route { destination: destination.clone(), target, origin: "CreateRoute".to_owned() };
        match (old, replace) {
            (Some(old), _) => table.routes[old] = route,
            (None, false) => table.routes.push(route),
            (None, true) => return Err(no_route(&destination)),
        }
        Ok(text("return", true))
    }

    /// Answers `DeleteRoute`.
    pub(super) fn delete_route(&mut self, params: &Params) -> Result<String, Refusal> {
        let destination = params.required("DestinationCidrBlock")?;
        let table = self.route_table_mut(params.required("RouteTableId")?)?;
        let place = table.routes.iter().position(|route| route.destination == destination);
        match place {
            Some(place) if table.routes[place].target == "local" => {
                let message = format!("cannot remove local route {destination} in route table");
                Err(Refusal::bad("InvalidParameterValue", message))
            }
            Some(place) => {
                table.routes.remove(place);
                Ok(text("return", true))
            }
            None => Err(no_route(destination)),
        }
    }

    /// Answers `AssociateRouteTable`; the same association once more is the old one.
    pub(super) fn associate_route_table(&mut self, params: &Params) -> Result<String, Refusal> {
        let (id, subnet) = (params.required("RouteTableId")?, params.required("SubnetId")?);
        if self.route_table(id)?.vpc != self.subnet(subnet)?.vpc {
            let message = format!("Route table {id} and subnet {subnet} belong to different networks");
            return Err(Refusal::bad("InvalidParameterValue", message));
        }
        let is_of_subnet = |association: &&Association| association.subnet.as_deref() == Some(subnet);
        for (table, other) in &self.route_tables {
            if let Some(association) = other.associations.iter().find(is_of_subnet) {
                if table == id {
                    return Ok(associated(&association.id));
                }
                let message =
                    format!("the specified association for route table {id} conflicts with an existing association");
                return Err(Refusal::bad("Resource.AlreadyAssociated", message));
            }
        }
        let association = Association { id: names::id("rtbassoc"), subnet: Some(subnet.to_owned()) };
        let answer = associated(&association.id);
        self.route_table_mut(id)?.associations.push(association);
        Ok(answer)
    }

    /// Answers `ReplaceRouteTableAssociation`.
    pub(super) fn replace_association(&mut self, params: &Params) -> Result<String, Refusal> {
        let id = params.required("RouteTableId")?;
        self.route_table(id)?;
        let mut association = self.take_association(params.required("AssociationId")?, true)?;
        association.id = names::id("rtbassoc");
        let answer = text("newAssociationId", &association.id) + &state();
        self.route_table_mut(id)?.associations.push(association);
        Ok(answer)
    }

    /// Answers `DisassociateRouteTable`.
    pub(super) fn disassociate_route_table(&mut self, params: &Params) -> Result<String, Refusal> {
        self.take_association(params.required("AssociationId")?, false)?;
        Ok(text("return", true))
    }

    fn take_association(&mut self, id: &str, main_too: bool) -> Result<Association, Refusal> {
        for table in self.route_tables.values_mut() {
            let Some(place) = table.associations.iter().position(|association| association.id == id) else { continue };
            if table.associations[place].subnet.is_none() && !main_too {
                let message = "cannot disassociate the main route table association";
                return Err(Refusal::bad("InvalidParameterValue", format!("{message} {id}")));
            }
            return Ok(table.associations.remove(place));
        }
        Err(unknown(id, "InvalidAssociationID.NotFound", "association ID"))
    }

    fn route_table_body(&self, id: &str) -> Result<String, Refusal> {
        let table = self.route_table(id)?;
        let routes = table.routes.iter().map(|route| {
            let name =
                if route.destination.starts_with("pl-") { "destinationPrefixListId" } else { "destinationCidrBlock" };
            let exists = route.target == "local"
                || self.endpoints.contains_key(&route.target)
                || self.gateways.get(&route.target).is_some_and(|vpc| vpc.as_ref() == Some(&table.vpc));
            text(name, &route.destination)
                + &text("gatewayId", &route.target)
                + &text("state", if exists { "active" } else { "blackhole" })
                + &text("origin", &route.origin)
        });
        let associations = table.associations.iter().map(|association| {
            text("routeTableAssociationId", &association.id)
                + &text("routeTableId", id)
                + &maybe("subnetId", association.subnet.as_ref())
                + &text("main", association.subnet.is_none())
                + &state()
        });
        Ok(text("routeTableId", id)
            + &text("vpcId", &table.vpc)
            + &text("ownerId", ACCOUNT)
            + &list("routeSet", "item", routes)
            + &list("associationSet", "item", associations)
            + &wrap("propagatingVgwSet", "")
            + &self.tag_set(id))
    }
}

fn associated(id: &str) -> String {
    text("associationId", id) + &state()
}

fn state() -> String {
    wrap("associationState", text("state", "associated"))
}

fn no_route(destination: &str) -> Refusal {
    let message = format!("no route with destination-cidr-block {destination} in route table");
    Refusal::bad("InvalidRoute.NotFound", message)
}
