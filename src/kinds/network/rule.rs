//! One rule of a security group, and how rules are opened and closed.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};
use serde::{Deserialize, Serialize};

use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{Cx, KindError};

/// All protocols, as EC2 writes it.
const ALL: &str = "-1";

/// What becomes of rules that the stack file does not declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unmanaged {
    /// They are removed.
    #[default]
    Remove,
    /// They stay.
    Keep,
}

/// Which way packets go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Into the group.
    In,
    /// Out of it.
    Out,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rule {
    protocol: String,
    ports: Option<(i32, i32)>,
    /// A range, a group id or a prefix list.
    peer: String,
    /// The account of a group that belongs to another one.
    owner: Option<String>,
}

impl Rule {
    /// Opens TCP ports to a range or a group.
    pub(super) fn tcp(from: u16, to: u16, peer: impl Into<String>) -> Self {
        let ports = Some((i32::from(from), i32::from(to)));
        Self { protocol: "tcp".into(), ports, peer: peer.into(), owner: None }
    }

    /// Opens everything to a range.
    pub(super) fn everything(peer: &str) -> Self {
        Self { protocol: ALL.into(), ports: None, peer: peer.to_owned(), owner: None }
    }

    /// Reads the rules of a group of the account `own`.
    pub(super) fn all_of(permissions: Option<&Vec<IpPermission>>, own: Option<&String>) -> BTreeSet<Self> {
        permissions.into_iter().flatten().flat_map(|permission| rules_of(permission, own)).collect()
    }

    /// Returns the words for people: `tcp:22 from 0.0.0.0/0`.
    pub(super) fn text(&self, way: Way) -> String {
        let ports = match self.ports {
            None => String::new(),
            Some((from, to)) if from == to => format!(":{from}"),
            Some((from, to)) => format!(":{from}-{to}"),
        };
        let protocol = if self.protocol == ALL { "all" } else { &self.protocol };
        let word = if way == Way::In { "from" } else { "to" };
        format!("{protocol}{ports} {word} {}", self.peer)
    }

    /// Returns whether the other end is the group `id`.
    pub(super) fn names(&self, id: &str) -> bool {
        self.peer == id
    }

    fn permission(&self) -> IpPermission {
        let mut permission = IpPermission::builder().ip_protocol(&self.protocol);
        if let Some((from, to)) = self.ports {
            permission = permission.from_port(from).to_port(to);
        }
        let peer = self.peer.as_str();
        if peer.starts_with("sg-") {
            let pair = UserIdGroupPair::builder().group_id(peer).set_user_id(self.owner.clone());
            permission.user_id_group_pairs(pair.build()).build()
        } else if peer.starts_with("pl-") {
            permission.prefix_list_ids(PrefixListId::builder().prefix_list_id(peer).build()).build()
        } else if peer.contains(':') {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(peer).build()).build()
        } else {
            permission.ip_ranges(IpRange::builder().cidr_ip(peer).build()).build()
        }
    }
}

fn rules_of(permission: &IpPermission, own: Option<&String>) -> Vec<Rule> {
    let protocol = permission.ip_protocol.clone().unwrap_or_default();
    // Where all protocols are meant, EC2 leaves the ports out, and some of its imitations say -1.
    let ports = permission.from_port.zip(permission.to_port).filter(|_| protocol != ALL);
    let ranges = permission.ip_ranges().iter().filter_map(|range| range.cidr_ip.clone());
    let ranges6 = permission.ipv6_ranges().iter().filter_map(|range| range.cidr_ipv6.clone());
    let lists = permission.prefix_list_ids().iter().filter_map(|list| list.prefix_list_id.clone());
    let plain = ranges.chain(ranges6).chain(lists).map(|peer| (peer, None));
    let groups = permission.user_id_group_pairs().iter().filter_map(|pair| {
        let owner = pair.user_id.clone().filter(|owner| Some(owner) != own);
        Some((pair.group_id.clone()?, owner))
    });
    let rule = |(peer, owner)| Rule { protocol: protocol.clone(), ports, peer, owner };
    plain.chain(groups).map(rule).collect()
}

/// Opens what is not open yet, in one call; one by one where some of it is open.
pub(super) async fn authorize(cx: &Cx, group: &str, way: Way, rules: &BTreeSet<Rule>) -> Result<(), KindError> {
    let together = rules.iter().map(Rule::permission).collect::<Vec<_>>();
    if together.is_empty() {
        return Ok(());
    }
    match authorize_call(cx, group, way, together).await {
        Err(KindError::Aws(error)) if error.trouble == Trouble::Exists => {}
        outcome => return outcome,
    }
    for rule in rules {
        match authorize_call(cx, group, way, vec![rule.permission()]).await {
            Err(KindError::Aws(error)) if error.trouble == Trouble::Exists => {}
            outcome => outcome?,
        }
    }
    Ok(())
}

async fn authorize_call(cx: &Cx, group: &str, way: Way, rules: Vec<IpPermission>) -> Result<(), KindError> {
    match way {
        Way::In => {
            let call = cx.aws.ec2.authorize_security_group_ingress().group_id(group).set_ip_permissions(Some(rules));
            super::tags::once_known(|| async {
                call.clone().send().await.named("ec2:AuthorizeSecurityGroupIngress").map(drop)
            })
            .await?;
        }
        Way::Out => {
            let call = cx.aws.ec2.authorize_security_group_egress().group_id(group).set_ip_permissions(Some(rules));
            call.send().await.named("ec2:AuthorizeSecurityGroupEgress")?;
        }
    }
    Ok(())
}

/// Closes rules; what is closed already is success.
pub(super) async fn revoke(cx: &Cx, group: &str, way: Way, rules: &BTreeSet<Rule>) -> Result<(), KindError> {
    for rule in rules {
        let permission = rule.permission();
        let outcome = match way {
            Way::In => {
                let call = cx.aws.ec2.revoke_security_group_ingress().group_id(group).ip_permissions(permission);
                call.send().await.named("ec2:RevokeSecurityGroupIngress").map(drop)
            }
            Way::Out => {
                let call = cx.aws.ec2.revoke_security_group_egress().group_id(group).ip_permissions(permission);
                call.send().await.named("ec2:RevokeSecurityGroupEgress").map(drop)
            }
        };
        match outcome {
            Err(error) if !error.is_not_found() => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_survives_the_way_to_ec2_and_back() {
        let own = "123456789012".to_owned();
        let rules = [
            Rule::tcp(22, 22, "0.0.0.0/0"),
            Rule::tcp(22, 22, "::/0"),
            Rule::tcp(0, 65535, "sg-1"),
            Rule::everything("pl-1"),
            Rule { owner: Some("210987654321".into()), ..Rule::tcp(1, 2, "sg-2") },
        ];
        for rule in rules {
            let back = Rule::all_of(Some(&vec![rule.permission()]), Some(&own));
            assert_eq!(back, BTreeSet::from([rule]));
        }
        assert_eq!(Rule::everything("::/0").text(Way::Out), "all to ::/0");
        assert_eq!(Rule::tcp(0, 65535, "sg-1").text(Way::In), "tcp:0-65535 from sg-1");
    }

    #[test]
    fn a_group_of_the_same_account_and_minus_one_as_ports_are_no_difference() {
        let own = "123456789012".to_owned();
        let pair = UserIdGroupPair::builder().group_id("sg-1").user_id(&own).build();
        let permission = IpPermission::builder().ip_protocol("-1").from_port(-1).to_port(-1);
        let seen = Rule::all_of(Some(&vec![permission.user_id_group_pairs(pair).build()]), Some(&own));
        assert_eq!(seen, BTreeSet::from([Rule::everything("sg-1")]));
    }
}
