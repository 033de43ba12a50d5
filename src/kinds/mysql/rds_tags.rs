//! RDS's own form of tags.

use aws_sdk_rds::types::Tag;

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

/// Reads the tags of what does not show them in its description.
pub(super) async fn read(cx: &Cx, arn: &str) -> Result<Tags, AwsError> {
    let answer = cx.aws.rds.list_tags_for_resource().resource_name(arn).send().await;
    Ok(seen(answer.named("rds:ListTagsForResource")?.tag_list))
}

/// Adds or changes tags; a stopped instance takes them, too.
pub(super) async fn write(cx: &Cx, arn: &str, tags: &Tags) -> Result<(), AwsError> {
    let call = cx.aws.rds.add_tags_to_resource().resource_name(arn).set_tags(Some(list(tags)));
    call.send().await.named("rds:AddTagsToResource").map(drop)
}

/// Removes a tag; gone already is success.
pub(crate) async fn remove(cx: &Cx, arn: &str, key: &str) -> Result<(), AwsError> {
    let call = cx.aws.rds.remove_tags_from_resource().resource_name(arn).tag_keys(key);
    match call.send().await.named("rds:RemoveTagsFromResource") {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}
