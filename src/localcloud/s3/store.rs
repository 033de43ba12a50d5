//! Where objects lie, and the steps by which one is replaced or removed.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use s3s::{S3Result, s3_error};
use sha2::{Digest, Sha256};

use super::precondition::Precondition;
use super::record::{NULL_VERSION, Record};
use super::refusal::disk;
use crate::localcloud::Home;

/// The longest name of a file that every usual file system takes, in bytes.
const LONGEST_NAME: usize = 255;

/// Whether a bucket keeps older versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Versioning {
    Off,
    Enabled,
    Suspended,
}

/// An object as it is now.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) record: Record,
    pub(super) path: PathBuf,
}

/// The files of every bucket. All calls block on the disk.
#[derive(Debug)]
pub(super) struct Store {
    buckets: PathBuf,
    hidden: PathBuf,
    /// Held while an object changes; guards the last sequence that was given out.
    commits: Mutex<u64>,
}

impl Store {
    /// Takes the folders of `home`, which need not exist yet.
    pub(super) fn new(home: &Home) -> Self {
        Self { buckets: home.buckets(), hidden: home.root().join("s3"), commits: Mutex::new(0) }
    }

    /// Returns the folder whose sub-folders are buckets.
    pub(super) fn hidden_root(&self) -> &Path {
        &self.hidden
    }

    /// Returns the folder of a bucket's objects.
    pub(super) fn bucket(&self, bucket: &str) -> PathBuf {
        self.buckets.join(bucket)
    }

    /// Returns a folder of what belongs to a bucket and is no object: `new`, `objects`, `aside`, `versions`...
    pub(super) fn hidden(&self, bucket: &str, folder: &str) -> PathBuf {
        self.hidden.join(bucket).join(folder)
    }

    /// Returns the folder for files that are being written; it is on the same file system as the objects.
    pub(super) fn incoming(&self, bucket: &str) -> S3Result<PathBuf> {
        let folder = self.hidden(bucket, "new");
        if !self.hidden.join(bucket).is_dir() {
            return Err(s3_error!(NoSuchBucket, "The specified bucket does not exist"));
        }
        fs::create_dir_all(&folder).map_err(disk)?;
        Ok(folder)
    }

    /// Takes the lock under which objects change.
    pub(super) fn lock(&self) -> MutexGuard<'_, u64> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns an object as it is now; a file that another process wrote is described by what the disk tells.
    pub(super) fn current(&self, bucket: &str, key: &str) -> S3Result<Option<Found>> {
        let record = read_record(&self.record_path(bucket, key))?;
        if let Some(record) = record.as_ref().filter(|record| record.aside) {
            let path = self.aside_path(bucket, key);
            return Ok(path.is_file().then(|| Found { record: record.clone(), path }));
        }
        let Some(path) = self.plain_path(bucket, key) else { return Ok(None) };
        let metadata = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(_) => return Ok(None),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(disk(error)),
        };
        let (size, file_time) = (metadata.len(), file_time(&metadata));
        let known = record.filter(|record| record.size == size && record.file_time == file_time);
        Ok(Some(Found { record: known.unwrap_or_else(|| foreign(key, size, file_time)), path }))
    }

    /// Makes the file `new` the object that `record` describes and returns the record as it was kept.
    pub(super) fn replace(
        &self,
        bucket: &str,
        mut record: Record,
        new: &Path,
        versioning: Versioning,
        precondition: &Precondition,
    ) -> S3Result<Record> {
        let mut last = self.lock();
        let key = record.key.clone();
        let old = self.current(bucket, &key)?;
        precondition.check(old.as_ref())?;
        record.sequence = next_sequence(&mut last);
        record.version = match versioning {
            Versioning::Enabled => version_id(&key, record.sequence),
            Versioning::Off | Versioning::Suspended => NULL_VERSION.to_owned(),
        };
        if let Some(old) = &old
            && versioning != Versioning::Off
            && old.record.version != record.version
        {
            self.archive(bucket, old)?;
        }
        if versioning == Versioning::Suspended {
            self.forget_archived(bucket, &key, NULL_VERSION)?;
        }
        self.put_in_place(bucket, &mut record, new)?;
        if let Some(old) = old.filter(|old| old.record.aside && !record.aside) {
            fs::remove_file(old.path).map_err(disk)?;
        }
        Ok(record)
    }

    /// Moves a file to where the object's bytes lie, and writes its record.
    pub(super) fn put_in_place(&self, bucket: &str, record: &mut Record, new: &Path) -> S3Result<()> {
        let plain = self.plain_path(bucket, &record.key).filter(|path| self.make_room(bucket, path));
        record.aside = plain.is_none();
        let place = plain.unwrap_or_else(|| self.aside_path(bucket, &record.key));
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(disk)?;
        }
        let metadata = fs::metadata(new).map_err(disk)?;
        record.file_time = file_time(&metadata);
        record.size = metadata.len();
        fs::rename(new, &place).map_err(disk)?;
        write_record(&self.record_path(bucket, &record.key), record)
    }

    /// Removes an object's bytes and record, and the folders that this leaves empty.
    pub(super) fn remove(&self, bucket: &str, found: &Found) -> S3Result<()> {
        gone(fs::remove_file(&found.path))?;
        gone(fs::remove_file(self.record_path(bucket, &found.record.key)))?;
        let root = self.bucket(bucket);
        for folder in found.path.ancestors().skip(1).take_while(|folder| folder.starts_with(&root) && *folder != root) {
            // A folder that is not empty stays; so do all above it.
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Returns where the bytes lie if the key can be a path: no empty, overlong or dotted part.
    pub(super) fn plain_path(&self, bucket: &str, key: &str) -> Option<PathBuf> {
        let usual = |part: &str| !matches!(part, "" | "." | "..") && part.len() <= LONGEST_NAME && !part.contains('\0');
        key.split('/').all(usual).then(|| self.bucket(bucket).join(key))
    }

    /// Returns where the bytes lie if the key cannot be a path, or its path is taken by a folder or under a file.
    pub(super) fn aside_path(&self, bucket: &str, key: &str) -> PathBuf {
        self.hidden(bucket, "aside").join(key_hash(key))
    }

    /// Returns where the record of an object lies.
    pub(super) fn record_path(&self, bucket: &str, key: &str) -> PathBuf {
        self.hidden(bucket, "objects").join(format!("{}.json", key_hash(key)))
    }

    /// Returns whether a file can lie at `path`: an empty folder there is removed, a file above is in the way.
    fn make_room(&self, bucket: &str, path: &Path) -> bool {
        let root = self.bucket(bucket);
        let above = path.ancestors().skip(1).take_while(|folder| *folder != root);
        !above.into_iter().any(Path::is_file) && (!path.is_dir() || fs::remove_dir(path).is_ok())
    }
}

/// Returns a name for a key that fits into one folder.
pub(super) fn key_hash(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}

/// Returns a time in nanoseconds that was not given out before.
pub(super) fn next_sequence(last: &mut u64) -> u64 {
    *last = nanoseconds(SystemTime::now()).max(*last + 1);
    *last
}

/// Returns a new version id.
pub(super) fn version_id(key: &str, sequence: u64) -> String {
    let digest = Sha256::new().chain_update(sequence.to_be_bytes()).chain_update(key.as_bytes()).finalize();
    hex::encode(&digest[..16])
}

/// Reads a record; `None` if there is none.
pub(super) fn read_record(path: &Path) -> S3Result<Option<Record>> {
    match fs::read(path) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text).map_err(|error| disk(error.into()))?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(disk(error)),
    }
}

/// Writes a record beside its place and moves it there, so that a crash leaves the old or the new.
pub(super) fn write_record<T: serde::Serialize>(path: &Path, record: &T) -> S3Result<()> {
    let text = serde_json::to_vec(record).map_err(|error| disk(error.into()))?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(disk)?;
    }
    let beside = path.with_extension("new");
    fs::write(&beside, text).and_then(|()| fs::rename(&beside, path)).map_err(disk)
}

/// Takes "not there" for done.
pub(super) fn gone(removed: std::io::Result<()>) -> S3Result<()> {
    match removed {
        Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Err(disk(error)),
        _ => Ok(()),
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) fn file_time(metadata: &fs::Metadata) -> u64 {
    metadata.modified().map_or(0, nanoseconds)
}

/// Describes a file that was not written through S3. Its `ETag` has the form of an upload in one part, which no
/// client takes for an MD5 of the content.
fn foreign(key: &str, size: u64, file_time: u64) -> Record {
    let digest = Sha256::digest(format!("{key}\n{size}\n{file_time}").as_bytes());
    let etag = format!("{}-1", hex::encode(&digest[..16]));
    let version = NULL_VERSION.to_owned();
    Record { key: key.to_owned(), version, sequence: file_time, size, etag, file_time, ..Record::default() }
}
