//! Listing: keys in order, grouped at a delimiter, a page at a time.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use s3s::S3Result;

use super::record::Record;
use super::refusal::disk;
use super::store::{Store, read_record};

/// The most entries of a page, whatever the caller asks for.
const LARGEST_PAGE: i32 = 1000;

/// What to list.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) prefix: String,
    pub(super) delimiter: Option<String>,
    /// Only keys after this one; a group that it names or lies in is not repeated.
    pub(super) after: Option<String>,
    pub(super) limit: Option<i32>,
}

/// A page of keys.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) keys: Vec<String>,
    pub(super) groups: Vec<String>,
    /// The last key or group of the page if there are more.
    pub(super) next: Option<String>,
}

impl Wanted {
    /// Returns how many entries a page may have.
    pub(super) fn limit(&self) -> usize {
        usize::try_from(self.limit.unwrap_or(LARGEST_PAGE).clamp(0, LARGEST_PAGE)).unwrap_or_default()
    }

    /// Returns the group that a key belongs to.
    pub(super) fn group<'a>(&self, key: &'a str) -> Option<&'a str> {
        let delimiter = self.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty())?;
        let rest = key.get(self.prefix.len()..)?;
        let end = self.prefix.len() + rest.find(delimiter)? + delimiter.len();
        Some(&key[..end])
    }

    /// Cuts a page out of keys that are in order and have the prefix.
    pub(super) fn page(&self, keys: impl IntoIterator<Item = String>) -> Page {
        let mut page = Page::default();
        let mut last = None;
        for key in keys {
            if self.after.as_ref().is_some_and(|after| key.as_str() <= after.as_str()) {
                continue;
            }
            let group = self.group(&key);
            if group.is_some_and(|group| {
                page.groups.last().is_some_and(|last| last == group)
                    || self.after.as_ref().is_some_and(|after| after == group)
            }) {
                continue;
            }
            if page.keys.len() + page.groups.len() == self.limit() {
                page.next = last.filter(|_| self.limit() > 0);
                return page;
            }
            last = Some(group.unwrap_or(&key).to_owned());
            match group {
                Some(group) => page.groups.push(group.to_owned()),
                None => page.keys.push(key),
            }
        }
        page
    }
}

impl Store {
    /// Returns every key with a prefix, in the order of S3.
    pub(super) fn keys(&self, bucket: &str, prefix: &str) -> S3Result<BTreeSet<String>> {
        let mut keys = BTreeSet::new();
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        if folder.is_empty() || self.plain_path(bucket, folder).is_some() {
            let above = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            walk(&self.bucket(bucket).join(folder), &above, prefix, &mut keys)?;
        }
        for record in self.aside_records(bucket)? {
            if record.key.starts_with(prefix) {
                keys.insert(record.key);
            }
        }
        Ok(keys)
    }

    /// Returns whether a bucket holds nothing, not even an older version.
    pub(super) fn is_empty(&self, bucket: &str) -> S3Result<bool> {
        Ok(self.keys(bucket, "")?.is_empty() && self.all_archived(bucket)?.is_empty())
    }

    fn aside_records(&self, bucket: &str) -> S3Result<Vec<Record>> {
        let mut records = Vec::new();
        let Ok(entries) = fs::read_dir(self.hidden(bucket, "aside")) else { return Ok(records) };
        for entry in entries {
            let name = entry.map_err(disk)?.file_name();
            let path = self.hidden(bucket, "objects").join(name).with_extension("json");
            records.extend(read_record(&path)?.filter(|record| record.aside));
        }
        Ok(records)
    }
}

/// Adds the files below `folder`, whose keys begin with `above`, and leaves out folders that cannot hold the prefix.
fn walk(folder: &Path, above: &str, prefix: &str, keys: &mut BTreeSet<String>) -> S3Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry.map_err(disk)?;
        // A name that is no UTF-8 cannot be a key.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let key = format!("{above}{name}");
        // What another process removes meanwhile is simply not there.
        let Ok(metadata) = fs::metadata(entry.path()) else { continue };
        if metadata.is_dir() {
            let below = format!("{key}/");
            if below.starts_with(prefix) || prefix.starts_with(&below) {
                walk(&entry.path(), &below, prefix, keys)?;
            }
        } else if key.starts_with(prefix) {
            keys.insert(key);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(keys: &[&str], wanted: &Wanted) -> (Vec<String>, Vec<String>, Option<String>) {
        let page = wanted.page(keys.iter().map(|key| (*key).to_owned()));
        (page.keys, page.groups, page.next)
    }

    #[test]
    fn groups_count_once_and_pages_join_without_gap_or_repetition() {
        let keys = ["a", "b/1", "b/2", "c", "d/1"];
        let mut wanted = Wanted { delimiter: Some("/".to_owned()), limit: Some(2), ..Wanted::default() };
        let first = page(&keys, &wanted);
        assert_eq!(first, (vec!["a".to_owned()], vec!["b/".to_owned()], Some("b/".to_owned())));
        wanted.after = first.2;
        assert_eq!(page(&keys, &wanted), (vec!["c".to_owned()], vec!["d/".to_owned()], None));
    }

    #[test]
    fn a_page_of_nothing_is_not_truncated() {
        let wanted = Wanted { limit: Some(0), ..Wanted::default() };
        assert_eq!(page(&["a"], &wanted), (vec![], vec![], None));
    }
}
