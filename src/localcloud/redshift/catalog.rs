//! What Redshift offers.

use super::service::Request;
use crate::localcloud::query::{Refusal, Xml, page};

/// A node type that can be made today, with the least and most nodes of a cluster of several.
#[derive(Debug, Clone, Copy)]
struct NodeType {
    name: &'static str,
    can_be_single: bool,
    most_nodes: u32,
}

const fn node(name: &'static str, can_be_single: bool, most_nodes: u32) -> NodeType {
    NodeType { name, can_be_single, most_nodes }
}

/// Sorted by name. Source: node types of the Redshift management guide, 2026-08.
static NODE_TYPES: &[NodeType] = &[
    node("ra3.16xlarge", false, 128),
    node("ra3.4xlarge", false, 128),
    node("ra3.large", true, 16),
    node("ra3.xlplus", true, 32),
    node("rg.12xlarge", false, 128),
    node("rg.4xlarge", false, 128),
    node("rg.large", true, 16),
    node("rg.xlarge", true, 16),
];

/// Refuses a node type or a number of nodes that AWS does not make.
pub(super) fn check_nodes(node_type: &str, nodes: u32) -> Result<(), Refusal> {
    let unknown = || Refusal::new("InvalidParameterValue", format!("Invalid node type: {node_type}"));
    let found = NODE_TYPES.iter().find(|known| known.name == node_type).ok_or_else(unknown)?;
    let fits = if nodes == 1 { found.can_be_single } else { (2..=found.most_nodes).contains(&nodes) };
    if fits {
        return Ok(());
    }
    let message = format!("Number of nodes for cluster of node type {node_type} cannot be {nodes}");
    Err(Refusal::new("InvalidParameterValue", message))
}

/// Answers `DescribeOrderableClusterOptions`.
pub(super) fn orderable_options(request: &Request) -> Result<String, Refusal> {
    let wanted = request.form.text("NodeType");
    let mut items = Vec::new();
    for known in NODE_TYPES.iter().filter(|known| wanted.is_none_or(|wanted| wanted == known.name)) {
        items.push((format!("{}/multi", known.name), (known.name, "multi-node")));
        if known.can_be_single {
            items.push((format!("{}/single", known.name), (known.name, "single-node")));
        }
    }
    let (items, marker) = page(&request.form, items)?;
    let zones = ["a", "b", "c"].map(|letter| format!("{}{letter}", request.region));
    let write = |xml: &mut Xml, (name, kind): (&str, &str)| {
        xml.text("ClusterVersion", "1.0").text("ClusterType", kind).text("NodeType", name).list(
            "AvailabilityZones",
            "AvailabilityZone",
            &zones,
            |xml, zone| {
                xml.text("Name", zone);
            },
        );
    };
    let list = Xml::default().list("OrderableClusterOptions", "OrderableClusterOption", items, write).finish();
    Ok(format!("{list}{}", Xml::default().maybe("Marker", marker).finish()))
}

/// Answers `DescribeAccountAttributes`.
pub(super) fn account_attributes(request: &Request) -> String {
    let wanted = request.form.list("AttributeNames").unwrap_or_default();
    let all = [("max-defer-maintenance-duration", "45")];
    let kept = all.into_iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name));
    let write = |xml: &mut Xml, (name, value): (&str, &str)| {
        xml.text("AttributeName", name).list("AttributeValues", "AttributeValueTarget", [value], |xml, value| {
            xml.text("AttributeValue", value);
        });
    };
    Xml::default().list("AccountAttributes", "AccountAttribute", kept, write).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retired_and_badly_sized_nodes_are_refused() {
        assert!(check_nodes("ra3.large", 1).is_ok());
        assert!(check_nodes("ra3.4xlarge", 1).is_err());
        assert_eq!(check_nodes("dc2.large", 1).unwrap_err().message, "Invalid node type: dc2.large");
    }
}
