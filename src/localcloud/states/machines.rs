//! State machines and their tags.

use serde_json::{Value, json};

use super::asl;
use super::executions::EXECUTION;
use super::refused::{check_name, invalid_arn, invalid_definition, no_machine, required};
use super::service::{Answer, States};
use super::tasks;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::mint;
use crate::localcloud::page::page;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::role;
use crate::localcloud::service::Tagged;

/// The kind of document that a machine is.
pub(super) const MACHINE: &str = "machine";

/// The most machines or executions of one page.
pub(super) const PAGE: usize = 1000;

/// Who must be trusted by the roles of machines.
const PRINCIPAL: &str = "states.amazonaws.com";

impl States {
    pub(super) async fn create_machine(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "name")?;
        check_name(name)?;
        if input["type"].as_str().is_some_and(|kind| kind != "STANDARD") {
            return Err(Refusal::new("NotImplemented", "the local cloud only has standard state machines").status(501));
        }
        let (definition, role) = (required(input, "definition")?, required(input, "roleArn")?);
        check_definition(definition)?;
        self.check_role(region, role).await?;
        let arn = machine_arn(region, name);
        let now = mint::now_seconds();
        let tags: Value = pairs(&input["tags"]).collect();
        let machine = json!({
            "stateMachineArn": arn, "name": name, "status": "ACTIVE", "type": "STANDARD", "definition": definition,
            "roleArn": role, "creationDate": now, "revisionId": mint::uuid(), "tags": tags,
            "loggingConfiguration": { "level": "OFF", "includeExecutionData": false },
            "tracingConfiguration": { "enabled": false },
        });
        if self.documents.create(region, MACHINE, name, machine) {
            return Ok(json!({ "stateMachineArn": arn, "creationDate": now }));
        }
        // The same request again is no mistake.
        let known = self.machine(region, &arn)?;
        if known["status"] == "DELETING" {
            return Err(Refusal::new("StateMachineDeleting", format!("State Machine is being deleted: '{arn}'")));
        }
        if known["definition"] == definition && known["roleArn"] == role {
            return Ok(json!({ "stateMachineArn": arn, "creationDate": known["creationDate"] }));
        }
        Err(Refusal::new("StateMachineAlreadyExists", format!("State Machine Already Exists: '{arn}'")))
    }

    pub(super) fn describe_machine(&self, region: &str, input: &Value) -> Answer {
        let mut machine = self.machine(region, required(input, "stateMachineArn")?)?;
        if let Some(members) = machine.as_object_mut() {
            members.remove("tags");
        }
        Ok(machine)
    }

    pub(super) async fn update_machine(&self, region: &str, input: &Value) -> Answer {
        let arn = required(input, "stateMachineArn")?;
        let name = self.machine_name(region, arn)?;
        if let Some(definition) = input["definition"].as_str() {
            check_definition(definition)?;
        }
        if let Some(role) = input["roleArn"].as_str() {
            self.check_role(region, role).await?;
        }
        if input["definition"].is_null() && input["roleArn"].is_null() {
            return Err(Refusal::new("MissingRequiredParameter", "Either the definition, or the role ARN is needed"));
        }
        let (now, revision) = (mint::now_seconds(), mint::uuid());
        self.documents.edit(region, MACHINE, &name, |machine| {
            for member in ["definition", "roleArn"] {
                if !input[member].is_null() {
                    machine[member] = input[member].clone();
                }
            }
            machine["revisionId"] = json!(revision);
        });
        Ok(json!({ "updateDate": now, "revisionId": revision }))
    }

    /// Deletes a machine; one that still runs stays until its executions have ended.
    pub(super) fn delete_machine(&self, region: &str, input: &Value) -> Answer {
        let arn = required(input, "stateMachineArn")?;
        let Some(name) = name_of(region, arn) else { return Err(invalid_arn(arn)) };
        self.documents.edit(region, MACHINE, &name, |machine| machine["status"] = json!("DELETING"));
        self.remove_idle(region, &name);
        Ok(json!({}))
    }

    /// Removes a machine that is to be deleted, with its executions, once none of them runs.
    pub(super) fn remove_idle(&self, region: &str, name: &str) {
        let Some(machine) = self.documents.get(region, MACHINE, name) else { return };
        if machine["status"] != "DELETING" {
            return;
        }
        let mut executions = self.documents.list(region, EXECUTION);
        executions.retain(|(_, execution)| execution["stateMachineArn"] == machine["stateMachineArn"]);
        if executions.iter().any(|(_, execution)| execution["status"] == "RUNNING") {
            return;
        }
        for (key, _) in executions {
            self.forget_execution(region, &key);
        }
        self.documents.remove(region, MACHINE, name);
    }

    pub(super) fn list_machines(&self, region: &str, input: &Value) -> Answer {
        let machines = self.documents.list(region, MACHINE).into_iter().map(|(_, machine)| {
            json!({
                "stateMachineArn": machine["stateMachineArn"], "name": machine["name"], "type": machine["type"],
                "creationDate": machine["creationDate"],
            })
        });
        let (shown, next) = page(machines.collect(), input["nextToken"].as_str(), input["maxResults"].as_u64(), PAGE);
        Ok(json!({ "stateMachines": shown, "nextToken": next }))
    }

    pub(super) fn tag_resource(&self, region: &str, input: &Value) -> Answer {
        let name = self.tagged_machine(region, input)?;
        self.documents.edit(region, MACHINE, &name, |machine| {
            for (key, value) in pairs(&input["tags"]) {
                machine["tags"][key] = value;
            }
        });
        Ok(json!({}))
    }

    pub(super) fn untag_resource(&self, region: &str, input: &Value) -> Answer {
        let name = self.tagged_machine(region, input)?;
        let gone: Vec<&str> = input["tagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        self.documents.edit(region, MACHINE, &name, |machine| {
            if let Some(tags) = machine["tags"].as_object_mut() {
                tags.retain(|key, _| !gone.contains(&key.as_str()));
            }
        });
        Ok(json!({}))
    }

    pub(super) fn list_tags(&self, region: &str, input: &Value) -> Answer {
        let name = self.tagged_machine(region, input)?;
        let machine = self.documents.get(region, MACHINE, &name).unwrap_or_default();
        let tags = machine["tags"].as_object().into_iter().flatten();
        let tags: Vec<Value> = tags.map(|(key, value)| json!({ "key": key, "value": value })).collect();
        Ok(json!({ "tags": tags }))
    }

    /// Returns every machine with tags, as the tagging API shows them.
    pub(super) fn every_tag(&self, region: &str) -> Vec<Tagged> {
        let machines = self.documents.list(region, MACHINE).into_iter();
        machines.map(|(name, machine)| Tagged::of_object(machine_arn(region, &name), &machine["tags"])).collect()
    }

    pub(super) fn machine(&self, region: &str, arn: &str) -> Result<Value, Refusal> {
        let name = name_of(region, arn).ok_or_else(|| invalid_arn(arn))?;
        self.documents.get(region, MACHINE, &name).ok_or_else(|| no_machine(arn))
    }

    fn machine_name(&self, region: &str, arn: &str) -> Result<String, Refusal> {
        let machine = self.machine(region, arn)?;
        if machine["status"] == "DELETING" {
            return Err(Refusal::new("StateMachineDeleting", format!("State Machine is being deleted: '{arn}'")));
        }
        Ok(machine["name"].as_str().unwrap_or_default().to_owned())
    }

    fn tagged_machine(&self, region: &str, input: &Value) -> Result<String, Refusal> {
        let arn = required(input, "resourceArn")?;
        let name = name_of(region, arn).filter(|name| self.documents.get(region, MACHINE, name).is_some());
        name.ok_or_else(|| Refusal::new("ResourceNotFound", format!("Resource not found: '{arn}'")))
    }

    async fn check_role(&self, region: &str, role: &str) -> Result<(), Refusal> {
        if role::check(role, PRINCIPAL, &self.context.endpoint, region).await.is_ok() {
            return Ok(());
        }
        let message = "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to \
                       assume the provided role.";
        Err(Refusal::new("AccessDeniedException", message))
    }
}

fn machine_arn(region: &str, name: &str) -> String {
    format!("arn:aws:states:{region}:{ACCOUNT}:stateMachine:{name}")
}

fn name_of(region: &str, arn: &str) -> Option<String> {
    arn.strip_prefix(&machine_arn(region, "")).map(str::to_owned)
}

fn check_definition(definition: &str) -> Result<(), Refusal> {
    let machine: Value = serde_json::from_str(definition).map_err(|error| {
        Refusal::new(
            "InvalidDefinition",
            format!("Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: {error}'"),
        )
    })?;
    asl::check(&machine, &tasks::knows).map_err(|reason| invalid_definition(&reason))
}

fn pairs(tags: &Value) -> impl Iterator<Item = (String, Value)> {
    let tags = tags.as_array().into_iter().flatten();
    tags.filter_map(|tag| Some((tag["key"].as_str()?.to_owned(), tag["value"].clone())))
}
