//! RDS's own form of tags, and the ARNs by which they are found.

use aws_sdk_rds::types::Tag;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Cx, KindError, Meta, Scope};
use crate::ownership::Tags;

/// Returns tags for a call.
pub(super) fn list(tags: &Tags) -> Vec<Tag> {
    tags.pairs().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Collects observed tags.
pub(super) fn seen(tags: Option<Vec<Tag>>) -> Tags {
    Tags::collect(tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)))
}

/// Returns the ARN of something in RDS: `db` and an instance, `pg` and a parameter group, `subgrp` and a subnet group.
pub(super) fn arn(stack: &Meta, what: &str, name: &str) -> String {
    format!("arn:aws:rds:{}:{}:{what}:{name}", stack.region, stack.account)
}

/// Reads the tags of groups, which their listings do not show, a few at a time, and keeps what is declared or ours.
/// What the index of tags cannot answer costs one `ListTagsForResource` each.
pub(super) async fn covered<T: Send>(
    cx: &Cx,
    scope: &Scope,
    all: Vec<(String, String, T)>,
) -> Result<Vec<(String, Tags, T)>, KindError> {
    const AT_ONCE: usize = 10;
    let mut reads = vec![];
    for (name, arn, group) in all {
        reads.push(async move {
            let tags = scope.tags(&cx.aws, &arn, &name, read(cx, &arn)).await?;
            Ok::<_, KindError>((name, tags, group))
        });
    }
    let all: Vec<_> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    Ok(all.into_iter().filter(|(name, tags, _)| scope.covers(name, tags)).collect())
}

/// Reads the tags of what does not show them in its description; gone since it was listed means no tags.
pub(super) async fn read(cx: &Cx, arn: &str) -> Result<Tags, AwsError> {
    match cx.aws.rds.list_tags_for_resource().resource_name(arn).send().await.named("rds:ListTagsForResource") {
        Ok(answer) => Ok(seen(answer.tag_list)),
        Err(error) if error.is_not_found() => Ok(Tags::default()),
        Err(error) => Err(error),
    }
}

/// Adds or changes tags and removes the keys that are gone; a stopped instance takes them, too.
pub(super) async fn write(cx: &Cx, arn: &str, tags: &Tags, gone: &[String]) -> Result<(), AwsError> {
    let call = cx.aws.rds.add_tags_to_resource().resource_name(arn).set_tags(Some(list(tags)));
    call.send().await.named("rds:AddTagsToResource")?;
    if gone.is_empty() { Ok(()) } else { remove(cx, arn, gone).await }
}

/// Removes tags; gone already is success.
pub(super) async fn remove(cx: &Cx, arn: &str, keys: &[String]) -> Result<(), AwsError> {
    let call = cx.aws.rds.remove_tags_from_resource().resource_name(arn).set_tag_keys(Some(keys.to_vec()));
    match call.send().await.named("rds:RemoveTagsFromResource") {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}
