//! `ModifyDBParameterGroup` and `ResetDBParameterGroup`: what changes at once in running servers, and what waits.

use super::parameter_groups::missing;
use super::parameters::{Apply, find};
use super::service::{Inner, Request};
use super::state::{ParameterGroup, Region};
use crate::localcloud::engine::mariadb;
use crate::localcloud::query::{Form, Refusal, Xml};

/// The most parameters of one request.
const MOST_CHANGES: usize = 20;

/// One change that was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    name: String,
    /// The new value; none for what the engine would take by itself.
    value: Option<String>,
    when: When,
}

/// When a change takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    AtOnce,
    AtReboot,
}

impl When {
    fn method(self) -> &'static str {
        match self {
            Self::AtOnce => "immediate",
            Self::AtReboot => "pending-reboot",
        }
    }
}

impl Inner {
    pub(super) async fn modify_parameter_group(&self, request: &Request) -> Result<String, Refusal> {
        let name = group_name(&request.form)?;
        let changes = changes(&request.form)?;
        self.carry_out_changes(request, &name, |_| changes).await
    }

    pub(super) async fn reset_parameter_group(&self, request: &Request) -> Result<String, Refusal> {
        let name = group_name(&request.form)?;
        let named = resets(&request.form)?;
        self.carry_out_changes(request, &name, |group| named.unwrap_or_else(|| reset_of_all(group))).await
    }

    /// Writes changes into a group and into the servers that use it.
    async fn carry_out_changes(
        &self,
        request: &Request,
        name: &str,
        changes: impl FnOnce(&ParameterGroup) -> Vec<Change>,
    ) -> Result<String, Refusal> {
        let (changes, users) = self.change(&request.region, |region| {
            let group = region.parameter_groups.get_mut(name).ok_or_else(|| missing(name))?;
            let changes = changes(group);
            for change in &changes {
                match &change.value {
                    Some(value) => {
                        let set = (value.clone(), change.when.method().to_owned());
                        group.parameters.insert(change.name.clone(), set);
                    }
                    None => drop(group.parameters.remove(&change.name)),
                }
            }
            let users = mark_users(region, name, changes.iter().any(|change| change.when == When::AtReboot));
            Ok::<_, Refusal>((changes, users))
        })?;
        let now: Vec<[Option<String>; 2]> = changes
            .iter()
            .filter(|change| change.when == When::AtOnce)
            .map(|Change { name, value, .. }| {
                let value = value.as_deref();
                [Some(mariadb::set_statement(name, value)), mariadb::set_statement_of_mariadb(name, value)]
            })
            .collect();
        for identifier in users {
            let key = Self::fleet_key(&request.region, &identifier);
            let Some((port, password)) = self.fleet.door(&key).await else { continue };
            for statements in &now {
                set_now(&identifier, port, &password, statements.iter().flatten()).await;
            }
        }
        Ok(Xml::default().text("DBParameterGroupName", name).finish())
    }
}

/// Sets a parameter in a running server with the first of the statements that the server takes. MariaDB has not every
/// parameter of MySQL, some it calls otherwise, and some of them it can only set when it starts.
async fn set_now(identifier: &str, port: u16, password: &str, statements: impl Iterator<Item = &String>) {
    for statement in statements {
        match mariadb::run(port, password, std::slice::from_ref(statement)).await {
            Ok(()) => return,
            Err(error) => tracing::debug!(identifier, statement, %error, "the server does not take the statement"),
        }
    }
    tracing::warn!(identifier, "a parameter takes effect at the next start of the server");
}

fn group_name(form: &Form) -> Result<String, Refusal> {
    let name = form.required("DBParameterGroupName")?.to_lowercase();
    if name.starts_with("default.") {
        let message = format!("The parameter group {name} is a default parameter group and cannot be modified.");
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    Ok(name)
}

/// Reads and checks the changes of `ModifyDBParameterGroup`.
fn changes(form: &Form) -> Result<Vec<Change>, Refusal> {
    let records = form.records("Parameters");
    check_count(records.len())?;
    let each = records.into_iter().map(|mut record| {
        let mut member = |name: &str| record.remove(name).unwrap_or_default();
        let (name, value, method) = (member("ParameterName"), member("ParameterValue"), member("ApplyMethod"));
        let when = when(&name, &method)?;
        if let Some(known) = find(&name).filter(|known| known.refuses(&value)) {
            let message = format!("Invalid parameter value: {value} for: {name} allowed values are: {}", known.allowed);
            return Err(Refusal::new("InvalidParameterValue", message));
        }
        Ok(Change { name, value: Some(value), when })
    });
    each.collect()
}

/// Reads and checks the changes of `ResetDBParameterGroup`; none if all parameters are to be reset.
fn resets(form: &Form) -> Result<Option<Vec<Change>>, Refusal> {
    let records = form.records("Parameters");
    match (form.flag("ResetAllParameters").unwrap_or(false), records.is_empty()) {
        (true, true) => return Ok(None),
        (true, false) => {
            let message = "ResetAllParameters and a list of parameters cannot be used together.";
            return Err(Refusal::new("InvalidParameterCombination", message));
        }
        (false, _) => check_count(records.len())?,
    }
    let each = records.into_iter().map(|mut record| {
        let name = record.remove("ParameterName").unwrap_or_default();
        let when = when(&name, &record.remove("ApplyMethod").unwrap_or_default())?;
        Ok(Change { name, value: None, when })
    });
    each.collect::<Result<_, _>>().map(Some)
}

/// Resets what was set: the dynamic parameters at once, the static ones at the next reboot.
fn reset_of_all(group: &ParameterGroup) -> Vec<Change> {
    let when = |name: &str| match find(name).map(|known| known.apply) {
        Some(Apply::Dynamic) => When::AtOnce,
        _ => When::AtReboot,
    };
    group.parameters.keys().map(|name| Change { name: name.clone(), value: None, when: when(name) }).collect()
}

fn check_count(count: usize) -> Result<(), Refusal> {
    if (1..=MOST_CHANGES).contains(&count) {
        return Ok(());
    }
    let message = "A maximum of 20 parameters can be modified in a single request, and at least one is needed.";
    Err(Refusal::new("InvalidParameterValue", message))
}

/// Reads when a change is to take effect, which is not free to choose for every parameter.
fn when(name: &str, method: &str) -> Result<When, Refusal> {
    let unknown = || Refusal::new("InvalidParameterValue", format!("Could not find parameter with name: {name}"));
    let known = find(name).ok_or_else(unknown)?;
    if !known.modifiable {
        return Err(Refusal::new("InvalidParameterValue", format!("The parameter {name} cannot be modified.")));
    }
    match (method, known.apply) {
        ("immediate", Apply::Dynamic) => Ok(When::AtOnce),
        ("pending-reboot", _) => Ok(When::AtReboot),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_static_parameter_cannot_change_at_once() {
        assert_eq!(when("local_infile", "immediate").unwrap(), When::AtOnce);
        assert_eq!(when("innodb_log_file_size", "pending-reboot").unwrap(), When::AtReboot);
        assert_eq!(when("innodb_log_file_size", "immediate").unwrap_err().code, "InvalidParameterCombination");
        assert_eq!(when("port", "pending-reboot").unwrap_err().code, "InvalidParameterValue");
    }

    #[test]
    fn a_reset_of_all_waits_only_for_what_is_static() {
        let set = |name: &str| (name.to_owned(), ("1".to_owned(), "pending-reboot".to_owned()));
        let parameters = [set("innodb_dedicated_server"), set("local_infile")].into_iter().collect();
        let group = ParameterGroup { parameters, ..ParameterGroup::default() };
        let moments: Vec<When> = reset_of_all(&group).iter().map(|change| change.when).collect();
        assert_eq!(moments, [When::AtReboot, When::AtOnce]);
    }
}
