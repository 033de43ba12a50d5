//! Order in a directed graph. Knows nothing of what the nodes are.

mod order;

pub use order::{Cycle, Graph};
