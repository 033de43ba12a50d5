//! Security groups.

use std::collections::BTreeMap;

use super::super::names;
use super::super::query::{Params, text, wrap};
use super::super::refusal::Refusal;
use super::filters::{Describe, Shown, asked};
use super::interfaces::Interface;
use super::permissions::permissions;
use super::state::{Group, Network, Peer, Rule};
use crate::localcloud::emulated::ACCOUNT;

static DESCRIBE: Describe = Describe {
    filters: &[
        "description",
        "group-id",
        "group-name",
        "ip-permission.cidr",
        "ip-permission.from-port",
        "ip-permission.group-id",
        "ip-permission.protocol",
        "ip-permission.to-port",
        "owner-id",
        "vpc-id",
    ],
    set: "securityGroupInfo",
};

impl Network {
    /// Answers `CreateSecurityGroup`: a new group lets everything out and nothing in.
    pub(super) fn create_group(&mut self, params: &Params, region: &str) -> Result<String, Refusal> {
        let (name, description) = (params.required("GroupName")?, params.required("GroupDescription")?);
        let vpc =
            params.text("VpcId").ok_or_else(|| Refusal::bad("VPCIdNotSpecified", "No default VPC for this user"))?;
        self.vpc(vpc)?;
        if name.starts_with("sg-") || name.eq_ignore_ascii_case("default") {
            let message =
                format!("Value ({name}) for parameter groupName is invalid. Cannot use reserved security group name");
            return Err(Refusal::bad("InvalidParameterValue", message));
        }
        let usual = |letter: char| letter.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(letter);
        if !description.chars().all(usual) || description.len() > 255 {
            let message = format!(
                "Value ({description}) for parameter GroupDescription is invalid. Character sets beyond ASCII are not \
                 supported."
            );
            return Err(Refusal::bad("InvalidParameterValue", message));
        }
        if self.groups.values().any(|group| group.vpc == vpc && group.name == name) {
            let message = format!("The security group '{name}' already exists for VPC '{vpc}'");
            return Err(Refusal::bad("InvalidGroup.Duplicate", message));
        }
        let id = names::id("sg");
        let group = Group { vpc: vpc.to_owned(), name: name.to_owned(), description: description.to_owned() };
        self.groups.insert(id.clone(), group);
        self.rules.insert(names::id("sgr"), Rule::any(&id, true, Peer::Ipv4("0.0.0.0/0".to_owned())));
        self.tag_new(&id, params, "security-group")?;
        let return_it = text("return", true) + &text("groupId", &id) + &self.tag_set(&id);
        Ok(return_it + &text("securityGroupArn", arn(region, &id)))
    }

    /// Answers `DeleteSecurityGroup`; rules of other groups and whatever is in the group keep it.
    pub(super) fn delete_group(&mut self, params: &Params, interfaces: &[Interface]) -> Result<String, Refusal> {
        let id = params.required("GroupId")?;
        if self.group(id)?.name == "default" {
            let message = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
            return Err(Refusal::bad("CannotDelete", message));
        }
        let referenced = |rule: &Rule| rule.group != id && rule.peer == Peer::Group(id.to_owned());
        if self.rules.values().any(referenced)
            || interfaces.iter().any(|interface| interface.groups.iter().any(|group| group == id))
        {
            return Err(Refusal::bad("DependencyViolation", format!("resource {id} has a dependent object")));
        }
        let rules: Vec<String> =
            self.rules.iter().filter(|(_, rule)| rule.group == id).map(|(rule, _)| rule.clone()).collect();
        for rule in rules {
            self.rules.remove(&rule);
            self.tags.remove(&rule);
        }
        self.groups.remove(id);
        self.tags.remove(id);
        Ok(text("return", true) + &text("groupId", id))
    }

    /// Answers `DescribeSecurityGroups`.
    pub(super) fn describe_groups(&self, params: &Params, region: &str) -> Result<String, Refusal> {
        let names = params.texts("GroupName");
        let mut by_group: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
        for rule in self.rules.values() {
            by_group.entry(&rule.group).or_default().push(rule);
        }
        let mut all = Vec::new();
        for id in asked(params, "GroupId", &self.groups, "InvalidGroup.NotFound", "security group")? {
            let group = self.group(&id)?;
            if !names.is_empty() && !names.contains(&group.name) {
                continue;
            }
            let mut facts = vec![
                ("description", group.description.clone()),
                ("group-id", id.clone()),
                ("group-name", group.name.clone()),
                ("owner-id", ACCOUNT.to_owned()),
                ("vpc-id", group.vpc.clone()),
            ];
            let rules = by_group.remove(id.as_str()).unwrap_or_default();
            for rule in rules.iter().filter(|rule| !rule.egress) {
                facts.push(("ip-permission.protocol", rule.protocol.clone()));
                facts.extend(rule.from.map(|port| ("ip-permission.from-port", port.to_string())));
                facts.extend(rule.to.map(|port| ("ip-permission.to-port", port.to_string())));
                match &rule.peer {
                    Peer::Ipv4(cidr) => facts.push(("ip-permission.cidr", cidr.clone())),
                    Peer::Group(group) => facts.push(("ip-permission.group-id", group.clone())),
                    Peer::Ipv6(_) | Peer::PrefixList(_) => {}
                }
            }
            let body = self.group_body(&id, region, &rules)?;
            all.push(Shown { id, facts, body });
        }
        DESCRIBE.answer(self, params, all)
    }

    fn group_body(&self, id: &str, region: &str, rules: &[&Rule]) -> Result<String, Refusal> {
        let group = self.group(id)?;
        let of = |egress: bool| {
            let rules: Vec<&Rule> = rules.iter().copied().filter(|rule| rule.egress == egress).collect();
            permissions(&rules)
        };
        Ok(text("ownerId", ACCOUNT)
            + &text("groupId", id)
            + &text("securityGroupArn", arn(region, id))
            + &text("groupName", &group.name)
            + &text("groupDescription", &group.description)
            + &text("vpcId", &group.vpc)
            + &wrap("ipPermissions", of(false))
            + &wrap("ipPermissionsEgress", of(true))
            + &self.tag_set(id))
    }
}

fn arn(region: &str, id: &str) -> String {
    format!("arn:aws:ec2:{region}:{ACCOUNT}:security-group/{id}")
}
