//! The calls that read and write the settings of one bucket.

use aws_sdk_s3::types::{
    BucketVersioningStatus, PublicAccessBlockConfiguration, Tag, Tagging, VersioningConfiguration,
};

use super::Spec;
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{Cx, KindError};
use crate::ownership::Tags;

/// Returns the tags of a bucket, or `None` if there is no such bucket. A bucket of somebody else is an error.
pub(super) async fn tags_of(cx: &Cx, name: &str) -> Result<Option<Tags>, AwsError> {
    match cx.aws.s3.get_bucket_tagging().bucket(name).send().await.named("s3:GetBucketTagging") {
        Ok(answer) => {
            let pairs = answer.tag_set.into_iter().map(|tag| (Some(tag.key), Some(tag.value)));
            Ok(Some(Tags::collect(pairs)))
        }
        Err(error) if error.code == "NoSuchTagSet" => Ok(Some(Tags::default())),
        Err(error) if error.code == "NoSuchBucket" || error.trouble == Trouble::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the whole set of tags; those that AWS manages itself are left out, since it refuses to take them.
pub(super) async fn write_tags(cx: &Cx, name: &str, tags: &Tags) -> Result<(), KindError> {
    let set = Tagging::builder().set_tag_set(Some(tag_list(tags)?));
    let set = set.build().map_err(|error| built("s3:PutBucketTagging", &error))?;
    cx.aws.s3.put_bucket_tagging().bucket(name).tagging(set).send().await.named("s3:PutBucketTagging")?;
    Ok(())
}

/// Returns tags as S3 writes them.
pub(super) fn tag_list(tags: &Tags) -> Result<Vec<Tag>, AwsError> {
    let own = tags.pairs().filter(|(key, _)| !key.starts_with("aws:"));
    let built_tags = own.map(|(key, value)| Tag::builder().key(key).value(value).build());
    built_tags.collect::<Result<_, _>>().map_err(|error| built("s3:PutBucketTagging", &error))
}

/// Reads whether older versions are kept; `None` if there is no such bucket.
pub(super) async fn versioning(cx: &Cx, name: &str) -> Result<Option<bool>, AwsError> {
    match cx.aws.s3.get_bucket_versioning().bucket(name).send().await.named("s3:GetBucketVersioning") {
        Ok(answer) => Ok(Some(answer.status == Some(BucketVersioningStatus::Enabled))),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads which of the four public access blocks are on: `true`, `false`, or the names of those that are off.
pub(super) async fn public_access(cx: &Cx, name: &str) -> Result<String, AwsError> {
    let call = cx.aws.s3.get_public_access_block().bucket(name);
    match call.send().await.named("s3:GetBucketPublicAccessBlock") {
        Ok(answer) => Ok(answer.public_access_block_configuration.map_or("false".into(), |blocks| describe(&blocks))),
        Err(error) if error.code == "NoSuchPublicAccessBlockConfiguration" => Ok("false".into()),
        Err(error) => Err(error),
    }
}

fn describe(blocks: &PublicAccessBlockConfiguration) -> String {
    let all = [
        ("BlockPublicAcls", blocks.block_public_acls),
        ("IgnorePublicAcls", blocks.ignore_public_acls),
        ("BlockPublicPolicy", blocks.block_public_policy),
        ("RestrictPublicBuckets", blocks.restrict_public_buckets),
    ];
    let off: Vec<&str> = all.iter().filter(|(_, on)| *on != Some(true)).map(|(name, _)| *name).collect();
    match off.len() {
        0 => "true".into(),
        4 => "false".into(),
        _ => format!("{} off", off.join(", ")),
    }
}

/// Settings of one bucket are written one after the other: S3 refuses some of them side by side.
pub(super) async fn write_settings(cx: &Cx, want: &Spec) -> Result<(), KindError> {
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
    use super::*;

    #[test]
    fn one_block_that_is_off_is_named() {
        let all = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .restrict_public_buckets(true);
        assert_eq!(describe(&all.clone().build()), "BlockPublicPolicy off");
        assert_eq!(describe(&all.block_public_policy(true).build()), "true");
        assert_eq!(describe(&PublicAccessBlockConfiguration::builder().build()), "false");
    }

    #[test]
    fn tags_of_aws_itself_are_not_sent() {
        let tags = Tags::collect([(Some("aws:x"), Some("1")), (Some("mine"), Some("2"))]);
        assert_eq!(tag_list(&tags).unwrap().len(), 1);
    }
}
