//! A file of the stack kept in a bucket: the script of a Glue job.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use futures::stream::{StreamExt, TryStreamExt, iter};
use md5::{Digest, Md5};
use serde::Serialize;

use super::base::{Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope};
use crate::aws::Sorted;
use crate::model::Address;
use crate::ownership::{Owner, Tags};

/// The metadata that mark an object as one of a stack, by the tags that they stand for.
const MARKS: [(&str, &str); 2] = [("stack-name", "stack:name"), ("stack-id", "stack:id")];

/// How many folders or objects are asked side by side.
const AT_ONCE: usize = 16;

/// How many objects of a folder, beside the declared ones, are asked for their mark.
const STRANGERS: usize = 100;

/// An object with the content of a local file. Listing takes one call for each folder that holds declared objects, and
/// one for each object beside them that has the same ending: only its metadata tell whether it is ours.
pub struct Object;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// The bucket it lies in.
    pub bucket: Address,
    /// The name of that bucket.
    pub bucket_name: String,
    /// Its key.
    pub key: String,
    /// The MD5 of its content, which S3 shows in listings as the entity tag.
    pub content_hash: String,
    /// The local file.
    #[serde(skip)]
    pub file: PathBuf,
}

impl Spec {
    /// Reads `file` and declares an object with its content.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn of_file(bucket: Address, bucket_name: &str, key: String, file: PathBuf) -> Result<Self, KindError> {
        let content = std::fs::read(&file).map_err(|source| KindError::File { path: file.clone(), source })?;
        let content_hash = hex::encode(Md5::digest(&content));
        Ok(Self { bucket, bucket_name: bucket_name.to_owned(), key, content_hash, file })
    }

    fn identity(&self) -> String {
        format!("{}/{}", self.bucket_name, self.key)
    }
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    bucket: String,
    key: String,
    content_hash: String,
}

#[async_trait]
impl Kind for Object {
    const NAME: &'static str = "object";
    const LIMIT: Duration = Duration::from_secs(300);
    const OUTPUTS: &'static [&'static str] = &["uri"];
    const TAGGED: bool = false;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("bucket", "s3:ListBucket"),
        Attribute::identity("bucket_name", "s3:ListBucket"),
        Attribute::identity("key", "s3:ListBucket"),
        Attribute::in_place("content_hash", "s3:ListBucket"),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.identity())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        vec![want.bucket.clone()]
    }

    fn permissions(&self, want: &Spec, _meta: &Meta) -> Vec<Permission> {
        let bucket = format!("arn:aws:s3:::{}", want.bucket_name);
        // What is beside it in its folder is asked, too.
        let folder = format!("{bucket}/{}*", folder_of(&want.key));
        vec![
            Permission::new(bucket, &["s3:ListBucket"]),
            Permission::new(folder, &["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]),
        ]
    }

    fn diff(&self, want: &Spec, seen: &Seen, _known: &Known) -> Diff {
        Diff::new().in_place("content_hash", &want.content_hash, &seen.content_hash)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("uri", format!("s3://{}/{}", seen.bucket, seen.key))])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let names = scope.names.keys().filter_map(|name| name.split_once('/'));
        let folders: BTreeSet<(&str, &str)> = names.map(|(bucket, key)| (bucket, folder_of(key))).collect();
        let looks = folders.into_iter().map(|(bucket, folder)| list_folder(cx, scope, bucket, folder));
        let found: Vec<Vec<_>> = iter(looks.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some((bucket, key)) = one.name.as_deref().and_then(|name| name.split_once('/')) else { return Ok(None) };
        let head = head(cx, bucket, key, None).await?;
        Ok(head.map(|head| found(bucket, key, &entity_tag(head.e_tag()), marks(key, &head))))
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let content =
            std::fs::read(&want.file).map_err(|source| KindError::File { path: want.file.clone(), source })?;
        let marks = MARKS.into_iter().filter_map(|(name, tag)| Some((name.to_owned(), tags.0.get(tag)?.clone())));
        let call = cx.aws.s3.put_object().bucket(&want.bucket_name).key(&want.key).body(ByteStream::from(content));
        let call = call.set_metadata(Some(marks.collect()));
        // With a key of the person's own the entity tag would not be the MD5 of the content.
        call.server_side_encryption(ServerSideEncryption::Aes256).send().await.named("s3:PutObject")?;
        Ok(())
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        let head = head(cx, &seen.bucket, &seen.key, None).await?;
        let mut tags = head.map(|head| marks(&seen.key, &head)).unwrap_or_default();
        tags.0.insert("stack:name".into(), cx.known.stack.name.clone());
        self.create(cx, want, &tags).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        match cx.aws.s3.delete_object().bucket(&seen.bucket).key(&seen.key).send().await.named("s3:DeleteObject") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Returns whether a version of an object carries the mark of the stack, so that it can be put there again.
pub(super) async fn is_marked(cx: &Cx, bucket: &str, key: &str, version: Option<&str>) -> Result<bool, KindError> {
    let head = head(cx, bucket, key, version).await?;
    let is_ours = |head| matches!(marks(key, &head).owner(&cx.known.stack.name), Owner::Ours(_));
    Ok(head.is_some_and(is_ours))
}

/// Returns everything before the last part of a key.
fn folder_of(key: &str) -> &str {
    key.rfind('/').map_or("", |end| &key[..=end])
}

/// Returns what stands behind the last dot of a key.
fn ending_of(key: &str) -> &str {
    key.rsplit_once('.').map_or("", |(_, ending)| ending)
}

async fn list_folder(cx: &Cx, scope: &Scope, bucket: &str, folder: &str) -> Result<Vec<Found<Seen>>, KindError> {
    let call = cx.aws.s3.list_objects_v2().bucket(bucket).prefix(folder).delimiter("/");
    let mut pages = call.into_paginator().send();
    let declared = |key: &str| scope.declares(&format!("{bucket}/{key}"));
    let mut listing = vec![];
    let mut strangers = vec![];
    let names = scope.names.keys().filter_map(|name| name.strip_prefix(bucket)?.strip_prefix('/'));
    let endings: BTreeSet<&str> = names.map(ending_of).collect();
    while let Some(page) = pages.next().await {
        let page = match page.named("s3:ListBucket") {
            Err(error) if error.is_not_found() => return Ok(vec![]),
            page => page?,
        };
        for object in page.contents() {
            let key = object.key().unwrap_or_default().to_owned();
            if declared(&key) {
                listing.push(found(bucket, &key, &entity_tag(object.e_tag()), Tags::default()));
            } else if endings.contains(ending_of(&key)) && strangers.len() < STRANGERS {
                strangers.push(key);
            }
        }
    }
    let looks = strangers.iter().map(async |key| Ok::<_, KindError>((key, head(cx, bucket, key, None).await?)));
    let looks: Vec<_> = iter(looks.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
    for (key, head) in looks {
        if let Some(head) = head
            && scope.covers(key, &marks(key, &head))
        {
            listing.push(found(bucket, key, &entity_tag(head.e_tag()), marks(key, &head)));
        }
    }
    Ok(listing)
}

async fn head(cx: &Cx, bucket: &str, key: &str, version: Option<&str>) -> Result<Option<HeadObjectOutput>, KindError> {
    let call = cx.aws.s3.head_object().bucket(bucket).key(key).set_version_id(version.map(str::to_owned));
    match call.send().await.named("s3:GetObject") {
        Err(error) if error.is_not_found() => Ok(None),
        outcome => Ok(Some(outcome?)),
    }
}

fn found(bucket: &str, key: &str, content_hash: &str, tags: Tags) -> Found<Seen> {
    let seen = Seen { bucket: bucket.to_owned(), key: key.to_owned(), content_hash: content_hash.to_owned() };
    Found { name: format!("{bucket}/{key}"), tags, seen }
}

fn entity_tag(tag: Option<&str>) -> String {
    tag.unwrap_or_default().trim_matches('"').to_owned()
}

/// Returns the tags that the metadata of an object stand for. One whose address is lost goes by its key.
fn marks(key: &str, head: &HeadObjectOutput) -> Tags {
    let value = |name: &str| head.metadata().and_then(|metadata| metadata.get(name)).cloned();
    let mut tags = Tags::collect(MARKS.map(|(name, tag)| (Some(tag.to_owned()), value(name))));
    if !tags.is_empty() {
        tags.0.entry("stack:id".into()).or_insert_with(|| Address::new(Object::NAME, key).to_string());
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_ends_with_its_slash() {
        assert_eq!(folder_of("scripts/a.py"), "scripts/");
        assert_eq!(folder_of("a.py"), "");
        assert_eq!(ending_of("scripts/a.py"), "py");
    }

    #[test]
    fn marks_become_the_tags_that_they_stand_for() {
        let head = HeadObjectOutput::builder().metadata("stack-name", "shop").metadata("stack-id", "object.old");
        let owner = marks("scripts/a.py", &head.build()).owner("shop");
        assert_eq!(owner, Owner::Ours(Address::new("object", "old")));
        assert_eq!(marks("scripts/a.py", &HeadObjectOutput::builder().build()), Tags::default());
    }
}
