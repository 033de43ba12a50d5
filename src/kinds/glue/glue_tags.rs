//! Glue's own form of tags, and the ARNs by which they are found.

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::Cx;
use crate::ownership::Tags;

/// Returns tags for a call.
pub(super) fn map(tags: &Tags) -> std::collections::HashMap<String, String> {
    tags.0.clone().into_iter().collect()
}

/// Returns the ARN of something in Glue.
pub(super) fn arn(cx: &Cx, what: &str, name: &str) -> String {
    let stack = &cx.known.stack;
    format!("arn:aws:glue:{}:{}:{what}/{name}", stack.region, stack.account)
}

/// Reads the tags of what does not show them in its description; gone since it was listed means no tags.
pub(super) async fn read(cx: &Cx, what: &str, name: &str) -> Result<Tags, AwsError> {
    match cx.aws.glue.get_tags().resource_arn(arn(cx, what, name)).send().await.named("glue:GetTags") {
        Ok(answer) => Ok(Tags(answer.tags.unwrap_or_default().into_iter().collect())),
        Err(error) if error.is_not_found() => Ok(Tags::default()),
        Err(error) => Err(error),
    }
}

/// Adds or changes tags.
pub(super) async fn write(cx: &Cx, what: &str, name: &str, tags: &Tags) -> Result<(), AwsError> {
    let call = cx.aws.glue.tag_resource().resource_arn(arn(cx, what, name)).set_tags_to_add(Some(map(tags)));
    call.send().await.named("glue:TagResource").map(drop)
}
