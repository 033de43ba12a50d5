//! Cluster subnet groups.

use super::answer::write_subnet_group;
use super::service::{Inner, Request};
use super::state::SubnetGroup;
use super::tags;
use crate::localcloud::query::{Refusal, Xml, page};
use crate::localcloud::subnets::{self, SubnetError, Subnets};

impl Inner {
    pub(super) async fn create_subnet_group(&self, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let name = form.required("ClusterSubnetGroupName")?.to_lowercase();
        let description = form.required("Description")?.to_owned();
        let tags = form.tags();
        tags::check(&tags)?;
        let found = self.subnets(request).await?;
        let group = SubnetGroup { name: name.clone(), description, vpc: found.vpc, subnets: found.zones, tags };
        self.change(&request.region, |region| {
            if region.subnet_groups.contains_key(&name) {
                let message = format!("Subnet group {name} already exists.");
                return Err(Refusal::new("ClusterSubnetGroupAlreadyExists", message));
            }
            let answer = Xml::default().group("ClusterSubnetGroup", |xml| write_subnet_group(xml, &group)).finish();
            region.subnet_groups.insert(name, group);
            Ok(answer)
        })
    }

    pub(super) async fn modify_subnet_group(&self, request: &Request) -> Result<String, Refusal> {
        let name = request.form.required("ClusterSubnetGroupName")?.to_lowercase();
        let found = self.subnets(request).await?;
        self.change(&request.region, |region| {
            let group = region.subnet_groups.get_mut(&name).ok_or_else(|| missing(&name))?;
            if group.vpc != found.vpc {
                return Err(Refusal::new("InvalidSubnet", "The subnets are not in the VPC of the subnet group."));
            }
            group.subnets = found.zones;
            if let Some(description) = request.form.text("Description") {
                description.clone_into(&mut group.description);
            }
            Ok(Xml::default().group("ClusterSubnetGroup", |xml| write_subnet_group(xml, group)).finish())
        })
    }

    pub(super) fn describe_subnet_groups(&self, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let wanted = form.text("ClusterSubnetGroupName").map(str::to_lowercase);
        let groups: Vec<(String, SubnetGroup)> = self.read(&request.region, |region| {
            let all = region.subnet_groups.iter().map(|(name, group)| (name.clone(), group.clone()));
            all.filter(|(name, group)| {
                wanted.as_ref().is_none_or(|wanted| wanted == name) && super::describe::has_tags(form, &group.tags)
            })
            .collect()
        });
        if let (Some(name), true) = (&wanted, groups.is_empty()) {
            return Err(missing(name));
        }
        let (groups, marker) = page(form, groups)?;
        let write = |xml: &mut Xml, group: SubnetGroup| write_subnet_group(xml, &group);
        let mut xml = Xml::default();
        Ok(xml.list("ClusterSubnetGroups", "ClusterSubnetGroup", groups, write).maybe("Marker", marker).finish())
    }

    pub(super) fn delete_subnet_group(&self, request: &Request) -> Result<String, Refusal> {
        let name = request.form.required("ClusterSubnetGroupName")?.to_lowercase();
        self.change(&request.region, |region| {
            if region.clusters.values().any(|cluster| cluster.subnet_group.as_ref() == Some(&name)) {
                let message = format!("Subnet group {name} is in use by one or more clusters.");
                return Err(Refusal::new("InvalidClusterSubnetGroupStateFault", message));
            }
            region.subnet_groups.remove(&name).map(|_| String::new()).ok_or_else(|| missing(&name))
        })
    }

    async fn subnets(&self, request: &Request) -> Result<Subnets, Refusal> {
        let identifiers = request.form.list("SubnetIds").unwrap_or_default();
        subnets::find(&self.context, &request.region, &identifiers).await.map_err(|error| match error {
            SubnetError::Unreachable(_) => Refusal::new("InternalFailure", error.to_string()),
            _ => Refusal::new("InvalidSubnet", error.to_string()),
        })
    }
}

/// Says that there is no such group.
pub(super) fn missing(name: &str) -> Refusal {
    Refusal { status: 400, code: "ClusterSubnetGroupNotFoundFault", message: format!("Subnet group {name} not found.") }
}
