//! DB subnet groups.

use std::collections::BTreeSet;

use super::answer::write_subnet_group;
use super::service::{Inner, Request};
use super::state::SubnetGroup;
use super::tags;
use crate::localcloud::query::{Refusal, Xml, page};
use crate::localcloud::subnets::{self, SubnetError, Subnets};

impl Inner {
    pub(super) async fn create_subnet_group(&self, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let name = form.required("DBSubnetGroupName")?.to_lowercase();
        let description = form.required("DBSubnetGroupDescription")?.to_owned();
        let tags = form.tags();
        tags::check(&tags)?;
        if name == "default" {
            return Err(Refusal::new("InvalidParameterValue", "The name default is reserved."));
        }
        let found = self.subnets_in_two_zones(request).await?;
        let group = SubnetGroup { name: name.clone(), description, vpc: found.vpc, subnets: found.zones, tags };
        self.change(&request.region, |region| {
            if region.subnet_groups.contains_key(&name) {
                let message = format!("The DB subnet group '{name}' already exists.");
                return Err(Refusal::new("DBSubnetGroupAlreadyExists", message));
            }
            let write = |xml: &mut Xml| write_subnet_group(xml, &request.region, &group);
            let answer = Xml::default().group("DBSubnetGroup", write).finish();
            region.subnet_groups.insert(name, group);
            Ok(answer)
        })
    }

    pub(super) async fn modify_subnet_group(&self, request: &Request) -> Result<String, Refusal> {
        let name = request.form.required("DBSubnetGroupName")?.to_lowercase();
        let found = self.subnets_in_two_zones(request).await?;
        self.change(&request.region, |region| {
            let group = region.subnet_groups.get_mut(&name).ok_or_else(|| missing(&name))?;
            if group.vpc != found.vpc {
                let message = "The new subnets are not in the same VPC as the existing subnet group";
                return Err(Refusal::new("InvalidParameterValue", message));
            }
            group.subnets = found.zones;
            if let Some(description) = request.form.text("DBSubnetGroupDescription") {
                description.clone_into(&mut group.description);
            }
            Ok(Xml::default().group("DBSubnetGroup", |xml| write_subnet_group(xml, &request.region, group)).finish())
        })
    }

    pub(super) fn describe_subnet_groups(&self, request: &Request) -> Result<String, Refusal> {
        let wanted = request.form.text("DBSubnetGroupName").map(str::to_lowercase);
        let groups: Vec<(String, SubnetGroup)> = self.read(&request.region, |region| {
            let all = region.subnet_groups.iter().map(|(name, group)| (name.clone(), group.clone()));
            all.filter(|(name, _)| wanted.as_ref().is_none_or(|wanted| wanted == name)).collect()
        });
        if let (Some(name), true) = (&wanted, groups.is_empty()) {
            return Err(missing(name));
        }
        let (groups, marker) = page(&request.form, groups)?;
        let write = |xml: &mut Xml, group: SubnetGroup| write_subnet_group(xml, &request.region, &group);
        Ok(Xml::default().list("DBSubnetGroups", "DBSubnetGroup", groups, write).maybe("Marker", marker).finish())
    }

    pub(super) fn delete_subnet_group(&self, request: &Request) -> Result<String, Refusal> {
        let name = request.form.required("DBSubnetGroupName")?.to_lowercase();
        self.change(&request.region, |region| {
            let user = region.instances.values().find(|instance| instance.subnet_group.as_ref() == Some(&name));
            if let Some(user) = user {
                let message = format!(
                    "Cannot delete the subnet group '{name}' because at least one database instance: {} is still \
                     using it.",
                    user.identifier
                );
                return Err(Refusal::new("InvalidDBSubnetGroupStateFault", message));
            }
            region.subnet_groups.remove(&name).map(|_| String::new()).ok_or_else(|| missing(&name))
        })
    }

    async fn subnets_in_two_zones(&self, request: &Request) -> Result<Subnets, Refusal> {
        let identifiers = request.form.list("SubnetIds").unwrap_or_default();
        let found = subnets::find(&self.context, &request.region, &identifiers).await.map_err(|error| match error {
            SubnetError::Unreachable(_) => Refusal::new("InternalFailure", error.to_string()),
            _ => Refusal::new("InvalidSubnet", error.to_string()),
        })?;
        if found.zones.values().collect::<BTreeSet<_>>().len() < 2 {
            let message = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ \
                           coverage: 1. Add subnets to cover at least 2 AZs.";
            return Err(Refusal::new("DBSubnetGroupDoesNotCoverEnoughAZs", message));
        }
        Ok(found)
    }
}

/// Says that there is no such group.
pub(super) fn missing(name: &str) -> Refusal {
    Refusal::not_found("DBSubnetGroupNotFoundFault", format!("DB subnet group '{name}' does not exist."))
}
