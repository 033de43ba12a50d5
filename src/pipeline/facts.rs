//! What steps find out and later steps use.

use std::collections::BTreeMap;

use super::{Dataset, Profile};

/// One run's findings.
#[derive(Debug, Default)]
pub struct Facts {
    /// The object that was uploaded.
    pub object: Option<UploadedObject>,
    /// The load of that object.
    pub load: Option<Load>,
    /// The content of each hop.
    pub profiles: BTreeMap<Dataset, Profile>,
}

/// An object as S3 knows it.
#[derive(Debug, Clone)]
pub struct UploadedObject {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its version, or `etag:…` in a bucket without versions, as the loader names it.
    pub version: String,
}

/// How the loader ended.
#[derive(Debug, Clone)]
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
