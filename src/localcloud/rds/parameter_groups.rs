//! DB parameter groups.

use super::parameters::PARAMETERS;
use super::service::{Inner, Request};
use super::state::{ParameterGroup, Region, arn};
use super::tags;
use crate::localcloud::query::{Refusal, Xml, page};

/// The families that can be made.
const FAMILIES: &[&str] = &["mysql8.0", "mysql8.4"];

impl Inner {
    pub(super) fn create_parameter_group(&self, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let name = form.required("DBParameterGroupName")?.to_lowercase();
        let family = form.required("DBParameterGroupFamily")?.to_owned();
        check_family(&family)?;
        let tags = form.tags();
        tags::check(&tags)?;
        let description = form.required("Description")?.to_owned();
        let group = ParameterGroup { name: name.clone(), family, description, tags, ..ParameterGroup::default() };
        self.change(&request.region, |region| {
            if region.parameter_groups.contains_key(&name) || name.starts_with("default.") {
                let message = format!("Parameter group {name} already exists");
                return Err(Refusal::new("DBParameterGroupAlreadyExists", message));
            }
            let xml = Xml::default().group("DBParameterGroup", |xml| write(xml, &request.region, &group)).finish();
            region.parameter_groups.insert(name, group);
            Ok(xml)
        })
    }

    pub(super) fn describe_parameter_groups(&self, request: &Request) -> Result<String, Refusal> {
        let wanted = request.form.text("DBParameterGroupName");
        let mut groups: Vec<(String, ParameterGroup)> = self.read(&request.region, |region| {
            let all = region.parameter_groups.values().cloned().chain(FAMILIES.iter().map(|family| default(family)));
            all.map(|group| (group.name.clone(), group))
                .filter(|(name, _)| wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(name)))
                .collect()
        });
        groups.sort_by(|left, right| left.0.cmp(&right.0));
        if let (Some(name), true) = (wanted, groups.is_empty()) {
            return Err(missing(name));
        }
        let (groups, marker) = page(&request.form, groups)?;
        let write = |xml: &mut Xml, group: ParameterGroup| write(xml, &request.region, &group);
        Ok(Xml::default().list("DBParameterGroups", "DBParameterGroup", groups, write).maybe("Marker", marker).finish())
    }

    pub(super) fn delete_parameter_group(&self, request: &Request) -> Result<String, Refusal> {
        let name = request.form.required("DBParameterGroupName")?.to_lowercase();
        if name.starts_with("default.") {
            let message = "The default parameter group cannot be deleted.";
            return Err(Refusal::new("InvalidParameterValue", message));
        }
        self.change(&request.region, |region| {
            if region.instances.values().any(|instance| instance.settings.parameter_group == name) {
                let message = "One or more database instances are still members of this parameter group, so the \
                               group cannot be deleted";
                return Err(Refusal::new("InvalidDBParameterGroupState", message));
            }
            region.parameter_groups.remove(&name).map(|_| String::new()).ok_or_else(|| missing(&name))
        })
    }

    pub(super) fn describe_parameters(&self, request: &Request) -> Result<String, Refusal> {
        let name = request.form.required("DBParameterGroupName")?.to_lowercase();
        let group = self.read(&request.region, |region| find_group(region, &name)).ok_or_else(|| missing(&name))?;
        let source = request.form.text("Source");
        let kept = PARAMETERS.iter().filter(|parameter| match source {
            Some("user") => group.parameters.contains_key(parameter.name),
            Some("system") => parameter.default.is_some() && !group.parameters.contains_key(parameter.name),
            Some("engine-default") => parameter.default.is_none() && !group.parameters.contains_key(parameter.name),
            _ => true,
        });
        let items = kept.map(|parameter| (parameter.name.to_owned(), parameter)).collect();
        let (items, marker) = page(&request.form, items)?;
        Ok(Xml::default()
            .list("Parameters", "Parameter", items, |xml, item| item.write(xml, group.parameters.get(item.name)))
            .maybe("Marker", marker)
            .finish())
    }

    pub(super) fn describe_default_parameters(&self, request: &Request) -> Result<String, Refusal> {
        let family = request.form.required("DBParameterGroupFamily")?;
        check_family(family)?;
        let items = PARAMETERS.iter().map(|parameter| (parameter.name.to_owned(), parameter)).collect();
        let (items, marker) = page(&request.form, items)?;
        Ok(Xml::default()
            .group("EngineDefaults", |xml| {
                xml.text("DBParameterGroupFamily", family)
                    .list("Parameters", "Parameter", items, |xml, item| item.write(xml, None))
                    .maybe("Marker", marker);
            })
            .finish())
    }
}

fn check_family(family: &str) -> Result<(), Refusal> {
    if FAMILIES.contains(&family) {
        return Ok(());
    }
    let message = format!("ParameterGroupFamily {family} is not a valid parameter group family");
    Err(Refusal::new("InvalidParameterValue", message))
}

/// Finds a group, one of the defaults included.
pub(super) fn find_group(region: &Region, name: &str) -> Option<ParameterGroup> {
    let default = || FAMILIES.iter().map(|family| default(family)).find(|group| group.name == name);
    region.parameter_groups.get(name).cloned().or_else(default)
}

/// Says that there is no such group.
pub(super) fn missing(name: &str) -> Refusal {
    Refusal::not_found("DBParameterGroupNotFound", format!("DBParameterGroup not found: {name}"))
}

fn default(family: &str) -> ParameterGroup {
    ParameterGroup {
        name: format!("default.{family}"),
        family: family.to_owned(),
        description: format!("Default parameter group for {family}"),
        ..ParameterGroup::default()
    }
}

fn write(xml: &mut Xml, region: &str, group: &ParameterGroup) {
    xml.text("DBParameterGroupName", &group.name)
        .text("DBParameterGroupFamily", &group.family)
        .text("Description", &group.description)
        .text("DBParameterGroupArn", arn(region, "pg", &group.name));
}
