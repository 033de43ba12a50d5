//! The tags of budgets.

use serde_json::{Map, Value, json};

use super::check::{self, invalid, required};
use super::service::{Answer, BUDGET, Budgets, EVERYWHERE};
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::refusal::Refusal;

impl Budgets {
    pub(super) fn tag_resource(&self, input: &Value) -> Answer {
        let added = check::tags(&input["ResourceTags"])?;
        self.edit_tags(input, |tags| tags.extend(added))
    }

    pub(super) fn untag_resource(&self, input: &Value) -> Answer {
        let gone = input["ResourceTagKeys"].clone();
        self.edit_tags(input, |tags| {
            tags.retain(|key, _| !gone.as_array().is_some_and(|keys| keys.contains(&json!(key))))
        })
    }

    pub(super) fn list_tags(&self, input: &Value) -> Answer {
        let arn = required(input, "ResourceARN")?;
        let document = self.documents.get(EVERYWHERE, BUDGET, name(arn)?).ok_or_else(|| missing(arn))?;
        let tags = document["Tags"].as_object().into_iter().flatten();
        let list: Vec<Value> = tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        Ok(json!({ "ResourceTags": list }))
    }

    fn edit_tags(&self, input: &Value, change: impl FnOnce(&mut Map<String, Value>)) -> Answer {
        let arn = required(input, "ResourceARN")?;
        let edited = self.documents.edit(EVERYWHERE, BUDGET, name(arn)?, |document| {
            if let Some(tags) = document["Tags"].as_object_mut() {
                change(tags);
            }
        });
        edited.map(|()| json!({})).ok_or_else(|| missing(arn))
    }
}

/// Returns the name of the budget that an ARN stands for.
fn name(arn: &str) -> Result<&str, Refusal> {
    let name = arn.strip_prefix(&format!("arn:aws:budgets::{ACCOUNT}:budget/"));
    name.ok_or_else(|| invalid(format!("{arn} is no ARN of a budget of this account")))
}

fn missing(arn: &str) -> Refusal {
    Refusal::new("NotFoundException", format!("The resource {arn} doesn't exist."))
}
