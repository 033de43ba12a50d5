//! The one security group: everything of the stack may talk to itself, and a few addresses may reach the databases.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{IpPermission, IpRange, ResourceType, UserIdGroupPair};
use serde::Serialize;

use super::tags;
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{Cx, Diff, Found, Kind, KindError, Known, Outputs, Scope};
use crate::model::{Address, Effect};
use crate::ownership::Tags;

/// A security group.
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
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    id: String,
    vpc_id: String,
    name: String,
    rules: BTreeSet<Rule>,
}

/// One ingress rule, as far as this kind makes them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Rule {
    protocol: String,
    ports: Option<(i32, i32)>,
    /// A range, a group id or a prefix list.
    source: String,
}

impl Rule {
    fn text(&self) -> String {
        let ports = self
            .ports
            .map_or("all".to_owned(), |(from, to)| if from == to { from.to_string() } else { format!("{from}-{to}") });
        format!("{}:{ports} from {}", self.protocol, self.source)
    }

    fn permission(&self) -> IpPermission {
        let mut permission = IpPermission::builder().ip_protocol(&self.protocol);
        if let Some((from, to)) = self.ports {
            permission = permission.from_port(from).to_port(to);
        }
        if self.source.starts_with("sg-") {
            permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(&self.source).build()).build()
        } else {
            permission.ip_ranges(IpRange::builder().cidr_ip(&self.source).build()).build()
        }
    }
}

impl Spec {
    /// Returns the wanted rules of the group `id`.
    fn rules(&self, known: &Known, id: &str) -> BTreeSet<Rule> {
        // Glue asks for a rule that opens all TCP ports inside the group.
        let itself = Rule { protocol: "tcp".into(), ports: Some((0, 65535)), source: id.to_owned() };
        let ranges = self.access.iter().filter_map(|access| match access.as_str() {
            "my-ip" => known.stack.my_ip.as_ref().map(|address| format!("{address}/32")),
            range => Some(range.to_owned()),
        });
        let outside = ranges.flat_map(|source| {
            self.ports.iter().map(move |port| Rule {
                protocol: "tcp".into(),
                ports: Some((i32::from(*port), i32::from(*port))),
                source: source.clone(),
            })
        });
        std::iter::once(itself).chain(outside).collect()
    }
}

#[async_trait]
impl Kind for SecurityGroup {
    const NAME: &'static str = "security_group";
    const LIMIT: Duration = Duration::from_secs(1200);
    const OUTPUTS: &'static [&'static str] = &["id"];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, _want: &Spec) -> Option<String> {
        None
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        vec![want.vpc.clone()]
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let text = |rules: &BTreeSet<Rule>| rules.iter().map(Rule::text).collect::<Vec<_>>();
        let vpc = known.get(&want.vpc, "id");
        Diff::new()
            .maybe("vpc", vpc, &seen.vpc_id, Effect::Replace("a security group cannot move to another VPC"))
            .field("name", &want.name, &seen.name, Effect::Replace("a security group cannot be renamed"))
            .unordered("ingress", &text(&want.rules(known, &seen.id)), &text(&seen.rules))
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("id", seen.id.clone())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let call = cx.aws.ec2.describe_security_groups().filters(tags::of_stack(&scope.stack));
        let mut pages = call.into_paginator().items().send();
        let mut found = vec![];
        while let Some(group) = pages.next().await {
            let group = group.named("ec2:DescribeSecurityGroups")?;
            let id = group.group_id.unwrap_or_default();
            let seen = Seen {
                id: id.clone(),
                vpc_id: group.vpc_id.unwrap_or_default(),
                name: group.group_name.unwrap_or_default(),
                rules: group.ip_permissions.unwrap_or_default().iter().flat_map(rules_of).collect(),
            };
            found.push(Found { name: id, tags: tags::seen(group.tags), seen });
        }
        Ok(found)
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        // The group's own rule needs its id, so the rules follow in a second call.
        let call = cx.aws.ec2.create_security_group().vpc_id(cx.known.need(&want.vpc, "id")?).group_name(&want.name);
        let call = call
            .description(format!("{}: MySQL, Redshift, Lambda and Glue", cx.known.stack.name))
            .tag_specifications(tags::specification(ResourceType::SecurityGroup, tags));
        let made = call.send().await.named("ec2:CreateSecurityGroup")?;
        let id = made.group_id.unwrap_or_default();
        authorize(cx, &id, &want.rules(&cx.known, &id)).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        let wanted = want.rules(&cx.known, &seen.id);
        // First open, then close, so that nobody who may come in is shut out for a moment.
        authorize(cx, &seen.id, &wanted.difference(&seen.rules).cloned().collect()).await?;
        revoke(cx, &seen.id, &seen.rules.difference(&wanted).cloned().collect()).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        Ok(tags::write(cx, &seen.id, tags).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let own: BTreeSet<Rule> = seen.rules.iter().filter(|rule| rule.source == seen.id).cloned().collect();
        revoke(cx, &seen.id, &own).await?;
        cx.aws.ec2.delete_security_group().group_id(&seen.id).send().await.named("ec2:DeleteSecurityGroup")?;
        Ok(())
    }
}

fn rules_of(permission: &IpPermission) -> Vec<Rule> {
    let ranges = permission.ip_ranges().iter().filter_map(|range| range.cidr_ip.clone());
    let ranges6 = permission.ipv6_ranges().iter().filter_map(|range| range.cidr_ipv6.clone());
    let groups = permission.user_id_group_pairs().iter().filter_map(|pair| pair.group_id.clone());
    let protocol = permission.ip_protocol.clone().unwrap_or_default();
    let ports = permission.from_port.zip(permission.to_port);
    let rule = |source| Rule { protocol: protocol.clone(), ports, source };
    ranges.chain(ranges6).chain(groups).map(rule).collect()
}

async fn authorize(cx: &Cx, id: &str, rules: &BTreeSet<Rule>) -> Result<(), KindError> {
    for rule in rules {
        let call = cx.aws.ec2.authorize_security_group_ingress().group_id(id).ip_permissions(rule.permission());
        match call.send().await.named("ec2:AuthorizeSecurityGroupIngress") {
            Err(error) if error.trouble != Trouble::Exists => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

async fn revoke(cx: &Cx, id: &str, rules: &BTreeSet<Rule>) -> Result<(), KindError> {
    for rule in rules {
        let call = cx.aws.ec2.revoke_security_group_ingress().group_id(id).ip_permissions(rule.permission());
        match call.send().await.named("ec2:RevokeSecurityGroupIngress") {
            Err(error) if !error.is_not_found() => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}
