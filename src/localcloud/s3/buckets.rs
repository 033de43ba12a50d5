//! The buckets themselves: creating, finding and deleting them, and the documents that configure them.

use std::collections::BTreeMap;
use std::fs;

use http::StatusCode;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::refusal::{bad_request, disk, refuse};
use super::store::{Store, Versioning, write_record};
use super::xml::Element;

/// Region in which a bucket has no location constraint.
pub(super) const FIRST_REGION: &str = "us-east-1";

/// What is kept of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Bucket {
    pub(super) name: String,
    pub(super) region: String,
    /// RFC 3339.
    pub(super) created: String,
    /// The documents that were put, by the query word that names them, such as `tagging`.
    pub(super) documents: BTreeMap<String, String>,
}

impl Bucket {
    /// Returns whether older versions are kept.
    pub(super) fn versioning(&self) -> Versioning {
        let document = self.documents.get("versioning").and_then(|document| Element::parse(document.as_bytes()));
        match document.as_ref().and_then(|document| document.text_of("Status")) {
            Some("Enabled") => Versioning::Enabled,
            Some("Suspended") => Versioning::Suspended,
            _ => Versioning::Off,
        }
    }

    /// Returns the tags.
    pub(super) fn tags(&self) -> BTreeMap<String, String> {
        let document = self.documents.get("tagging").and_then(|document| Element::parse(document.as_bytes()));
        let sets = document.iter().flat_map(|document| document.all("TagSet"));
        let text = |tag: &Element, name: &str| tag.text_of(name).unwrap_or_default().to_owned();
        sets.flat_map(|set| set.all("Tag")).map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect()
    }
}

impl Store {
    /// Returns a bucket.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub(super) fn describe(&self, bucket: &str) -> S3Result<Bucket> {
        let path = self.hidden_root().join(bucket).join("bucket.json");
        match fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| disk(error.into())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(s3_error!(NoSuchBucket, "The specified bucket does not exist"))
            }
            Err(error) => Err(disk(error)),
        }
    }

    /// Writes what is kept of a bucket.
    pub(super) fn save(&self, bucket: &Bucket) -> S3Result<()> {
        write_record(&self.hidden_root().join(&bucket.name).join("bucket.json"), bucket)
    }

    /// Returns every bucket in the order of their names.
    pub(super) fn all(&self) -> S3Result<Vec<Bucket>> {
        let Ok(entries) = fs::read_dir(self.hidden_root()) else { return Ok(Vec::new()) };
        let mut buckets = Vec::new();
        for entry in entries {
            let name = entry.map_err(disk)?.file_name();
            // A folder without a description is what a crash left of a creation or a deletion.
            buckets.extend(name.to_str().and_then(|name| self.describe(name).ok()));
        }
        buckets.sort_by(|left: &Bucket, right| left.name.cmp(&right.name));
        Ok(buckets)
    }

    /// Removes the files that were being written when the process ended.
    pub(super) fn clear_incoming(&self) -> S3Result<()> {
        for bucket in self.all()? {
            let folder = self.hidden(&bucket.name, "new");
            if folder.is_dir() {
                fs::remove_dir_all(folder).map_err(disk)?;
            }
        }
        Ok(())
    }

    /// Makes a bucket; one that is there already is ours, as there is only one account.
    pub(super) fn create(&self, bucket: &Bucket) -> S3Result<()> {
        let _guard = self.lock();
        if self.describe(&bucket.name).is_ok() {
            if bucket.region == FIRST_REGION {
                return Ok(());
            }
            let message = "Your previous request to create the named bucket succeeded and you already own it.";
            return Err(refuse(StatusCode::CONFLICT, "BucketAlreadyOwnedByYou", message));
        }
        fs::create_dir_all(self.bucket(&bucket.name)).map_err(disk)?;
        self.save(bucket)
    }

    /// Deletes a bucket that holds nothing.
    pub(super) fn drop_bucket(&self, bucket: &str) -> S3Result<()> {
        let _guard = self.lock();
        self.describe(bucket)?;
        if !self.is_empty(bucket)? {
            let message = "The bucket you tried to delete is not empty. You must delete all versions in the bucket.";
            let message = if self.all_archived(bucket)?.is_empty() { &message[..49] } else { message };
            return Err(refuse(StatusCode::CONFLICT, "BucketNotEmpty", message));
        }
        fs::remove_file(self.hidden_root().join(bucket).join("bucket.json")).map_err(disk)?;
        for folder in [self.bucket(bucket), self.hidden_root().join(bucket)] {
            if folder.is_dir() {
                fs::remove_dir_all(folder).map_err(disk)?;
            }
        }
        Ok(())
    }
}

/// Refuses names that S3 refuses.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>, read 2026-11-22.
pub(super) fn check_name(name: &str) -> S3Result<()> {
    let reserved = ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|start| name.starts_with(start))
        || ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|end| name.ends_with(end));
    if s3s::path::check_bucket_name(name) && !reserved {
        return Ok(());
    }
    Err(bad_request("InvalidBucketName", "The specified bucket is not valid."))
}
