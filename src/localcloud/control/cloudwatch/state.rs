//! What is kept of an account's dashboards and a region's metrics.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Dashboards, which belong to no region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Boards {
    pub(super) dashboards: BTreeMap<String, Dashboard>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Dashboard {
    pub(super) body: String,
    /// In seconds since 1970.
    pub(super) modified: f64,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
}

/// The metrics of a region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Metrics {
    pub(super) series: Vec<Series>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Series {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) dimensions: BTreeMap<String, String>,
    pub(super) unit: String,
    pub(super) points: Vec<Point>,
}

/// What was measured at a time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Point {
    /// In seconds since 1970.
    pub(super) at: f64,
    pub(super) sum: f64,
    pub(super) count: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}
