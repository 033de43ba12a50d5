//! DB parameter groups.

use super::parameters::{Apply, PARAMETERS, find};
use super::service::{Inner, Request};
use super::state::{ParameterGroup, Region, arn};
use super::tags;
use crate::localcloud::engine::mariadb;
use crate::localcloud::query::{Form, Refusal, Xml, page};

/// The families that can be made.
const FAMILIES: &[&str] = &["mysql8.0", "mysql8.4"];

/// One change that was asked for: name, value and when.
type Change = (String, String, String);

impl Inner {
    pub(super) fn create_parameter_group(&self, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let name = form.required("DBParameterGroupName")?.to_lowercase();
        let family = form.required("DBParameterGroupFamily")?.to_owned();
        if !FAMILIES.contains(&family.as_str()) {
            let message = format!("ParameterGroupFamily {family} is not a valid parameter group family");
            return Err(Refusal::new("InvalidParameterValue", message));
        }
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

    pub(super) async fn modify_parameter_group(&self, request: &Request) -> Result<String, Refusal> {
        let name = request.form.required("DBParameterGroupName")?.to_lowercase();
        let changes = changes(&request.form)?;
        let users = self.change(&request.region, |region| {
            let group = region.parameter_groups.get_mut(&name).ok_or_else(|| missing(&name))?;
            for (parameter, value, method) in &changes {
                group.parameters.insert(parameter.clone(), (value.clone(), method.clone()));
            }
            Ok(mark_users(region, &name, changes.iter().any(|change| change.2 == "pending-reboot")))
        })?;
        let now: Vec<String> = changes.iter().filter(|change| change.2 == "immediate").map(set_statement).collect();
        for identifier in users {
            let key = Self::fleet_key(&request.region, &identifier);
            let Some((port, password)) = self.fleet.door(&key).await else { continue };
            for statement in &now {
                // MariaDB has not every parameter of MySQL, and some of them it can only set when it starts.
                if let Err(error) = mariadb::run(port, &password, std::slice::from_ref(statement)).await {
                    tracing::warn!(identifier, statement, %error, "the parameter takes effect at the next start");
                }
            }
        }
        Ok(Xml::default().text("DBParameterGroupName", &name).finish())
    }

    pub(super) fn reset_parameter_group(&self, request: &Request) -> Result<String, Refusal> {
        let name = request.form.required("DBParameterGroupName")?.to_lowercase();
        let every = request.form.flag("ResetAllParameters").unwrap_or(false);
        let mut names: Vec<String> = request
            .form
            .records("Parameters")
            .into_iter()
            .filter_map(|mut record| record.remove("ParameterName"))
            .collect();
        self.change(&request.region, |region| {
            let group = region.parameter_groups.get_mut(&name).ok_or_else(|| missing(&name))?;
            if every {
                names = group.parameters.keys().cloned().collect();
            }
            for parameter in &names {
                group.parameters.remove(parameter);
            }
            mark_users(region, &name, true);
            Ok(Xml::default().text("DBParameterGroupName", &name).finish())
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

/// Reads and checks the changes of a request.
fn changes(form: &Form) -> Result<Vec<Change>, Refusal> {
    let records = form.records("Parameters");
    if records.len() > 20 || records.is_empty() {
        let message = "A maximum of 20 parameters can be modified in a single request, and at least one is needed.";
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    records.into_iter().map(|mut record| change(|member| record.remove(member).unwrap_or_default())).collect()
}

fn change(mut member: impl FnMut(&str) -> String) -> Result<Change, Refusal> {
    let (name, value, method) = (member("ParameterName"), member("ParameterValue"), member("ApplyMethod"));
    let known = find(&name)
        .ok_or_else(|| Refusal::new("InvalidParameterValue", format!("Could not find parameter with name: {name}")))?;
    if known.refuses(&value) {
        let message = format!("Invalid parameter value: {value} for: {name} allowed values are: {}", known.allowed);
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    match (method.as_str(), known.apply) {
        ("immediate", Apply::Dynamic) | ("pending-reboot", _) => Ok((name, value, method)),
        ("immediate", Apply::Static) => {
            let message = format!("cannot use immediate apply method for static parameter ({name})");
            Err(Refusal::new("InvalidParameterCombination", message))
        }
        _ => Err(Refusal::new("InvalidParameterValue", format!("Invalid apply method `{method}` for {name}"))),
    }
}

/// Returns the instances that use the group, marked if they must restart to be in sync.
fn mark_users(region: &mut Region, group: &str, needs_restart: bool) -> Vec<String> {
    let users = region.instances.values_mut().filter(|instance| instance.settings.parameter_group == group);
    users
        .map(|instance| {
            instance.parameters_in_sync &= !needs_restart;
            instance.identifier.clone()
        })
        .collect()
}

fn set_statement(change: &Change) -> String {
    let (name, value, _) = change;
    match value.parse::<f64>() {
        Ok(_) => format!("SET GLOBAL {name} = {value}"),
        Err(_) => format!("SET GLOBAL {name} = '{}'", value.replace('\\', "\\\\").replace('\'', "''")),
    }
}

fn write(xml: &mut Xml, region: &str, group: &ParameterGroup) {
    xml.text("DBParameterGroupName", &group.name)
        .text("DBParameterGroupFamily", &group.family)
        .text("Description", &group.description)
        .text("DBParameterGroupArn", arn(region, "pg", &group.name));
}
