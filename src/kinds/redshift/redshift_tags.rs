//! Redshift's own form of tags, and the ARNs by which they are found.

use aws_sdk_redshift::types::Tag;

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Cx, Meta};
use crate::ownership::Tags;

/// Returns tags for a call.
pub(super) fn list(tags: &Tags) -> Vec<Tag> {
    tags.pairs().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Collects observed tags.
pub(super) fn seen(tags: Option<Vec<Tag>>) -> Tags {
    Tags::collect(tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)))
}

/// Returns the ARN of something in Redshift: `cluster` and its identifier, `subnetgroup` and its name.
pub(super) fn arn(stack: &Meta, what: &str, name: &str) -> String {
    format!("arn:aws:redshift:{}:{}:{what}:{name}", stack.region, stack.account)
}

/// Adds or changes tags and removes the keys that are gone; a paused cluster takes them, too.
pub(super) async fn write(cx: &Cx, arn: &str, tags: &Tags, gone: &[String]) -> Result<(), AwsError> {
    let call = cx.aws.redshift.create_tags().resource_name(arn).set_tags(Some(list(tags)));
    call.send().await.named("redshift:CreateTags")?;
    if gone.is_empty() { Ok(()) } else { remove(cx, arn, gone).await }
}

/// Removes tags; gone already is success.
pub(super) async fn remove(cx: &Cx, arn: &str, keys: &[String]) -> Result<(), AwsError> {
    let call = cx.aws.redshift.delete_tags().resource_name(arn).set_tag_keys(Some(keys.to_vec()));
    match call.send().await.named("redshift:DeleteTags") {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}
