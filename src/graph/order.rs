//! A graph of needs: an edge leads from a node to what it needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// Nodes and what each needs. Iteration is in the nodes' own order, so results are the same every time.
#[derive(Debug, Clone)]
pub struct Graph<Node> {
    needs: BTreeMap<Node, BTreeSet<Node>>,
}

/// A chain of needs that leads back to its beginning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("circular reference: {}", .0.join(" -> "))]
pub struct Cycle(pub Vec<String>);

impl<Node: Ord + Clone + Display> Graph<Node> {
    /// Takes nodes with their needs; a need that is no node is left out.
    pub fn new(nodes: impl IntoIterator<Item = (Node, Vec<Node>)>) -> Self {
        let mut needs: BTreeMap<Node, BTreeSet<Node>> =
            nodes.into_iter().map(|(node, needs)| (node, needs.into_iter().collect())).collect();
        let known: BTreeSet<Node> = needs.keys().cloned().collect();
        for set in needs.values_mut() {
            set.retain(|need| known.contains(need));
        }
        Self { needs }
    }

    /// Returns what `node` needs directly.
    pub fn needs(&self, node: &Node) -> impl Iterator<Item = &Node> {
        self.needs.get(node).into_iter().flatten()
    }

    /// Returns the same graph with every edge turned round, for taking down what was put up.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let mut turned: BTreeMap<Node, BTreeSet<Node>> =
            self.needs.keys().map(|node| (node.clone(), BTreeSet::new())).collect();
        for (node, needs) in &self.needs {
            for need in needs {
                turned.entry(need.clone()).or_default().insert(node.clone());
            }
        }
        Self { needs: turned }
    }

    /// Returns all nodes so that each stands behind everything it needs.
    ///
    /// # Errors
    /// If the needs lead in a circle; the error names one.
    pub fn order(&self) -> Result<Vec<Node>, Cycle> {
        let mut ordered = Vec::with_capacity(self.needs.len());
        let mut done = BTreeSet::new();
        for node in self.needs.keys() {
            self.visit(node, &mut vec![], &mut done, &mut ordered)?;
        }
        Ok(ordered)
    }

    fn visit(
        &self,
        node: &Node,
        path: &mut Vec<Node>,
        done: &mut BTreeSet<Node>,
        ordered: &mut Vec<Node>,
    ) -> Result<(), Cycle> {
        if done.contains(node) {
            return Ok(());
        }
        if let Some(start) = path.iter().position(|seen| seen == node) {
            let circle = path[start..].iter().chain([node]).map(ToString::to_string).collect();
            return Err(Cycle(circle));
        }
        path.push(node.clone());
        for need in self.needs(node) {
            self.visit(need, path, done, ordered)?;
        }
        path.pop();
        done.insert(node.clone());
        ordered.push(node.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_come_first_in_both_directions() {
        let graph = Graph::new([("subnet", vec!["vpc"]), ("vpc", vec![]), ("db", vec!["subnet", "elsewhere"])]);
        assert_eq!(graph.order().unwrap(), ["vpc", "subnet", "db"]);
        assert_eq!(graph.reversed().order().unwrap(), ["db", "subnet", "vpc"]);
    }

    #[test]
    fn a_circle_is_named() {
        let graph = Graph::new([("a", vec!["b"]), ("b", vec!["c"]), ("c", vec!["b"])]);
        assert_eq!(graph.order().unwrap_err().to_string(), "circular reference: b -> c -> b");
    }
}
