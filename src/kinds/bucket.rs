//! `[bucket.NAME]`: an S3 bucket and its settings.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, PublicAccessBlockConfiguration, Tag,
    Tagging, VersioningConfiguration,
};
use serde::{Deserialize, Serialize};

use super::base::{Cx, Diff, Entry, Finding, Found, Kind, KindError, Known, Outputs, Resource, Scope, Table};
use crate::aws::{AwsError, Sorted, Trouble};
use crate::model::Address;
use crate::ownership::Tags;

/// The kind and the table.
pub struct Bucket;

/// Its keys and, at once, its declared fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Its name, unique among all AWS accounts.
    pub name: String,
    /// Whether overwritten and deleted objects are kept as older versions.
    #[serde(default)]
    pub versioning: bool,
    /// Whether all four public access blocks are on.
    #[serde(default = "yes")]
    pub block_public_access: bool,
    /// Tags of its own.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    versioning: bool,
    block_public_access: bool,
    tags: Tags,
}

impl Table for Bucket {
    const NAME: &'static str = "bucket";
    type Spec = Spec;

    fn check(&self, spec: &Spec, _entry: Entry<'_>) -> Vec<Finding> {
        let mut findings: Vec<Finding> = name_problem(&spec.name).into_iter().collect();
        if !spec.block_public_access {
            let warning = Finding::warning("block_public_access", "objects of this bucket can be made public");
            findings.push(warning.hint("leave the key out: nothing in the stack needs it"));
        }
        findings
    }

    fn unique_name(&self, spec: &Spec) -> Option<String> {
        Some(spec.name.clone())
    }

    fn expand(&self, spec: &Spec, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        Ok(vec![Resource::new(&Bucket, entry.name, entry.origin.clone(), spec.clone())])
    }
}

/// Checks the rules of the S3 user guide, "Bucket naming rules".
fn name_problem(name: &str) -> Option<Finding> {
    let problem = |text: &str| Some(Finding::error("name", format!("`{name}` is no valid bucket name: {text}")));
    if name.chars().any(|letter| letter.is_ascii_uppercase()) {
        let lower = name.to_lowercase();
        return problem("upper-case letters are not allowed").map(|found| found.hint(format!("write `{lower}`")));
    }
    if !(3..=63).contains(&name.len()) {
        return problem("it must have 3 to 63 characters");
    }
    if !name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter)) {
        return problem("only a-z, 0-9, `-` and `.` are allowed");
    }
    let edge = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    if !edge(name.chars().next()) || !edge(name.chars().last()) {
        return problem("it must begin and end with a letter or digit");
    }
    if name.contains("..") {
        return problem("two dots in a row are not allowed");
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return problem("it looks like an IP address");
    }
    let reserved = name.starts_with("xn--") || name.ends_with("-s3alias") || name.ends_with("--ol-s3");
    if reserved { problem("it has a prefix or suffix that AWS keeps for itself") } else { None }
}

#[async_trait]
impl Kind for Bucket {
    const NAME: &'static str = "bucket";
    const LIMIT: Duration = Duration::from_secs(600);
    const OUTPUTS: &'static [&'static str] = &["name", "arn"];
    const HOLDS_DATA: bool = true;
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, _want: &Spec) -> Vec<Address> {
        vec![]
    }

    fn diff(&self, want: &Spec, seen: &Seen, _known: &Known) -> Diff {
        let own = Tags(want.tags.clone()).missing_from(&seen.tags);
        let text =
            |tags: &Tags| tags.pairs().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ");
        Diff::new()
            .in_place("versioning", want.versioning, seen.versioning)
            .in_place("block_public_access", want.block_public_access, seen.block_public_access)
            .in_place("tags", text(&own), "")
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone()), ("arn", format!("arn:aws:s3:::{}", seen.name))])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut names = scope.names.clone();
        for name in own_buckets(cx).await? {
            if !names.contains(&name) && tags_of(cx, &name).await?.is_some_and(|tags| is_of(&tags, &scope.stack)) {
                names.push(name);
            }
        }
        let looks = names.iter().map(|name| look(cx, name));
        let found = futures::future::try_join_all(looks).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let region = &cx.known.stack.region;
        let mut call = cx.aws.s3.create_bucket().bucket(&want.name);
        if region != "us-east-1" {
            let place = BucketLocationConstraint::from(region.as_str());
            let configuration = CreateBucketConfiguration::builder().location_constraint(place).build();
            call = call.create_bucket_configuration(configuration);
        }
        match call.send().await.named("s3:CreateBucket") {
            // A lost reply, or a crash before the tags: the bucket is this account's, so the settings follow.
            Err(error) if error.code == "BucketAlreadyOwnedByYou" => {}
            outcome => drop(outcome?),
        }
        let mut all = tags.clone();
        all.0.extend(want.tags.clone());
        write_tags(cx, &want.name, &all).await?;
        write_settings(cx, want).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, diff: &Diff) -> Result<(), KindError> {
        if diff.has_any(&["tags"]) {
            let mut all = seen.tags.clone();
            all.0.extend(want.tags.clone());
            write_tags(cx, &want.name, &all).await?;
        }
        write_settings(cx, want).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        // One call writes the whole set, so what is there is read again and kept.
        let mut all = tags_of(cx, &seen.name).await?.unwrap_or_default();
        all.0.extend(tags.0.clone());
        write_tags(cx, &seen.name, &all).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        super::object::empty_bucket(cx, &seen.name).await?;
        match cx.aws.s3.delete_bucket().bucket(&seen.name).send().await.named("s3:DeleteBucket") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn is_of(tags: &Tags, stack: &str) -> bool {
    matches!(tags.owner(stack), crate::ownership::Owner::Ours(_))
}

async fn own_buckets(cx: &Cx) -> Result<Vec<String>, KindError> {
    let call = cx.aws.s3.list_buckets().bucket_region(&cx.known.stack.region);
    let mut pages = call.into_paginator().send();
    let mut names = vec![];
    while let Some(page) = pages.next().await {
        let page = page.named("s3:ListAllMyBuckets")?;
        names.extend(page.buckets.unwrap_or_default().into_iter().filter_map(|bucket| bucket.name));
    }
    Ok(names)
}

/// Reads tags and settings of one bucket; `None` if there is no such bucket.
async fn look(cx: &Cx, name: &str) -> Result<Option<Found<Seen>>, KindError> {
    let Some(tags) = tags_of(cx, name).await? else { return Ok(None) };
    let versioning = cx.aws.s3.get_bucket_versioning().bucket(name).send().await;
    let versioning = versioning.named("s3:GetBucketVersioning")?.status == Some(BucketVersioningStatus::Enabled);
    let blocks = cx.aws.s3.get_public_access_block().bucket(name).send().await.named("s3:GetBucketPublicAccessBlock");
    let block_public_access = match blocks {
        Ok(answer) => answer.public_access_block_configuration.is_some_and(|blocks| {
            let all = [
                blocks.block_public_acls,
                blocks.ignore_public_acls,
                blocks.block_public_policy,
                blocks.restrict_public_buckets,
            ];
            all.iter().all(|on| *on == Some(true))
        }),
        Err(error) if error.code == "NoSuchPublicAccessBlockConfiguration" => false,
        Err(error) => return Err(error.into()),
    };
    let seen = Seen { name: name.to_owned(), versioning, block_public_access, tags: tags.clone() };
    Ok(Some(Found { name: name.to_owned(), tags, seen }))
}

/// Returns the tags of a bucket, or `None` if there is no such bucket. A bucket of somebody else is an error.
async fn tags_of(cx: &Cx, name: &str) -> Result<Option<Tags>, KindError> {
    match cx.aws.s3.get_bucket_tagging().bucket(name).send().await.named("s3:GetBucketTagging") {
        Ok(answer) => {
            let pairs = answer.tag_set.into_iter().map(|tag| (Some(tag.key), Some(tag.value)));
            Ok(Some(Tags::collect(pairs)))
        }
        Err(error) if error.code == "NoSuchTagSet" => Ok(Some(Tags::default())),
        Err(error) if error.code == "NoSuchBucket" || error.trouble == Trouble::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn write_tags(cx: &Cx, name: &str, tags: &Tags) -> Result<(), KindError> {
    let mut set = Tagging::builder();
    for (key, value) in tags.pairs() {
        set = set.tag_set(
            Tag::builder().key(key).value(value).build().map_err(|error| built("s3:PutBucketTagging", &error))?,
        );
    }
    let set = set.build().map_err(|error| built("s3:PutBucketTagging", &error))?;
    cx.aws.s3.put_bucket_tagging().bucket(name).tagging(set).send().await.named("s3:PutBucketTagging")?;
    Ok(())
}

/// Settings of one bucket are written one after the other: S3 refuses some of them side by side.
async fn write_settings(cx: &Cx, want: &Spec) -> Result<(), KindError> {
    let on = want.block_public_access;
    let blocks = PublicAccessBlockConfiguration::builder()
        .block_public_acls(on)
        .ignore_public_acls(on)
        .block_public_policy(on)
        .restrict_public_buckets(on)
        .build();
    let call = cx.aws.s3.put_public_access_block().bucket(&want.name).public_access_block_configuration(blocks);
    call.send().await.named("s3:PutBucketPublicAccessBlock")?;
    let status = if want.versioning { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
    let versioning = VersioningConfiguration::builder().status(status).build();
    let call = cx.aws.s3.put_bucket_versioning().bucket(&want.name).versioning_configuration(versioning);
    call.send().await.named("s3:PutBucketVersioning")?;
    Ok(())
}

fn built(operation: &'static str, error: &dyn std::error::Error) -> AwsError {
    AwsError::incomplete(operation, &error.to_string())
}

#[cfg(test)]
mod tests {
    use super::name_problem;

    #[test]
    fn bucket_names_follow_the_rules_of_s3() {
        for good in ["uk-ecommerce-data-input", "a.b", "123"] {
            assert_eq!(name_problem(good), None, "{good}");
        }
        for bad in ["uk-ecommerce-data-Input", "ab", "a_b", "-ab", "a..b", "192.168.0.1", "xn--a", "a-s3alias"] {
            assert!(name_problem(bad).is_some(), "{bad}");
        }
        assert_eq!(name_problem("My-Data").unwrap().hint.unwrap(), "write `my-data`");
    }
}
