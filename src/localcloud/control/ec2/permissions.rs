//! Permissions: rules as the calls of a security group write them, many peers to one protocol and range of ports.

use std::collections::BTreeMap;

use super::super::query::{Params, list, maybe, text, wrap};
use super::super::refusal::Refusal;
use super::block::Block;
use super::state::{Network, Peer, Rule};
use crate::localcloud::emulated::ACCOUNT;

impl Rule {
    /// Makes a rule for every protocol and port.
    pub(super) fn any(group: &str, egress: bool, peer: Peer) -> Self {
        let (group, protocol) = (group.to_owned(), "-1".to_owned());
        Self { group, egress, protocol, from: None, to: None, peer, description: None }
    }

    /// Returns whether two rules let the same through.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.group, self.egress, &self.protocol, self.from, self.to, &self.peer)
            == (&other.group, other.egress, &other.protocol, other.from, other.to, &other.peer)
    }
}

/// Reads the rules of an authorize or revoke call.
pub(super) fn read(network: &Network, params: &Params, group: &str, egress: bool) -> Result<Vec<Rule>, Refusal> {
    let permissions = params.list("IpPermissions");
    // The older form has one permission, spread over the call itself.
    let permissions = if permissions.is_empty() { vec![params] } else { permissions };
    let mut rules = Vec::new();
    for permission in permissions {
        let protocol = protocol(permission.text("IpProtocol").unwrap_or("-1"));
        let ported = protocol != "-1";
        let (from, to) = (permission.number("FromPort"), permission.number("ToPort"));
        check_ports(&protocol, from, to)?;
        for (peer, description) in peers(network, permission)? {
            let (from, to) = (from.filter(|_| ported), to.filter(|_| ported));
            let group = group.to_owned();
            rules.push(Rule { group, egress, protocol: protocol.clone(), from, to, peer, description });
        }
    }
    if rules.is_empty() {
        let message = "The request must contain the parameter ipPermissions or securityGroupRuleIds";
        return Err(Refusal::bad("MissingParameter", message));
    }
    Ok(rules)
}

/// Writes the permissions of a group.
pub(super) fn permissions(rules: &[&Rule]) -> String {
    let mut by_range: BTreeMap<_, Vec<&Rule>> = BTreeMap::new();
    for rule in rules {
        by_range.entry((&rule.protocol, rule.from, rule.to)).or_default().push(rule);
    }
    type Range<'a> = (&'a String, Option<i64>, Option<i64>);
    let write = |((protocol, from, to), rules): (Range<'_>, Vec<&Rule>)| {
        let peers = |name: &str, peer: &dyn Fn(&Peer) -> Option<String>| {
            let with_text = |rule: &&Rule| Some(peer(&rule.peer)? + &maybe("description", rule.description.as_ref()));
            list(name, "item", rules.iter().filter_map(with_text))
        };
        let group = |peer: &Peer| match peer {
            Peer::Group(group) => Some(text("userId", ACCOUNT) + &text("groupId", group)),
            _ => None,
        };
        let ipv4 = |peer: &Peer| if let Peer::Ipv4(cidr) = peer { Some(text("cidrIp", cidr)) } else { None };
        let ipv6 = |peer: &Peer| if let Peer::Ipv6(cidr) = peer { Some(text("cidrIpv6", cidr)) } else { None };
        let lists = |peer: &Peer| if let Peer::PrefixList(id) = peer { Some(text("prefixListId", id)) } else { None };
        let inner = text("ipProtocol", protocol)
            + &maybe("fromPort", from)
            + &maybe("toPort", to)
            + &peers("groups", &group)
            + &peers("ipRanges", &ipv4)
            + &peers("ipv6Ranges", &ipv6)
            + &peers("prefixListIds", &lists);
        wrap("item", inner)
    };
    by_range.into_iter().map(write).collect()
}

fn peers(network: &Network, permission: &Params) -> Result<Vec<(Peer, Option<String>)>, Refusal> {
    let mut peers = Vec::new();
    let description = |peer: &Params| peer.text("Description").map(str::to_owned);
    let direct = permission.text("CidrIp").map(|_| permission);
    for range in permission.list("IpRanges").into_iter().chain(direct) {
        let cidr = range.text("CidrIp").unwrap_or_default();
        let malformed = || Refusal::bad("InvalidParameterValue", format!("CIDR block {cidr} is malformed"));
        let block = Block::parse(cidr).ok_or_else(malformed)?;
        peers.push((Peer::Ipv4(block.to_string()), description(range)));
    }
    for range in permission.list("Ipv6Ranges") {
        let cidr = range.text("CidrIpv6").unwrap_or_default();
        let address = cidr.split('/').next().unwrap_or_default();
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(Refusal::bad("InvalidParameterValue", format!("CIDR block {cidr} is malformed")));
        }
        peers.push((Peer::Ipv6(cidr.to_owned()), description(range)));
    }
    for list in permission.list("PrefixListIds") {
        peers.push((Peer::PrefixList(list.text("PrefixListId").unwrap_or_default().to_owned()), description(list)));
    }
    let pairs = permission.list("UserIdGroupPairs");
    for pair in if pairs.is_empty() { permission.list("Groups") } else { pairs } {
        let id = pair.text("GroupId").unwrap_or_default();
        network.group(id)?;
        peers.push((Peer::Group(id.to_owned()), description(pair)));
    }
    Ok(peers)
}

fn check_ports(protocol: &str, from: Option<i64>, to: Option<i64>) -> Result<(), Refusal> {
    if !matches!(protocol, "tcp" | "udp") {
        return Ok(());
    }
    let (Some(from), Some(to)) = (from, to) else {
        let message = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.";
        return Err(Refusal::bad("InvalidParameterValue", message));
    };
    if from > to || !(0..=65_535).contains(&from) || to > 65_535 {
        let message = format!("Invalid TCP/UDP port range ({from}:{to})");
        return Err(Refusal::bad("InvalidParameterValue", message));
    }
    Ok(())
}

/// Returns a protocol by its name, however it was written.
fn protocol(text: &str) -> String {
    match text {
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "1" => "icmp".to_owned(),
        "58" => "icmpv6".to_owned(),
        "all" => "-1".to_owned(),
        other => other.to_ascii_lowercase(),
    }
}
