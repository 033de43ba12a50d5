//! What steps find out and later steps use.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Dataset, Profile};

/// One run's findings.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Facts {
    /// The objects that were uploaded, in the order of the files.
    #[serde(default)]
    pub objects: Vec<UploadedObject>,
    /// Their loads, in the same order.
    #[serde(default)]
    pub loads: Vec<Load>,
    /// The content of each hop.
    #[serde(default)]
    pub profiles: BTreeMap<Dataset, Profile>,
}

/// An object as S3 knows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UploadedObject {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its version, or `etag:…` in a bucket without versions, as the loader names it.
    pub version: String,
}

/// How the loader ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Load {
    /// The number of the load, part of every row's key.
    pub id: u64,
    /// Rows in the file.
    pub rows_in: u64,
    /// Rows in the table.
    pub loaded: u64,
    /// Rows put aside.
    pub rejected: u64,
    /// Where they are, with line number and reason.
    pub rejects_uri: Option<String>,
}
