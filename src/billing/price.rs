//! One price: what is billed, for how much of it, how much, and who says so.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// AWS's own number for turning monthly prices into hourly ones.
pub const HOURS_A_MONTH: f64 = 730.0;

/// What a price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// An hour of one.
    #[serde(rename = "hour")]
    Hour,
    /// A month of one.
    #[serde(rename = "month")]
    Month,
    /// A GiB kept for a month.
    #[serde(rename = "GiB-month")]
    GibMonth,
    /// An hour of one virtual processor.
    #[serde(rename = "vCPU-hour")]
    VcpuHour,
    /// An hour of one data processing unit of Glue.
    #[serde(rename = "DPU-hour")]
    DpuHour,
    /// A terabyte that is read.
    #[serde(rename = "TB")]
    Terabyte,
    /// A gigabyte that passes.
    #[serde(rename = "GB")]
    Gigabyte,
    /// A GiB of memory for a second.
    #[serde(rename = "GiB-second")]
    GibSecond,
    /// One call.
    #[serde(rename = "request")]
    Request,
}

impl Unit {
    /// Returns the unit as it stands in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Month => "month",
            Self::GibMonth => "GiB-month",
            Self::VcpuHour => "vCPU-hour",
            Self::DpuHour => "DPU-hour",
            Self::Terabyte => "TB",
            Self::Gigabyte => "GB",
            Self::GibSecond => "GiB-second",
            Self::Request => "request",
        }
    }

    /// Returns how many hours a price of this unit pays for; `None` for what is not billed by time alone.
    fn hours(self) -> Option<f64> {
        match self {
            Self::Hour | Self::VcpuHour | Self::DpuHour => Some(1.0),
            Self::Month | Self::GibMonth => Some(HOURS_A_MONTH),
            Self::Terabyte | Self::Gigabyte | Self::GibSecond | Self::Request => None,
        }
    }
}

/// What one unit costs in one region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// What is billed, as resources name it: `rds:db.t4g.micro`.
    pub sku: String,
    /// The same for people.
    pub item: String,
    /// What the price is for.
    pub unit: Unit,
    /// US dollars for one unit.
    pub usd: f64,
    /// Who says so.
    pub source: String,
    /// The day on which it was said.
    pub date: Date,
    /// Whether it was seen in a price list for this very region.
    pub is_verified: bool,
    /// Whether it was fetched; otherwise it is the table's.
    pub is_fetched: bool,
}

impl Price {
    /// Returns US dollars an hour for one unit; `None` for what is not billed by time alone.
    pub fn usd_per_hour(&self) -> Option<f64> {
        self.unit.hours().map(|hours| self.usd / hours)
    }
}
