//! Tags of anything that has an ARN.

use super::service::{Inner, Request};
use super::state::{Region, arn};
use crate::localcloud::query::{Refusal, Tags, Xml, page};

/// The longest list of tags of one resource.
const MOST_TAGS: usize = 50;

impl Inner {
    pub(super) fn create_tags(&self, request: &Request) -> Result<String, Refusal> {
        let tags = request.form.tags();
        check(&tags)?;
        let arn = request.form.required("ResourceName")?;
        self.change(&request.region, |region| {
            let held = region.tags(arn)?;
            held.extend(tags);
            if held.len() > MOST_TAGS {
                return Err(Refusal::new("TagLimitExceededFault", "You have exceeded the number of tags allowed."));
            }
            Ok(String::new())
        })
    }

    pub(super) fn delete_tags(&self, request: &Request) -> Result<String, Refusal> {
        let keys = request.form.list("TagKeys").unwrap_or_default();
        let arn = request.form.required("ResourceName")?;
        let remove = |held: &mut Tags| held.retain(|key, _| !keys.contains(key));
        self.change(&request.region, |region| region.tags(arn).map(remove))?;
        Ok(String::new())
    }

    pub(super) fn describe_tags(&self, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        let (resource, kind) = (form.text("ResourceName"), form.text("ResourceType"));
        let (keys, values) = (form.list("TagKeys").unwrap_or_default(), form.list("TagValues").unwrap_or_default());
        let every = self.read(&request.region, |region| tagged(&request.region, region));
        let kept = every.into_iter().filter(|(name, found, key, value)| {
            resource.is_none_or(|wanted| wanted == name)
                && kind.is_none_or(|wanted| wanted == *found)
                && (keys.is_empty() || keys.contains(key))
                && (values.is_empty() || values.contains(value))
        });
        let items = kept.map(|item| (format!("{}/{}", item.0, item.2), item)).collect();
        let (items, marker) = page(form, items)?;
        let write = |xml: &mut Xml, (name, kind, key, value): (String, &str, String, String)| {
            xml.group("Tag", |tag| {
                tag.text("Key", key).text("Value", value);
            })
            .text("ResourceName", name)
            .text("ResourceType", kind);
        };
        let mut xml = Xml::default();
        Ok(xml.list("TaggedResources", "TaggedResource", items, write).maybe("Marker", marker).finish())
    }
}

/// Refuses keys that AWS keeps for itself, and letters that Redshift does not take.
pub(super) fn check(tags: &Tags) -> Result<(), Refusal> {
    let allowed = |letter: char| letter.is_alphanumeric() || " _.:/=+-@".contains(letter);
    let bad = tags
        .iter()
        .find(|(key, value)| key.to_lowercase().starts_with("aws:") || !key.chars().chain(value.chars()).all(allowed));
    match bad {
        Some((key, _)) => Err(Refusal::new("InvalidTagFault", format!("The tag {key} is invalid."))),
        None => Ok(()),
    }
}

/// Returns everything that takes tags: the ARN, the kind and the tags.
pub(super) fn every<'a>(name: &str, region: &'a Region) -> Vec<(String, &'static str, &'a Tags)> {
    let clusters = region.clusters.iter().map(|(key, cluster)| ("cluster", key.clone(), &cluster.tags));
    let groups = region.subnet_groups.iter().map(|(key, group)| ("subnetgroup", key.clone(), &group.tags));
    let snapshots = region
        .snapshots
        .iter()
        .map(|(key, snapshot)| ("snapshot", format!("{}/{key}", snapshot.cluster.identifier), &snapshot.tags));
    let all = clusters.chain(groups).chain(snapshots);
    all.map(|(kind, key, tags)| (arn(name, kind, &key), kind, tags)).collect()
}

/// Returns every tag: the ARN, the kind, key and value.
fn tagged(name: &str, region: &Region) -> Vec<(String, &'static str, String, String)> {
    let each = |(arn, kind, tags): (String, &'static str, &Tags)| {
        let tag = |(key, value): (&String, &String)| (arn.clone(), kind, key.clone(), value.clone());
        tags.iter().map(tag).collect::<Vec<_>>()
    };
    let mut found: Vec<_> = every(name, region).into_iter().flat_map(each).collect();
    found.sort();
    found
}
