//! What is known of one version of an object beside its bytes.

use std::collections::BTreeMap;

use s3s::dto::{Checksum, ChecksumType, Timestamp};
use serde::{Deserialize, Serialize};

/// The version id of objects in a bucket that never had versioning.
pub(super) const NULL_VERSION: &str = "null";

/// One version of an object, or a delete marker.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) key: String,
    /// The version id; `null` outside of versioning.
    pub(super) version: String,
    /// When it was written, in nanoseconds since 1970; unique and rising within a store.
    pub(super) sequence: u64,
    pub(super) size: u64,
    /// Without quotes.
    pub(super) etag: String,
    /// The time of the file as this record describes it, in nanoseconds; a file with another time is not it any more.
    pub(super) file_time: u64,
    /// Whether the bytes lie aside because the key cannot be a path.
    #[serde(default)]
    pub(super) aside: bool,
    #[serde(default)]
    pub(super) delete_marker: bool,
    #[serde(default)]
    pub(super) description: Description,
    #[serde(default)]
    pub(super) sums: Sums,
}

/// What the writer said about an object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Description {
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) redirect: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    /// Form-encoded, as the tagging header carries them.
    pub(super) tags: Option<String>,
}

/// The checksums of an object in base64.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sums {
    pub(super) crc32: Option<String>,
    pub(super) crc32c: Option<String>,
    pub(super) crc64nvme: Option<String>,
    pub(super) sha1: Option<String>,
    pub(super) sha256: Option<String>,
    /// `FULL_OBJECT` or `COMPOSITE`.
    pub(super) kind: Option<String>,
}

impl Record {
    /// Returns when it was written.
    pub(super) fn modified(&self) -> Timestamp {
        Timestamp::from(std::time::UNIX_EPOCH + std::time::Duration::from_nanos(self.sequence))
    }
}

impl Sums {
    /// Takes what was counted over a whole object.
    pub(super) fn of(counted: Checksum) -> Self {
        Self {
            crc32: counted.checksum_crc32,
            crc32c: counted.checksum_crc32c,
            crc64nvme: counted.checksum_crc64nvme,
            sha1: counted.checksum_sha1,
            sha256: counted.checksum_sha256,
            kind: Some(ChecksumType::FULL_OBJECT.to_owned()),
        }
    }

    /// Returns the checksum type as the protocol has it.
    pub(super) fn checksum_type(&self) -> Option<ChecksumType> {
        self.kind.clone().map(ChecksumType::from)
    }
}
