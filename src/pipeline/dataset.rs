//! What steps read and write. The order of the steps follows from it.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Data in one place: one of the pipeline's own hops, or any other name that two steps of the file agree on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dataset(Cow<'static, str>);

impl Dataset {
    /// The files on this machine.
    pub const FILE: Self = Self(Cow::Borrowed("file"));
    /// The objects in the input bucket.
    pub const OBJECT: Self = Self(Cow::Borrowed("object"));
    /// The MySQL table.
    pub const MYSQL: Self = Self(Cow::Borrowed("mysql"));
    /// The staging files.
    pub const STAGING: Self = Self(Cow::Borrowed("staging"));
    /// The staging files as a table of the catalog.
    pub const STAGING_TABLE: Self = Self(Cow::Borrowed("staging_table"));
    /// The Redshift table.
    pub const WAREHOUSE: Self = Self(Cow::Borrowed("warehouse"));
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.as_ref() {
            "file" => "the file",
            "object" => "the object",
            "mysql" => "MySQL",
            "staging" | "staging_table" => "staging",
            "warehouse" => "Redshift",
            other => other,
        })
    }
}
