//! The listing operations.

use s3s::S3Result;
use s3s::dto::*;

use super::listing::Wanted;
use super::objects::Objects;
use super::record::Record;
use super::store::Store;

impl Objects {
    /// Lists keys, the newer way.
    pub(super) async fn list_v2(&self, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
        let token =
            input.continuation_token.as_deref().and_then(|token| String::from_utf8(hex::decode(token).ok()?).ok());
        let wanted = Wanted {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after: token.or_else(|| input.start_after.clone()),
            limit: input.max_keys,
        };
        let owner = input.fetch_owner == Some(true);
        let encode = Encoder(input.encoding_type.is_some());
        let (contents, groups, next) = self.page(&input.bucket, wanted, encode, owner).await?;
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(encode.text(&input.prefix.unwrap_or_default())),
            max_keys: Some(input.max_keys.unwrap_or(1000)),
            key_count: i32::try_from(contents.len() + groups.len()).ok(),
            continuation_token: input.continuation_token,
            is_truncated: Some(next.is_some()),
            next_continuation_token: next.map(hex::encode),
            contents: (!contents.is_empty()).then_some(contents),
            common_prefixes: (!groups.is_empty()).then_some(groups),
            delimiter: input.delimiter.map(|delimiter| encode.text(&delimiter)),
            encoding_type: input.encoding_type,
            start_after: input.start_after.map(|after| encode.text(&after)),
            ..ListObjectsV2Output::default()
        })
    }

    /// Lists keys, the older way.
    pub(super) async fn list_v1(&self, input: ListObjectsInput) -> S3Result<ListObjectsOutput> {
        let wanted = Wanted {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after: input.marker.clone(),
            limit: input.max_keys,
        };
        let encode = Encoder(input.encoding_type.is_some());
        let (contents, groups, next) = self.page(&input.bucket, wanted, encode, true).await?;
        Ok(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(encode.text(&input.prefix.unwrap_or_default())),
            marker: Some(encode.text(&input.marker.unwrap_or_default())),
            max_keys: Some(input.max_keys.unwrap_or(1000)),
            is_truncated: Some(next.is_some()),
            next_marker: next.map(|next| encode.text(&next)),
            contents: (!contents.is_empty()).then_some(contents),
            common_prefixes: (!groups.is_empty()).then_some(groups),
            delimiter: input.delimiter.map(|delimiter| encode.text(&delimiter)),
            encoding_type: input.encoding_type,
            ..ListObjectsOutput::default()
        })
    }

    async fn page(
        &self,
        bucket: &str,
        wanted: Wanted,
        encode: Encoder,
        owner: bool,
    ) -> S3Result<(Vec<Object>, Vec<CommonPrefix>, Option<String>)> {
        let bucket = bucket.to_owned();
        self.blocking(move |store| {
            store.describe(&bucket)?;
            let page = wanted.page(store.keys(&bucket, &wanted.prefix)?);
            let mut contents = Vec::with_capacity(page.keys.len());
            for key in &page.keys {
                // What another process removed meanwhile is left out.
                let Some(found) = store.current(&bucket, key)? else { continue };
                contents.push(Object {
                    e_tag: Some(ETag::Strong(found.record.etag.clone())),
                    key: Some(encode.text(key)),
                    last_modified: Some(found.record.modified()),
                    owner: owner.then(account),
                    size: i64::try_from(found.record.size).ok(),
                    storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                    ..Object::default()
                });
            }
            Ok((contents, common_prefixes(page.groups, encode), page.next))
        })
        .await
    }

    /// Lists every version and delete marker, newest first within a key.
    pub(super) async fn list_versions(&self, input: ListObjectVersionsInput) -> S3Result<ListObjectVersionsOutput> {
        let bucket = input.bucket.clone();
        let prefix = input.prefix.clone().unwrap_or_default();
        let below = prefix.clone();
        let all = self
            .blocking(move |store| {
                store.describe(&bucket)?;
                every_version(store, &bucket, &below)
            })
            .await?;
        let encode = Encoder(input.encoding_type.is_some());
        let wanted = Wanted { prefix, delimiter: input.delimiter.clone(), limit: input.max_keys, after: None };
        let started = after_marker(all, input.key_marker.as_deref(), input.version_id_marker.as_deref());
        let mut output = ListObjectVersionsOutput {
            name: Some(input.bucket),
            prefix: Some(encode.text(&wanted.prefix)),
            key_marker: Some(encode.text(&input.key_marker.clone().unwrap_or_default())),
            version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
            max_keys: Some(input.max_keys.unwrap_or(1000)),
            delimiter: input.delimiter.map(|delimiter| encode.text(&delimiter)),
            encoding_type: input.encoding_type,
            is_truncated: Some(false),
            ..ListObjectVersionsOutput::default()
        };
        fill(&mut output, started, &wanted, encode, input.key_marker.as_deref());
        Ok(output)
    }
}

/// Encodes keys as the caller asked, so that any key survives XML.
#[derive(Clone, Copy)]
struct Encoder(bool);

impl Encoder {
    fn text(self, key: &str) -> String {
        if !self.0 {
            return key.to_owned();
        }
        let parts: Vec<String> =
            key.split('/').map(|part| form_urlencoded::byte_serialize(part.as_bytes()).collect()).collect();
        // A space as every decoder takes it; a plus sign was encoded before.
        parts.join("/").replace('+', "%20")
    }
}

fn common_prefixes(groups: Vec<String>, encode: Encoder) -> Vec<CommonPrefix> {
    groups.iter().map(|group| CommonPrefix { prefix: Some(encode.text(group)) }).collect()
}

fn account() -> Owner {
    Owner { id: Some(crate::localcloud::emulated::ACCOUNT.to_owned()), ..Owner::default() }
}

/// Returns every version with whether it is the latest, by key and then newest first.
fn every_version(store: &Store, bucket: &str, prefix: &str) -> S3Result<Vec<(Record, bool)>> {
    let mut records = store.all_archived(bucket)?;
    records.retain(|record| record.key.starts_with(prefix));
    let mut current = std::collections::BTreeMap::new();
    for key in store.keys(bucket, prefix)? {
        if let Some(found) = store.current(bucket, &key)? {
            // A crash may have left a copy of what is still the object.
            records.retain(|record| record.key != key || record.version != found.record.version);
            current.insert(key, found.record.version.clone());
            records.push(found.record);
        }
    }
    records.sort_by(|left, right| (&left.key, right.sequence).cmp(&(&right.key, left.sequence)));
    let mut all: Vec<(Record, bool)> = Vec::with_capacity(records.len());
    for record in records {
        let latest = match current.get(&record.key) {
            Some(version) => *version == record.version,
            None => all.last().is_none_or(|(last, _)| last.key != record.key),
        };
        all.push((record, latest));
    }
    Ok(all)
}

/// Leaves out what the page before had.
fn after_marker(all: Vec<(Record, bool)>, key: Option<&str>, version: Option<&str>) -> Vec<(Record, bool)> {
    let Some(key) = key.filter(|key| !key.is_empty()) else { return all };
    let mut passed = version.is_none_or(str::is_empty);
    let mut left = Vec::new();
    for (record, latest) in all {
        if record.key.as_str() < key || (record.key == key && version.is_none_or(str::is_empty)) {
            continue;
        }
        if record.key == key && !passed {
            passed = Some(record.version.as_str()) == version;
            continue;
        }
        left.push((record, latest));
    }
    left
}

fn fill(
    output: &mut ListObjectVersionsOutput,
    all: Vec<(Record, bool)>,
    wanted: &Wanted,
    encode: Encoder,
    marker: Option<&str>,
) {
    let (mut versions, mut markers, mut groups) = (Vec::new(), Vec::new(), Vec::<String>::new());
    let mut last: Option<(String, Option<String>)> = None;
    for (record, latest) in all {
        let group = wanted.group(&record.key).map(str::to_owned);
        if group.as_ref().is_some_and(|group| groups.last() == Some(group) || marker == Some(group.as_str())) {
            continue;
        }
        if versions.len() + markers.len() + groups.len() == wanted.limit() {
            output.is_truncated = Some(last.is_some());
            output.next_key_marker = last.as_ref().map(|(key, _)| encode.text(key));
            output.next_version_id_marker = last.and_then(|(_, version)| version);
            break;
        }
        last = Some(match &group {
            Some(group) => (group.clone(), None),
            None => (record.key.clone(), Some(record.version.clone())),
        });
        match group {
            Some(group) => groups.push(group),
            None if record.delete_marker => markers.push(DeleteMarkerEntry {
                is_latest: Some(latest),
                key: Some(encode.text(&record.key)),
                last_modified: Some(record.modified()),
                owner: Some(account()),
                version_id: Some(record.version),
            }),
            None => versions.push(ObjectVersion {
                e_tag: Some(ETag::Strong(record.etag.clone())),
                is_latest: Some(latest),
                key: Some(encode.text(&record.key)),
                last_modified: Some(record.modified()),
                owner: Some(account()),
                size: i64::try_from(record.size).ok(),
                storage_class: Some(ObjectVersionStorageClass::from_static(ObjectVersionStorageClass::STANDARD)),
                version_id: Some(record.version),
                ..ObjectVersion::default()
            }),
        }
    }
    output.versions = (!versions.is_empty()).then_some(versions);
    output.delete_markers = (!markers.is_empty()).then_some(markers);
    let groups = common_prefixes(groups, encode);
    output.common_prefixes = (!groups.is_empty()).then_some(groups);
}
