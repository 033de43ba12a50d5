//! Older versions and delete markers, kept out of sight of what reads the bucket's folder.

use std::fs;
use std::path::PathBuf;

use s3s::S3Result;

use super::precondition::Precondition;
use super::record::{NULL_VERSION, Record};
use super::refusal::disk;
use super::store::{Found, Store, Versioning, gone, key_hash, next_sequence, read_record, version_id, write_record};

/// What a deletion did.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Deletion {
    /// The version that is gone, or the delete marker that was made.
    pub(super) version: Option<String>,
    /// Whether `version` is a delete marker.
    pub(super) marker: bool,
    /// Whether there is anything to tell those who watch the bucket.
    pub(super) effective: bool,
}

impl Store {
    /// Keeps a copy of an object that is about to be replaced or deleted.
    pub(super) fn archive(&self, bucket: &str, old: &Found) -> S3Result<()> {
        let data = self.archived_path(bucket, &old.record, "data");
        fs::create_dir_all(self.archive_folder(bucket, &old.record.key)).map_err(disk)?;
        gone(fs::remove_file(&data))?;
        // A second name costs nothing; the file itself is never written again, only replaced.
        if fs::hard_link(&old.path, &data).is_err() {
            fs::copy(&old.path, &data).map_err(disk)?;
        }
        write_record(&self.archived_path(bucket, &old.record, "json"), &old.record)
    }

    /// Returns the older versions and delete markers of a key, newest first.
    pub(super) fn archived(&self, bucket: &str, key: &str) -> S3Result<Vec<Record>> {
        self.archived_in(self.archive_folder(bucket, key))
    }

    /// Returns the older versions and delete markers of every key.
    pub(super) fn all_archived(&self, bucket: &str) -> S3Result<Vec<Record>> {
        let mut all = Vec::new();
        let Ok(keys) = fs::read_dir(self.hidden(bucket, "versions")) else { return Ok(all) };
        for key in keys {
            all.extend(self.archived_in(key.map_err(disk)?.path())?);
        }
        Ok(all)
    }

    /// Returns a version of an object; a delete marker has no file.
    pub(super) fn version(&self, bucket: &str, key: &str, version: &str) -> S3Result<Option<Found>> {
        if let Some(current) = self.current(bucket, key)?.filter(|current| current.record.version == version) {
            return Ok(Some(current));
        }
        let record = self.archived(bucket, key)?.into_iter().find(|record| record.version == version);
        Ok(record.map(|record| Found { path: self.archived_path(bucket, &record, "data"), record }))
    }

    /// Removes an archived version if it is there.
    pub(super) fn forget_archived(&self, bucket: &str, key: &str, version: &str) -> S3Result<Option<Record>> {
        let Some(record) = self.archived(bucket, key)?.into_iter().find(|record| record.version == version) else {
            return Ok(None);
        };
        gone(fs::remove_file(self.archived_path(bucket, &record, "json")))?;
        gone(fs::remove_file(self.archived_path(bucket, &record, "data")))?;
        // Fails as long as other versions are there, which is right.
        let _ = fs::remove_dir(self.archive_folder(bucket, key));
        Ok(Some(record))
    }

    /// Deletes an object, or puts a delete marker on it where versions are kept.
    pub(super) fn delete(
        &self,
        bucket: &str,
        key: &str,
        versioning: Versioning,
        precondition: &Precondition,
    ) -> S3Result<Deletion> {
        let mut last = self.lock();
        let current = self.current(bucket, key)?;
        precondition.check_deletion(current.as_ref())?;
        let effective = current.is_some() || versioning != Versioning::Off;
        if versioning == Versioning::Off {
            if let Some(found) = current {
                self.remove(bucket, &found)?;
            }
            return Ok(Deletion { effective, ..Deletion::default() });
        }
        let sequence = next_sequence(&mut last);
        let suspended = versioning == Versioning::Suspended;
        let version = if suspended { NULL_VERSION.to_owned() } else { version_id(key, sequence) };
        if let Some(found) = current {
            if !(suspended && found.record.version == NULL_VERSION) {
                self.archive(bucket, &found)?;
            }
            self.remove(bucket, &found)?;
        }
        if suspended {
            self.forget_archived(bucket, key, NULL_VERSION)?;
        }
        let marker = Record {
            key: key.to_owned(),
            version: version.clone(),
            sequence,
            delete_marker: true,
            ..Record::default()
        };
        write_record(&self.archived_path(bucket, &marker, "json"), &marker)?;
        Ok(Deletion { version: Some(version), marker: true, effective })
    }

    /// Deletes one version for good; the newest that is left becomes the object.
    pub(super) fn delete_version(
        &self,
        bucket: &str,
        key: &str,
        version: &str,
        precondition: &Precondition,
    ) -> S3Result<Deletion> {
        let _guard = self.lock();
        let current = self.current(bucket, key)?;
        precondition.check_deletion(current.as_ref())?;
        let is_current = current.as_ref().is_some_and(|found| found.record.version == version);
        let mut deletion = Deletion { version: Some(version.to_owned()), ..Deletion::default() };
        if let Some(found) = current.as_ref().filter(|_| is_current) {
            self.remove(bucket, found)?;
            deletion.effective = true;
        }
        if let Some(record) = self.forget_archived(bucket, key, version)? {
            deletion.marker = record.delete_marker;
            deletion.effective = true;
        }
        if current.is_none() || is_current {
            self.promote(bucket, key)?;
        }
        Ok(deletion)
    }

    /// Makes the newest archived version the object, unless it is a delete marker.
    fn promote(&self, bucket: &str, key: &str) -> S3Result<()> {
        let Some(mut newest) = self.archived(bucket, key)?.into_iter().next().filter(|newest| !newest.delete_marker)
        else {
            return Ok(());
        };
        let data = self.archived_path(bucket, &newest, "data");
        self.put_in_place(bucket, &mut newest, &data)?;
        self.forget_archived(bucket, key, &newest.version)?;
        Ok(())
    }

    fn archive_folder(&self, bucket: &str, key: &str) -> PathBuf {
        self.hidden(bucket, "versions").join(key_hash(key))
    }

    fn archived_path(&self, bucket: &str, record: &Record, extension: &str) -> PathBuf {
        let name = format!("{:020}-{}.{extension}", record.sequence, record.version);
        self.archive_folder(bucket, &record.key).join(name)
    }

    fn archived_in(&self, folder: PathBuf) -> S3Result<Vec<Record>> {
        let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
        let mut records = Vec::new();
        for entry in entries {
            let path = entry.map_err(disk)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                records.extend(read_record(&path)?);
            }
        }
        records.sort_by_key(|record| std::cmp::Reverse(record.sequence));
        Ok(records)
    }
}
