//! Work groups: where results go, and under which rules.

use serde_json::{Value, json};

use super::executions::EXECUTION;
use super::refused::{invalid, required};
use super::service::{Answer, Athena};
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::mint;
use crate::localcloud::page::page;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::service::Tagged;

/// The kind of document that a work group is.
const WORK_GROUP: &str = "workgroup";

/// The kind of document that holds a work group's tags.
const TAGS: &str = "tags";

/// The work group that every account has.
pub(super) const PRIMARY: &str = "primary";

impl Athena {
    pub(super) fn create_work_group(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "Name")?;
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        if name.len() > 128 || !name.chars().all(fits) {
            return Err(invalid(format!("Invalid workgroup name: {name}")));
        }
        let mut configuration = default_configuration();
        merge(&mut configuration, &input["Configuration"]);
        check_configuration(&configuration)?;
        let group = json!({
            "Name": name, "State": "ENABLED", "Configuration": configuration,
            "Description": input["Description"].as_str().unwrap_or_default(), "CreationTime": mint::now_seconds(),
        });
        if name == PRIMARY || !self.documents.create(region, WORK_GROUP, name, group) {
            return Err(invalid("WorkGroup is already created"));
        }
        self.documents.put(region, TAGS, name, pairs_to_object(&input["Tags"]));
        Ok(json!({}))
    }

    pub(super) fn get_work_group(&self, region: &str, input: &Value) -> Answer {
        Ok(json!({ "WorkGroup": self.work_group(region, required(input, "WorkGroup")?)? }))
    }

    pub(super) fn update_work_group(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "WorkGroup")?;
        let mut group = self.work_group(region, name)?;
        for member in ["Description", "State"] {
            if !input[member].is_null() {
                group[member] = input[member].clone();
            }
        }
        update_configuration(&mut group["Configuration"], &input["ConfigurationUpdates"]);
        check_configuration(&group["Configuration"])?;
        self.documents.put(region, WORK_GROUP, name, group);
        Ok(json!({}))
    }

    pub(super) fn list_work_groups(&self, region: &str, input: &Value) -> Answer {
        let mut groups: Vec<Value> =
            self.documents.list(region, WORK_GROUP).into_iter().map(|(_, group)| group).collect();
        if !groups.iter().any(|group| group["Name"] == PRIMARY) {
            groups.push(primary());
        }
        let summaries = groups.iter().map(|group| {
            json!({
                "Name": group["Name"], "State": group["State"], "Description": group["Description"],
                "CreationTime": group["CreationTime"], "EngineVersion": group["Configuration"]["EngineVersion"],
            })
        });
        let (shown, next) = page(summaries.collect(), input["NextToken"].as_str(), input["MaxResults"].as_u64(), 50);
        Ok(json!({ "WorkGroups": shown, "NextToken": next }))
    }

    pub(super) fn delete_work_group(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "WorkGroup")?;
        if name == PRIMARY {
            return Err(invalid("primary WorkGroup could not be deleted"));
        }
        self.work_group(region, name)?;
        let mut inside = self.documents.list(region, EXECUTION);
        inside.retain(|(_, execution)| execution["WorkGroup"] == name);
        if !inside.is_empty() && input["RecursiveDeleteOption"] != json!(true) {
            return Err(invalid(format!("WorkGroup {name} is not empty")));
        }
        for (identifier, _) in inside {
            self.forget_execution(region, &identifier);
        }
        self.documents.remove(region, WORK_GROUP, name);
        self.documents.remove(region, TAGS, name);
        Ok(json!({}))
    }

    /// Returns a work group; `primary` needs no creating.
    pub(super) fn work_group(&self, region: &str, name: &str) -> Result<Value, Refusal> {
        let known = self.documents.get(region, WORK_GROUP, name);
        let known = known.or_else(|| (name == PRIMARY).then(primary));
        known.ok_or_else(|| invalid(format!("WorkGroup {name} is not found.")))
    }

    pub(super) fn tag_resource(&self, region: &str, input: &Value) -> Answer {
        let name = self.tagged(region, input)?;
        let added = pairs_to_object(&input["Tags"]);
        let mut tags = self.documents.get(region, TAGS, &name).unwrap_or_else(|| json!({}));
        merge(&mut tags, &added);
        self.documents.put(region, TAGS, &name, tags);
        Ok(json!({}))
    }

    pub(super) fn untag_resource(&self, region: &str, input: &Value) -> Answer {
        let name = self.tagged(region, input)?;
        let keys: Vec<&str> = input["TagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        self.documents.edit(region, TAGS, &name, |tags| {
            if let Some(tags) = tags.as_object_mut() {
                tags.retain(|key, _| !keys.contains(&key.as_str()));
            }
        });
        Ok(json!({}))
    }

    pub(super) fn list_tags(&self, region: &str, input: &Value) -> Answer {
        let name = self.tagged(region, input)?;
        let tags = self.documents.get(region, TAGS, &name).unwrap_or_else(|| json!({}));
        let pairs = tags.as_object().into_iter().flatten().map(|(key, value)| json!({ "Key": key, "Value": value }));
        let (shown, next) = page(pairs.collect(), input["NextToken"].as_str(), input["MaxResults"].as_u64(), 75);
        Ok(json!({ "Tags": shown, "NextToken": next }))
    }

    /// Returns every work group that was tagged, by its ARN.
    pub(super) fn every_tag(&self, region: &str) -> Vec<Tagged> {
        let arn = |name: &str| format!("arn:aws:athena:{region}:{ACCOUNT}:workgroup/{name}");
        let all = self.documents.list(region, TAGS).into_iter();
        all.map(|(name, tags)| Tagged::of_object(arn(&name), &tags)).collect()
    }

    fn tagged(&self, region: &str, input: &Value) -> Result<String, Refusal> {
        let arn = required(input, "ResourceARN")?;
        let prefix = format!("arn:aws:athena:{region}:{ACCOUNT}:workgroup/");
        let name = arn.strip_prefix(&prefix).filter(|name| self.work_group(region, name).is_ok());
        name.map(str::to_owned)
            .ok_or_else(|| Refusal::new("ResourceNotFoundException", format!("Resource {arn} is not found")))
    }
}

fn primary() -> Value {
    let mut configuration = default_configuration();
    configuration["EnforceWorkGroupConfiguration"] = json!(false);
    json!({
        "Name": PRIMARY, "State": "ENABLED", "Description": "", "Configuration": configuration, "CreationTime": 0.0,
    })
}

fn default_configuration() -> Value {
    json!({
        "ResultConfiguration": {},
        "EnforceWorkGroupConfiguration": true,
        "PublishCloudWatchMetricsEnabled": false,
        "RequesterPaysEnabled": false,
        "EngineVersion": {
            "SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3",
        },
    })
}

/// Sets the members that `given` has.
fn merge(target: &mut Value, given: &Value) {
    for (member, value) in given.as_object().into_iter().flatten() {
        if value.is_object() && target[member].is_object() {
            merge(&mut target[member], value);
        } else {
            target[member] = value.clone();
        }
    }
}

fn update_configuration(configuration: &mut Value, updates: &Value) {
    for (member, value) in updates.as_object().into_iter().flatten() {
        match member.strip_prefix("Remove") {
            Some(removed) if *value == json!(true) => remove(configuration, removed),
            Some(_) => {}
            None if member == "ResultConfigurationUpdates" => {
                update_configuration(&mut configuration["ResultConfiguration"], value);
            }
            None if value.is_object() && configuration[member].is_object() => {
                merge(&mut configuration[member], value);
            }
            None => configuration[member] = value.clone(),
        }
    }
}

fn remove(target: &mut Value, member: &str) {
    if let Some(members) = target.as_object_mut() {
        members.remove(member);
    }
}

fn check_configuration(configuration: &Value) -> Result<(), Refusal> {
    match configuration["ResultConfiguration"]["OutputLocation"].as_str() {
        Some(location) if !location.starts_with("s3://") => Err(invalid("outputLocation is not a valid S3 path.")),
        _ => Ok(()),
    }
}

fn pairs_to_object(pairs: &Value) -> Value {
    let mut tags = json!({});
    for pair in pairs.as_array().into_iter().flatten() {
        if let Some(key) = pair["Key"].as_str() {
            tags[key] = json!(pair["Value"].as_str().unwrap_or_default());
        }
    }
    tags
}
