//! What is billed by the hour.

use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// Whether a billed resource runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Power {
    /// It runs and is billed in full.
    Running,
    /// It is stopped or paused; storage is still billed.
    Stopped,
    /// It moves between the two.
    Changing,
}

/// Since when something runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    /// When it began to run, by AWS's own record.
    pub moment: Timestamp,
    /// Whether that is known; if not, it runs at least since then.
    pub is_exact: bool,
}

impl Since {
    /// Returns what something that costs so many US dollars an hour has cost until `now`.
    pub fn usd_until(&self, now: Timestamp, usd_per_hour: f64) -> f64 {
        // The clocks of AWS's services may differ by a second.
        now.duration_since(self.moment).as_secs_f64().max(0.0) / 3_600.0 * usd_per_hour
    }
}

/// A copy of the data of a server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Backup {
    /// Its name.
    pub name: String,
    /// Its size in GiB; absent if AWS does not tell.
    pub gib: Option<f64>,
    /// When it was taken.
    pub taken_at: Option<Timestamp>,
    /// Until when AWS keeps it; absent if for ever.
    pub kept_until: Option<Timestamp>,
    /// Whether a person had it taken.
    pub is_manual: bool,
}

impl Backup {
    /// Returns until when a copy is kept for so many days; `None` if for ever, which Redshift says with -1 days.
    pub fn kept_until(taken_at: Option<Timestamp>, days: Option<i32>) -> Option<Timestamp> {
        let days = days.filter(|days| *days >= 0)?;
        taken_at?.checked_add((i64::from(days) * 24).hours()).ok()
    }
}

/// One thing that costs money merely by existing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BilledItem {
    /// What is billed, as the price table knows it: `rds:db.t4g.micro`, `redshift:ra3.large`.
    pub sku: String,
    /// How many of it.
    pub units: u32,
    /// Whether it stops costing when the resource is stopped.
    pub stops: bool,
}

impl BilledItem {
    /// Returns an item that is billed while the resource runs.
    pub fn while_running(sku: impl Into<String>, units: u32) -> Self {
        Self { sku: sku.into(), units, stops: true }
    }

    /// Returns an item that is billed as long as the resource exists.
    pub fn always(sku: impl Into<String>, units: u32) -> Self {
        Self { sku: sku.into(), units, stops: false }
    }
}
