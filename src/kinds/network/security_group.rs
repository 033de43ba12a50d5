//! The one security group: everything of the stack may talk to itself, and a few addresses may reach the databases.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, ResourceType};
use serde::Serialize;

use super::rule::{Rule, Unmanaged, Way, authorize, revoke};
use super::{interfaces, tags};
use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope};
use crate::model::{Address, Effect};
use crate::ownership::Tags;

const READ: &str = "ec2:DescribeSecurityGroups";
const OTHER_VPC: &str = "a security group cannot move to another VPC";
const FIXED: &str = "a security group cannot be renamed";

/// The word for a rule that is there.
const OPEN: &str = "open";

/// A security group. Listing takes one call for all, their rules included.
pub struct SecurityGroup;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// The VPC it lies in.
    pub vpc: Address,
    /// Its name in AWS.
    pub name: String,
    /// The ranges that may come in; `my-ip` stands for the caller's own address.
    pub access: Vec<String>,
    /// The ports that those ranges may reach.
    pub ports: Vec<u16>,
    /// What becomes of rules that are not declared.
    pub unmanaged_rules: Unmanaged,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    id: String,
    vpc_id: String,
    name: String,
    ingress: BTreeSet<Rule>,
    egress: BTreeSet<Rule>,
}

impl Spec {
    /// Returns the wanted rules into the group `id`.
    fn ingress(&self, known: &Known, id: &str) -> BTreeSet<Rule> {
        // Glue asks for a rule that opens all TCP ports inside the group.
        let itself = Rule::tcp(0, u16::MAX, id);
        let ranges = self.access.iter().filter_map(|access| match access.as_str() {
            "my-ip" => known.stack.my_ip.as_ref().map(|address| format!("{address}/32")),
            range => Some(range.to_owned()),
        });
        let outside = ranges.flat_map(|range| self.ports.iter().map(move |port| Rule::tcp(*port, *port, &range)));
        std::iter::once(itself).chain(outside.collect::<Vec<_>>()).collect()
    }

    /// Returns the wanted rules out of it: the one that every group has from the beginning.
    fn egress() -> BTreeSet<Rule> {
        BTreeSet::from([Rule::everything("0.0.0.0/0")])
    }

    /// Returns the observed rules that are compared with `wanted`.
    fn managed<'a>(&self, wanted: &BTreeSet<Rule>, seen: &'a BTreeSet<Rule>) -> Vec<&'a Rule> {
        seen.iter().filter(|rule| self.unmanaged_rules == Unmanaged::Remove || wanted.contains(rule)).collect()
    }

    fn compare(&self, diff: Diff, field: &str, way: Way, rules: (&BTreeSet<Rule>, &BTreeSet<Rule>)) -> Diff {
        let (wanted, seen) = rules;
        let missing = wanted.difference(seen).map(|rule| (rule, OPEN, ""));
        let added = self.managed(wanted, seen).into_iter().filter(|rule| !wanted.contains(rule));
        let changes = missing.chain(added.map(|rule| (rule, "", OPEN)));
        // Rule by rule: in two long lists nobody finds the one that differs.
        changes.fold(diff, |diff, (rule, want, seen)| diff.in_place(&format!("{field}.{}", rule.text(way)), want, seen))
    }
}

#[async_trait]
impl Kind for SecurityGroup {
    const NAME: &'static str = "security_group";
    const LIMIT: Duration = interfaces::LIMIT;
    const OUTPUTS: &'static [&'static str] = &["id"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::replace("vpc", READ, OTHER_VPC),
        Attribute::replace("name", READ, FIXED),
        Attribute::in_place("access", READ),
        Attribute::in_place("ports", READ),
        Attribute::in_place("ingress", READ),
        Attribute::in_place("egress", READ),
        Attribute::ignored("unmanaged_rules", "AWS knows nothing of it: it says whether rules of others are removed"),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, _want: &Spec) -> Option<String> {
        None
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        vec![want.vpc.clone()]
    }

    fn collides(&self, want: &Spec, seen: &Seen) -> bool {
        want.name == seen.name
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let vpc = known.get(&want.vpc, "id");
        let diff = Diff::new().maybe("vpc", vpc, &seen.vpc_id, Effect::Replace(OTHER_VPC)).field(
            "name",
            &want.name,
            &seen.name,
            Effect::Replace(FIXED),
        );
        let diff = want.compare(diff, "ingress", Way::In, (&want.ingress(known, &seen.id), &seen.ingress));
        want.compare(diff, "egress", Way::Out, (&Spec::egress(), &seen.egress))
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("id", seen.id.clone())])
    }

    fn permissions(&self, _want: &Spec, meta: &Meta) -> Vec<Permission> {
        let actions = [
            "ec2:CreateSecurityGroup",
            "ec2:DeleteSecurityGroup",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
            "ec2:RevokeSecurityGroupEgress",
        ];
        let mut all = tags::permissions(meta, "security-group", READ, &actions);
        all.push(Permission::new(tags::arn(meta, "vpc"), &["ec2:CreateSecurityGroup"]));
        all.extend(interfaces::permissions(meta));
        all
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut found = vec![];
        for filters in tags::of_scope(scope, "group-id", "sg-") {
            tags::join(&mut found, describe(cx, filters).await?);
        }
        Ok(found)
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let found = describe(cx, tags::of_one(one, "group-id")).await?;
        Ok(found.into_iter().find(|found| one.is(&found.name, &found.tags)))
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        // The group's own rule needs its id, so the rules follow in a second call.
        let call = cx.aws.ec2.create_security_group().vpc_id(cx.known.need(&want.vpc, "id")?).group_name(&want.name);
        let call = call
            .description(format!("{}: MySQL, Redshift, Lambda and Glue", cx.known.stack.name))
            .tag_specifications(tags::specification(ResourceType::SecurityGroup, tags));
        let made = call.send().await.named("ec2:CreateSecurityGroup").map_err(tags::not_yet)?;
        let id = made.group_id.unwrap_or_default();
        authorize(cx, &id, Way::In, &want.ingress(&cx.known, &id)).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        let ingress = want.ingress(&cx.known, &seen.id);
        for (way, wanted, seen_rules) in [(Way::In, ingress, &seen.ingress), (Way::Out, Spec::egress(), &seen.egress)] {
            // First open, then close, so that nobody who may come in is shut out for a moment.
            authorize(cx, &seen.id, way, &wanted.difference(seen_rules).cloned().collect()).await?;
            let managed: BTreeSet<Rule> = want.managed(&wanted, seen_rules).into_iter().cloned().collect();
            revoke(cx, &seen.id, way, &managed.difference(&wanted).cloned().collect()).await?;
        }
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        tags::write(cx, &seen.id, tags, gone).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let deleted = delete_group(cx, &seen.id).await;
        let Err(error) = &deleted else { return Ok(()) };
        if error.code != "DependencyViolation" {
            return interfaces::explain(cx, deleted, tags::filter("group-id", &seen.id)).await;
        }
        let strangers = revoke_references(cx, seen).await?;
        let again = delete_group(cx, &seen.id).await.map_err(|error| match strangers.is_empty() {
            true => error,
            false => AwsError { message: format!("rules of {} name it", strangers.join(", ")), ..error },
        });
        interfaces::explain(cx, again, tags::filter("group-id", &seen.id)).await
    }
}

async fn delete_group(cx: &Cx, id: &str) -> Result<(), AwsError> {
    cx.aws.ec2.delete_security_group().group_id(id).send().await.named("ec2:DeleteSecurityGroup").map(drop)
}

/// Closes the rules of our own groups that name the group, its own among them, and returns the other groups that do:
/// those are not ours to change.
async fn revoke_references(cx: &Cx, seen: &Seen) -> Result<Vec<String>, KindError> {
    let mut strangers = vec![];
    let call = cx.aws.ec2.describe_security_groups().filters(tags::filter("vpc-id", &seen.vpc_id));
    let mut pages = call.into_paginator().items().send();
    while let Some(group) = pages.next().await {
        let group = group.named(READ)?;
        let other = group.group_id.clone().unwrap_or_default();
        let is_ours = other == seen.id || tags::is_of(group.tags(), &cx.known.stack.name);
        for (way, permissions) in [(Way::In, &group.ip_permissions), (Way::Out, &group.ip_permissions_egress)] {
            let rules = Rule::all_of(permissions.as_ref(), group.owner_id.as_ref());
            let rules: BTreeSet<Rule> = rules.into_iter().filter(|rule| rule.names(&seen.id)).collect();
            if is_ours {
                revoke(cx, &other, way, &rules).await?;
            } else if !rules.is_empty() && !strangers.contains(&other) {
                strangers.push(other.clone());
            }
        }
    }
    Ok(strangers)
}

async fn describe(cx: &Cx, filters: Vec<Filter>) -> Result<Vec<Found<Seen>>, KindError> {
    let mut pages = cx.aws.ec2.describe_security_groups().set_filters(Some(filters)).into_paginator().items().send();
    let mut found = vec![];
    while let Some(group) = pages.next().await {
        let group = group.named(READ)?;
        let id = group.group_id.unwrap_or_default();
        let own = group.owner_id.as_ref();
        let seen = Seen {
            id: id.clone(),
            vpc_id: group.vpc_id.unwrap_or_default(),
            name: group.group_name.unwrap_or_default(),
            ingress: Rule::all_of(group.ip_permissions.as_ref(), own),
            egress: Rule::all_of(group.ip_permissions_egress.as_ref(), own),
        };
        found.push(Found { name: id, tags: tags::seen(group.tags), seen });
    }
    Ok(found)
}
