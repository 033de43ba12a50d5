//! Groups of schedules, and their tags.

use http::Method;
use serde_json::{Value, json};

use super::refused::{absent, check_name, exists, invalid};
use super::schedules::SCHEDULE;
use super::service::{Answer, Request, Scheduler};
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::mint;
use crate::localcloud::page::page;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::service::Tagged;

/// The kind of document that a group is.
const GROUP: &str = "group";

/// The group that every account has.
pub(super) const DEFAULT: &str = "default";

/// The most groups or schedules of one page.
pub(super) const PAGE: usize = 100;

impl Scheduler {
    pub(super) fn create_group(&self, request: &Request<'_>, name: &str) -> Answer {
        check_name(name)?;
        let now = mint::now_seconds();
        let arn = group_arn(request.region, name);
        let group = json!({
            "Name": name, "Arn": arn, "State": "ACTIVE", "CreationDate": now, "LastModificationDate": now,
            "Tags": tags_of(&request.body["Tags"]),
        });
        if name == DEFAULT || !self.documents.create(request.region, GROUP, name, group) {
            return Err(exists("Schedule group", name));
        }
        Ok(json!({ "ScheduleGroupArn": arn }))
    }

    pub(super) fn get_group(&self, request: &Request<'_>, name: &str) -> Answer {
        self.group(request.region, name).map(without_tags)
    }

    pub(super) fn list_groups(&self, request: &Request<'_>) -> Answer {
        let mut groups: Vec<Value> =
            self.documents.list(request.region, GROUP).into_iter().map(|(_, group)| without_tags(group)).collect();
        groups.push(default_group(request.region));
        groups.retain(|group| starts_with(&group["Name"], request.query("NamePrefix").as_deref()));
        groups.sort_by(|one, other| one["Name"].as_str().cmp(&other["Name"].as_str()));
        let (shown, next) = page(groups, request.query("NextToken").as_deref(), request.most(), PAGE);
        Ok(json!({ "ScheduleGroups": shown, "NextToken": next }))
    }

    /// Deletes a group with everything in it.
    pub(super) fn delete_group(&self, request: &Request<'_>, name: &str) -> Answer {
        if name == DEFAULT {
            return Err(invalid("The default schedule group cannot be deleted."));
        }
        self.group(request.region, name)?;
        let inside = format!("{name}/");
        for schedule in self.documents.names(request.region, SCHEDULE) {
            if schedule.starts_with(&inside) {
                self.documents.remove(request.region, SCHEDULE, &schedule);
            }
        }
        self.documents.remove(request.region, GROUP, name);
        self.changed.notify_one();
        Ok(json!({}))
    }

    /// Answers the three operations for tags, which only groups carry.
    pub(super) fn tags(&self, request: &Request<'_>, method: &Method, arn: &str) -> Answer {
        let prefix = group_arn(request.region, "");
        let Some(name) = arn.strip_prefix(&prefix) else {
            return Err(invalid(format!("{arn} is not the ARN of a schedule group")));
        };
        let group = self.group(request.region, name)?;
        if *method == Method::GET {
            let pairs = group["Tags"].as_object().into_iter().flatten();
            let pairs: Vec<Value> = pairs.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            return Ok(json!({ "Tags": pairs }));
        }
        let (added, gone) = (tags_of(&request.body["Tags"]), request.query_all("TagKeys"));
        self.documents.edit(request.region, GROUP, name, |group| {
            let Some(tags) = group["Tags"].as_object_mut() else { return };
            tags.retain(|key, _| !gone.contains(key));
            tags.extend(added.as_object().cloned().unwrap_or_default());
        });
        Ok(json!({}))
    }

    /// Returns every group with tags, as the tagging API shows them.
    pub(super) fn every_tag(&self, region: &str) -> Vec<Tagged> {
        let groups = self.documents.list(region, GROUP).into_iter();
        groups.map(|(name, group)| Tagged::of_object(group_arn(region, &name), &group["Tags"])).collect()
    }

    pub(super) fn group(&self, region: &str, name: &str) -> Result<Value, Refusal> {
        let known = self.documents.get(region, GROUP, name);
        let known = known.or_else(|| (name == DEFAULT).then(|| default_group(region)));
        known.ok_or_else(|| absent("Schedule group", name))
    }
}

/// Returns whether a name begins as the request asks; without a prefix every name does.
pub(super) fn starts_with(name: &Value, prefix: Option<&str>) -> bool {
    prefix.is_none_or(|prefix| name.as_str().is_some_and(|name| name.starts_with(prefix)))
}

fn group_arn(region: &str, name: &str) -> String {
    format!("arn:aws:scheduler:{region}:{ACCOUNT}:schedule-group/{name}")
}

fn default_group(region: &str) -> Value {
    json!({
        "Name": DEFAULT, "Arn": group_arn(region, DEFAULT), "State": "ACTIVE", "CreationDate": 0.0,
        "LastModificationDate": 0.0,
    })
}

fn without_tags(mut group: Value) -> Value {
    if let Some(members) = group.as_object_mut() {
        members.remove("Tags");
    }
    group
}

fn tags_of(pairs: &Value) -> Value {
    let pairs = pairs.as_array().into_iter().flatten();
    pairs.filter_map(|pair| Some((pair["Key"].as_str()?.to_owned(), pair["Value"].clone()))).collect()
}
