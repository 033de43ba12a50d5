//! Security group rules, one peer each, with ids and tags of their own.

use super::super::names;
use super::super::query::{Params, list, maybe, text, wrap};
use super::super::refusal::Refusal;
use super::filters::{Describe, Shown, asked};
use super::permissions::read;
use super::state::{Network, Peer, Rule, find};
use crate::localcloud::emulated::ACCOUNT;

static DESCRIBE: Describe = Describe { filters: &["group-id", "security-group-rule-id"], set: "securityGroupRuleSet" };

const UNKNOWN: &str = "InvalidSecurityGroupRuleId.NotFound";

impl Network {
    /// Answers `AuthorizeSecurityGroupIngress` and `...Egress`: all rules or none.
    pub(super) fn authorize(&mut self, params: &Params, egress: bool) -> Result<String, Refusal> {
        let group = params.required("GroupId")?;
        self.group(group)?;
        let mut ids = Vec::new();
        for rule in read(self, params, group, egress)? {
            if self.rules.values().any(|other| other.is_same(&rule)) {
                let message = format!("the specified rule \"{}\" already exists", describe(&rule));
                return Err(Refusal::bad("InvalidPermission.Duplicate", message));
            }
            let id = names::id("sgr");
            self.rules.insert(id.clone(), rule);
            self.tag_new(&id, params, "security-group-rule")?;
            ids.push(id);
        }
        let made = ids.iter().map(|id| self.rule_body(id)).collect::<Result<Vec<_>, _>>()?;
        Ok(text("return", true) + &list("securityGroupRuleSet", "item", made))
    }

    /// Answers `RevokeSecurityGroupIngress` and `...Egress`, by rule or by permission.
    pub(super) fn revoke(&mut self, params: &Params, egress: bool) -> Result<String, Refusal> {
        let group = params.required("GroupId")?;
        self.group(group)?;
        let mut ids = params.texts("SecurityGroupRuleId");
        let of_group = |rule: &&Rule| rule.group == group && rule.egress == egress;
        if let Some(odd) = ids.iter().find(|id| !self.rules.get(id).as_ref().is_some_and(of_group)) {
            return Err(super::state::unknown(odd, UNKNOWN, "security group rule ID"));
        }
        if ids.is_empty() {
            for wanted in read(self, params, group, egress)? {
                let Some((id, _)) = self.rules.iter().find(|(_, rule)| rule.is_same(&wanted)) else {
                    let message = "The specified rule does not exist in this security group.";
                    return Err(Refusal::bad("InvalidPermission.NotFound", message));
                };
                ids.push(id.clone());
            }
        }
        for id in ids {
            self.rules.remove(&id);
            self.tags.remove(&id);
        }
        Ok(text("return", true))
    }

    /// Answers `ModifySecurityGroupRules`.
    pub(super) fn modify_rules(&mut self, params: &Params) -> Result<String, Refusal> {
        let group = params.required("GroupId")?;
        self.group(group)?;
        for update in params.list("SecurityGroupRule") {
            let id = update.required("SecurityGroupRuleId")?;
            let old = find(&self.rules, id, UNKNOWN, "security group rule ID")?;
            let wanted = update.member("SecurityGroupRule").cloned().unwrap_or_default();
            let mut rule = old.clone();
            rule.protocol = wanted.text("IpProtocol").map_or(rule.protocol, str::to_owned);
            rule.from = wanted.number("FromPort").or(rule.from);
            rule.to = wanted.number("ToPort").or(rule.to);
            rule.description = wanted.text("Description").map(str::to_owned);
            let peer = wanted.text("CidrIpv4").map(|cidr| Peer::Ipv4(cidr.to_owned()));
            let peer = peer.or_else(|| wanted.text("CidrIpv6").map(|cidr| Peer::Ipv6(cidr.to_owned())));
            let peer = peer.or_else(|| wanted.text("ReferencedGroupId").map(|group| Peer::Group(group.to_owned())));
            rule.peer = peer.unwrap_or(rule.peer);
            if self.rules.iter().any(|(other, same)| other != id && same.is_same(&rule)) {
                let message = format!("the specified rule \"{}\" already exists", describe(&rule));
                return Err(Refusal::bad("InvalidPermission.Duplicate", message));
            }
            self.rules.insert(id.to_owned(), rule);
        }
        Ok(text("return", true))
    }

    /// Answers `DescribeSecurityGroupRules`.
    pub(super) fn describe_rules(&self, params: &Params) -> Result<String, Refusal> {
        let mut all = Vec::new();
        for id in asked(params, "SecurityGroupRuleId", &self.rules, UNKNOWN, "security group rule ID")? {
            let group = self.rules.get(&id).map(|rule| rule.group.clone()).unwrap_or_default();
            let facts = vec![("group-id", group), ("security-group-rule-id", id.clone())];
            let body = self.rule_body(&id)?;
            all.push(Shown { id, facts, body });
        }
        DESCRIBE.answer(self, params, all)
    }

    fn rule_body(&self, id: &str) -> Result<String, Refusal> {
        let rule = find(&self.rules, id, UNKNOWN, "security group rule ID")?;
        let peer = match &rule.peer {
            Peer::Ipv4(cidr) => text("cidrIpv4", cidr),
            Peer::Ipv6(cidr) => text("cidrIpv6", cidr),
            Peer::PrefixList(list) => text("prefixListId", list),
            Peer::Group(group) => wrap("referencedGroupInfo", text("groupId", group) + &text("userId", ACCOUNT)),
        };
        // Where there are no ports AWS says so with -1.
        Ok(text("securityGroupRuleId", id)
            + &text("groupId", &rule.group)
            + &text("groupOwnerId", ACCOUNT)
            + &text("isEgress", rule.egress)
            + &text("ipProtocol", &rule.protocol)
            + &text("fromPort", rule.from.unwrap_or(-1))
            + &text("toPort", rule.to.unwrap_or(-1))
            + &peer
            + &maybe("description", rule.description.as_ref())
            + &self.tag_set(id))
    }
}

fn describe(rule: &Rule) -> String {
    let peer = match &rule.peer {
        Peer::Ipv4(peer) | Peer::Ipv6(peer) | Peer::PrefixList(peer) | Peer::Group(peer) => peer,
    };
    let ports = match (rule.from, rule.to) {
        (Some(from), Some(to)) => format!("from port: {from}, to port: {to}, "),
        _ => String::new(),
    };
    format!("peer: {peer}, {}, {ports}ALLOW", rule.protocol.to_uppercase())
}
