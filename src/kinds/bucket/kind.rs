//! The bucket itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use futures::stream::{StreamExt, TryStreamExt, iter};

use super::settings::{public_access, tag_list, tags_of, versioning, write_settings, write_tags};
use super::{Spec, empty};
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{
    Attribute, Cx, Diff, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope,
};
use crate::ownership::{Owner, TagIndex, Tags};

/// How many buckets are asked side by side.
const AT_ONCE: usize = 16;

/// The kind and the table. Listing takes one call for the names and, for each bucket that is declared or ours, two for
/// its settings; a third one for its tags where the index of tags does not confirm them.
pub struct Bucket;

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    versioning: bool,
    block_public_access: String,
}

#[async_trait]
impl Kind for Bucket {
    const NAME: &'static str = "bucket";
    const LIMIT: Duration = Duration::from_secs(600);
    const OUTPUTS: &'static [&'static str] = &["name", "arn"];
    const HOLDS_DATA: bool = true;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", "s3:ListAllMyBuckets"),
        Attribute::in_place("versioning", "s3:GetBucketVersioning"),
        Attribute::in_place("block_public_access", "s3:GetBucketPublicAccessBlock"),
        Attribute::in_place("tags", "s3:GetBucketTagging"),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn own_tags(&self, want: &Spec) -> BTreeMap<String, String> {
        want.tags.clone()
    }

    fn permissions(&self, want: &Spec, _meta: &Meta) -> Vec<Permission> {
        let bucket = [
            "s3:CreateBucket",
            "s3:DeleteBucket",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:ListBucket",
            "s3:ListBucketMultipartUploads",
            "s3:ListBucketVersions",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:TagResource",
        ];
        let objects = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject"];
        vec![
            Permission::anywhere(&["s3:ListAllMyBuckets", "tag:GetResources"]),
            Permission::new(arn(&want.name), &bucket),
            // Emptying it, and telling data from what the stack can put there again.
            Permission::new(arn(&format!("{}/*", want.name)), &[&objects[..], &["s3:GetObjectVersion"]].concat()),
        ]
    }

    fn diff(&self, want: &Spec, seen: &Seen, _known: &Known) -> Diff {
        Diff::new().in_place("versioning", want.versioning, seen.versioning).in_place(
            "block_public_access",
            want.block_public_access,
            &seen.block_public_access,
        )
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone()), ("arn", arn(&seen.name))])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let names = own_buckets(cx, scope).await?;
        let looks = names.iter().map(async |name| {
            let tags = scope.tags(&cx.aws, &arn(name), name, asked_tags(cx, scope, name)).await?;
            if scope.covers(name, &tags) { settings(cx, name, tags).await } else { Ok(None) }
        });
        let found: Vec<_> = iter(looks.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = &one.name else { return Ok(None) };
        match tags_of(cx, name).await? {
            Some(tags) => settings(cx, name, tags).await,
            None => Ok(None),
        }
    }

    async fn has_data(&self, cx: &Cx, seen: &Seen) -> Result<bool, KindError> {
        empty::holds_data(cx, &seen.name).await
    }

    async fn preflight(&self, cx: &Cx, want: &Spec) -> Result<Vec<Finding>, KindError> {
        let head = cx.aws.s3.head_bucket().bucket(&want.name).expected_bucket_owner(&cx.known.stack.account);
        // The answer to HEAD has no body, so its status is all there is.
        let problem = match head.send().await.named("s3:ListBucket") {
            Ok(_) => return Ok(vec![]),
            Err(error) if error.is_not_found() => return Ok(vec![]),
            Err(error) if is_forbidden(&error) => "it is taken by another account",
            Err(error) if is_elsewhere(&error) => "it is taken by a bucket in another region",
            Err(error) => return Err(error.into()),
        };
        // Who may not look into buckets is forbidden to look into the own one, too.
        if is_own(cx, &want.name).await? {
            return Ok(vec![]);
        }
        let finding = Finding::error("name", format!("the name `{}` cannot be used: {problem}", want.name));
        Ok(vec![finding.hint(format!("write `{}-{}`", want.name, cx.known.stack.account))])
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let region = &cx.known.stack.region;
        let mut configuration = CreateBucketConfiguration::builder().set_tags(Some(tag_list(tags)?));
        if region != "us-east-1" {
            configuration = configuration.location_constraint(BucketLocationConstraint::from(region.as_str()));
        }
        let call = cx.aws.s3.create_bucket().bucket(&want.name).create_bucket_configuration(configuration.build());
        match call.send().await.named("s3:CreateBucket") {
            // A lost reply: the bucket is this account's, and ours unless its tags say otherwise.
            Err(error) if error.code == "BucketAlreadyOwnedByYou" => refuse_foreign(cx, want).await?,
            Err(error) if error.code == "BucketAlreadyExists" => {
                let text = format!("the bucket name `{}` is taken by another account; choose another one", want.name);
                return Err(KindError::Broken(text));
            }
            outcome => drop(outcome?),
        }
        // An endpoint that ignores tags of a new bucket still gets them.
        write_tags(cx, &want.name, tags).await?;
        write_settings(cx, want).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        write_settings(cx, want).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        // One call writes the whole set, so what is there is read again and kept.
        let mut all = tags_of(cx, &seen.name).await?.unwrap_or_default();
        all.0.retain(|key, _| !gone.contains(key));
        all.0.extend(tags.0.clone());
        write_tags(cx, &seen.name, &all).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        empty::empty(cx, &seen.name).await?;
        match cx.aws.s3.delete_bucket().bucket(&seen.name).send().await.named("s3:DeleteBucket") {
            // Something was put into it in the meantime.
            Err(error) if error.code == "BucketNotEmpty" => {
                Err(AwsError { trouble: Trouble::Conflict, ..error }.into())
            }
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn arn(name: &str) -> String {
    format!("arn:aws:s3:::{name}")
}

fn is_forbidden(error: &AwsError) -> bool {
    error.trouble == Trouble::Denied || ["HTTP 403", "Forbidden", "403"].contains(&error.code.as_str())
}

fn is_elsewhere(error: &AwsError) -> bool {
    let codes = ["HTTP 301", "HTTP 307", "HTTP 400", "301", "PermanentRedirect", "MovedPermanently", "BadRequest"];
    codes.contains(&error.code.as_str())
}

/// Returns whether a bucket is this account's and in the region of the stack.
pub(in crate::kinds) async fn is_own(cx: &Cx, name: &str) -> Result<bool, AwsError> {
    let call = cx.aws.s3.list_buckets().prefix(name).bucket_region(&cx.known.stack.region);
    let own = call.send().await.named("s3:ListAllMyBuckets")?.buckets.unwrap_or_default();
    Ok(own.iter().any(|bucket| bucket.name.as_deref() == Some(name)))
}

async fn refuse_foreign(cx: &Cx, want: &Spec) -> Result<(), KindError> {
    let tags = tags_of(cx, &want.name).await?.unwrap_or_default();
    let is_ours = matches!(tags.owner(&cx.known.stack.name), Owner::Ours(_));
    if tags.is_empty() || is_ours {
        return Ok(());
    }
    Err(KindError::Broken(format!("this account has a bucket `{}` that is not of this stack", want.name)))
}

/// Returns the names of this account's buckets in the region.
async fn own_buckets(cx: &Cx, scope: &Scope) -> Result<Arc<Vec<String>>, KindError> {
    let read = async {
        let call = cx.aws.s3.list_buckets().bucket_region(&cx.known.stack.region);
        let mut pages = call.into_paginator().send();
        let mut names = vec![];
        while let Some(page) = pages.next().await {
            let page = page.named("s3:ListAllMyBuckets")?;
            names.extend(page.buckets.unwrap_or_default().into_iter().filter_map(|bucket| bucket.name));
        }
        Ok::<_, AwsError>(names)
    };
    Ok(scope.shared.once("s3:ListAllMyBuckets", read).await?)
}

/// Asks a bucket for its tags. One that is not declared and does not let itself be asked was not made by a stack.
async fn asked_tags(cx: &Cx, scope: &Scope, name: &str) -> Result<Tags, AwsError> {
    match tags_of(cx, name).await {
        Err(error) if error.trouble == Trouble::Denied && !scope.declares(name) => Ok(Tags::default()),
        tags => Ok(tags?.unwrap_or_default()),
    }
}

/// Returns the buckets that may hold something of the stack beside those that are declared: those with its tags. What
/// is found in one proves by itself whose it is, so an index that lags does no harm.
pub(in crate::kinds) async fn ours(cx: &Cx, scope: &Scope) -> Result<Vec<String>, KindError> {
    let names = own_buckets(cx, scope).await?;
    let index = match scope.trusts_index {
        true => Some(scope.shared.once("tag:GetResources", TagIndex::read(&cx.aws, &scope.stack)).await?),
        false => None,
    };
    let (scope, index) = (&scope, index.as_ref());
    let looks = names.iter().map(async |name| {
        let tags = match index {
            Some(index) => index.of(&arn(name)).cloned().unwrap_or_default(),
            None => asked_tags(cx, scope, name).await?,
        };
        let is_ours = matches!(tags.owner(&scope.stack), Owner::Ours(_));
        Ok::<_, KindError>(is_ours.then(|| name.clone()))
    });
    let ours: Vec<_> = iter(looks.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
    Ok(ours.into_iter().flatten().collect())
}

/// Reads the settings of one bucket; `None` if it is gone.
async fn settings(cx: &Cx, name: &str, tags: Tags) -> Result<Option<Found<Seen>>, KindError> {
    let read = futures::try_join!(versioning(cx, name), public_access(cx, name));
    let (versioning, block_public_access) = match read {
        Err(error) if error.is_not_found() => return Ok(None),
        Ok((None, _)) => return Ok(None),
        read => read?,
    };
    let seen = Seen { name: name.to_owned(), versioning: versioning.unwrap_or_default(), block_public_access };
    Ok(Some(Found { name: name.to_owned(), tags, seen }))
}
