//! Tags of databases, connections, crawlers and jobs.

use serde_json::{Value, json};

use super::refused::{absent, invalid, required, texts};
use super::service::{Answer, Glue};
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::service::Tagged;

/// The kind of document that holds the tags of one thing.
const TAGS: &str = "tags";

/// The kinds that take tags, which are also the words of their ARNs.
const TAGGABLE: [&str; 4] = ["connection", "crawler", "database", "job"];

fn key(kind: &str, name: &str) -> String {
    format!("{kind}/{name}")
}

impl Glue {
    pub(super) fn tag_resource(&self, region: &str, input: &Value) -> Answer {
        let (kind, name) = self.tagged(region, input)?;
        let Some(added) = input["TagsToAdd"].as_object() else { return Err(invalid("TagsToAdd must not be null")) };
        let mut tags = self.tags_of(region, &kind, &name);
        for (tag, value) in added {
            tags[tag] = value.clone();
        }
        self.put_tags(region, &kind, &name, &tags);
        Ok(json!({}))
    }

    pub(super) fn untag_resource(&self, region: &str, input: &Value) -> Answer {
        let (kind, name) = self.tagged(region, input)?;
        let removed = texts(&input["TagsToRemove"]);
        let mut tags = self.tags_of(region, &kind, &name);
        if let Some(tags) = tags.as_object_mut() {
            tags.retain(|tag, _| !removed.contains(tag));
        }
        self.put_tags(region, &kind, &name, &tags);
        Ok(json!({}))
    }

    pub(super) fn get_tags(&self, region: &str, input: &Value) -> Answer {
        let (kind, name) = self.tagged(region, input)?;
        Ok(json!({ "Tags": self.tags_of(region, &kind, &name) }))
    }

    /// Returns everything that was tagged, by its ARN.
    pub(super) fn every_tag(&self, region: &str) -> Vec<Tagged> {
        let all = self.documents.list(region, TAGS).into_iter();
        all.map(|(key, tags)| Tagged::of_object(format!("arn:aws:glue:{region}:{ACCOUNT}:{key}"), &tags)).collect()
    }

    /// Returns the tags of a thing as an object.
    pub(super) fn tags_of(&self, region: &str, kind: &str, name: &str) -> Value {
        self.documents.get(region, TAGS, &key(kind, name)).unwrap_or_else(|| json!({}))
    }

    /// Sets the tags of a thing; an absent object sets nothing.
    pub(super) fn put_tags(&self, region: &str, kind: &str, name: &str, tags: &Value) {
        if tags.is_object() {
            self.documents.put(region, TAGS, &key(kind, name), tags.clone());
        }
    }

    /// Forgets the tags of a thing that is gone.
    pub(super) fn drop_tags(&self, region: &str, kind: &str, name: &str) {
        self.documents.remove(region, TAGS, &key(kind, name));
    }

    /// Returns whether a thing has all the tags of a filter; no filter fits all.
    pub(super) fn fits_tags(&self, region: &str, kind: &str, name: &str, filter: &Value) -> bool {
        let tags = self.tags_of(region, kind, name);
        filter.as_object().into_iter().flatten().all(|(tag, value)| &tags[tag] == value)
    }

    /// Reads an ARN and makes sure that what it names exists.
    fn tagged(&self, region: &str, input: &Value) -> Result<(String, String), Refusal> {
        let arn = required(input, "ResourceArn")?;
        let place = arn.strip_prefix(&format!("arn:aws:glue:{region}:{ACCOUNT}:"));
        let (kind, name) = place
            .and_then(|place| place.split_once('/'))
            .filter(|(kind, _)| TAGGABLE.contains(kind))
            .ok_or_else(|| invalid(format!("Invalid ARN: {arn}")))?;
        if self.documents.get(region, kind, name).is_none() {
            return Err(absent(format!("{kind} {name} not found")));
        }
        Ok((kind.to_owned(), name.to_owned()))
    }
}
