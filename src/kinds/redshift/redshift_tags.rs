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
    let call = cx.aws.redshift.create_tags().resource_name(arn(cx, what, name)).set_tags(Some(list(tags)));
    call.send().await.named("redshift:CreateTags").map(drop)
}

/// Removes a tag of a cluster; gone already is success.
pub(crate) async fn remove(cx: &Cx, cluster: &str, key: &str) -> Result<(), AwsError> {
    let call = cx.aws.redshift.delete_tags().resource_name(arn(cx, "cluster", cluster)).tag_keys(key);
    match call.send().await.named("redshift:DeleteTags") {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

fn arn(cx: &Cx, what: &str, name: &str) -> String {
    let stack = &cx.known.stack;
    format!("arn:aws:redshift:{}:{}:{what}:{name}", stack.region, stack.account)
}
