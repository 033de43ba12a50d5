//! Redshift's own form of tags.

use aws_sdk_redshift::types::Tag;

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::Cx;
use crate::ownership::Tags;

/// Returns tags for a call.
pub(super) fn list(tags: &Tags) -> Vec<Tag> {
    tags.pairs().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Collects observed tags.
pub(super) fn seen(tags: Option<Vec<Tag>>) -> Tags {
    Tags::collect(tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)))
}

/// Adds or changes tags; a paused cluster takes them, too.
pub(super) async fn write(cx: &Cx, what: &str, name: &str, tags: &Tags) -> Result<(), AwsError> {
    let stack = &cx.known.stack;
    let arn = format!("arn:aws:redshift:{}:{}:{what}:{name}", stack.region, stack.account);
    let call = cx.aws.redshift.create_tags().resource_name(arn).set_tags(Some(list(tags)));
    call.send().await.named("redshift:CreateTags").map(drop)
}
