//! Tags.

use std::collections::BTreeMap;

use super::super::query::{Params, list, text};
use super::super::refusal::Refusal;
use super::filters::{Describe, Shown};
use super::state::{Network, unknown};
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::service::Tagged;

static DESCRIBE: Describe = Describe { filters: &["key", "value", "resource-id", "resource-type"], set: "tagSet" };

/// What an id is by its beginning: the resource type, the code and the noun of its absence.
static KINDS: &[(&str, &str, &str, &str)] = &[
    ("vpc-", "vpc", "InvalidVpcID.NotFound", "vpc ID"),
    ("subnet-", "subnet", "InvalidSubnetID.NotFound", "subnet ID"),
    ("igw-", "internet-gateway", "InvalidInternetGatewayID.NotFound", "internetGateway ID"),
    ("rtb-", "route-table", "InvalidRouteTableID.NotFound", "routeTable ID"),
    ("vpce-", "vpc-endpoint", "InvalidVpcEndpointId.NotFound", "Vpc Endpoint Id"),
    ("eni-", "network-interface", "InvalidNetworkInterfaceID.NotFound", "networkInterface ID"),
    ("sg-", "security-group", "InvalidGroup.NotFound", "security group"),
    ("sgr-", "security-group-rule", "InvalidSecurityGroupRuleId.NotFound", "security group rule ID"),
];

impl Network {
    /// Puts the tags of a create call on what it made.
    pub(super) fn tag_new(&mut self, id: &str, params: &Params, kind: &str) -> Result<(), Refusal> {
        let mut tags = BTreeMap::new();
        for specification in params.list("TagSpecification") {
            let named = specification.text("ResourceType").unwrap_or_default();
            if named != kind {
                let message = format!("'{named}' is not a valid taggable resource type for this operation.");
                return Err(Refusal::bad("InvalidParameterValue", message));
            }
            tags.extend(read(specification, "Tag")?);
        }
        if !tags.is_empty() {
            self.tags.insert(id.to_owned(), tags);
        }
        Ok(())
    }

    /// Writes the tags of something.
    pub(super) fn tag_set(&self, id: &str) -> String {
        let tags = self.tags.get(id).into_iter().flatten();
        list("tagSet", "item", tags.map(|(key, value)| text("key", key) + &text("value", value)))
    }

    /// Returns everything with tags, by its ARN.
    pub(super) fn tagged(&self, region: &str) -> Vec<Tagged> {
        let each = |(id, tags): (&String, &BTreeMap<String, String>)| {
            let (_, kind, ..) = KINDS.iter().find(|(prefix, ..)| id.starts_with(prefix))?;
            Some(Tagged { arn: format!("arn:aws:ec2:{region}:{ACCOUNT}:{kind}/{id}"), tags: tags.clone() })
        };
        self.tags.iter().filter_map(each).collect()
    }

    /// Answers `CreateTags`.
    pub(super) fn create_tags(&mut self, params: &Params) -> Result<String, Refusal> {
        let tags = read(params, "Tag")?;
        for id in params.texts("ResourceId") {
            self.check_exists(&id)?;
            self.tags.get_or_default(&id).extend(tags.clone());
        }
        Ok(text("return", true))
    }

    /// Answers `DeleteTags`: all of them if none is named; one with a value only if it has that value.
    pub(super) fn delete_tags(&mut self, params: &Params) -> Result<String, Refusal> {
        let named: Vec<&Params> = params.list("Tag");
        for id in params.texts("ResourceId") {
            self.check_exists(&id)?;
            let Some(tags) = self.tags.get_mut(&id) else { continue };
            tags.retain(|key, value| {
                let hit = |tag: &&Params| {
                    tag.text("Key") == Some(key) && tag.text("Value").is_none_or(|wanted| wanted == value)
                };
                !named.is_empty() && !named.iter().any(hit)
            });
        }
        Ok(text("return", true))
    }

    /// Answers `DescribeTags`.
    pub(super) fn describe_tags(&self, params: &Params) -> Result<String, Refusal> {
        let mut all = Vec::new();
        for (id, tags) in &self.tags {
            let kind = KINDS.iter().find(|(prefix, ..)| id.starts_with(prefix)).map_or("", |(_, kind, ..)| kind);
            for (key, value) in tags {
                all.push(Shown {
                    id: id.clone(),
                    facts: vec![
                        ("key", key.clone()),
                        ("value", value.clone()),
                        ("resource-id", id.clone()),
                        ("resource-type", kind.to_owned()),
                    ],
                    body: text("resourceId", id)
                        + &text("resourceType", kind)
                        + &text("key", key)
                        + &text("value", value),
                });
            }
        }
        DESCRIBE.answer(self, params, all)
    }

    fn check_exists(&self, id: &str) -> Result<(), Refusal> {
        let Some((prefix, _, code, noun)) = KINDS.iter().find(|(prefix, ..)| id.starts_with(prefix)) else {
            return Err(Refusal::bad("InvalidID", format!("The ID '{id}' is not valid")));
        };
        let exists = match *prefix {
            "vpc-" => self.vpcs.contains_key(id),
            "subnet-" => self.subnets.contains_key(id),
            "igw-" => self.gateways.contains_key(id),
            "rtb-" => self.route_tables.contains_key(id),
            "vpce-" => self.endpoints.contains_key(id),
            "eni-" => self.interfaces.contains_key(id),
            "sg-" => self.groups.contains_key(id),
            _ => self.rules.contains_key(id),
        };
        if exists { Ok(()) } else { Err(unknown(id, code, noun)) }
    }
}

fn read(params: &Params, name: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in params.list(name) {
        let key = tag.text("Key").unwrap_or_default();
        if key.is_empty() || key.starts_with("aws:") || key.chars().count() > 127 {
            let message =
                format!("Tag key '{key}' is not valid: it must not be empty, longer than 127 or begin with aws:");
            return Err(Refusal::bad("InvalidParameterValue", message));
        }
        tags.insert(key.to_owned(), tag.text("Value").unwrap_or_default().to_owned());
    }
    Ok(tags)
}
