//! EC2's own form of tags and filters.

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::Cx;
use crate::ownership::Tags;

/// Returns the tags for a create call.
pub(super) fn specification(of: ResourceType, tags: &Tags) -> TagSpecification {
    TagSpecification::builder().resource_type(of).set_tags(Some(list(tags))).build()
}

/// Returns the filter that finds everything of a stack.
pub(super) fn of_stack(stack: &str) -> Filter {
    filter("tag:stack:name", stack)
}

/// Returns a filter for one value.
pub(super) fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// Collects observed tags.
pub(super) fn seen(tags: Option<Vec<Tag>>) -> Tags {
    Tags::collect(tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)))
}

/// Adds or changes tags of anything in EC2.
pub(super) async fn write(cx: &Cx, id: &str, tags: &Tags) -> Result<(), AwsError> {
    let call = cx.aws.ec2.create_tags().resources(id).set_tags(Some(list(tags)));
    call.send().await.named("ec2:CreateTags").map(drop)
}

fn list(tags: &Tags) -> Vec<Tag> {
    tags.pairs().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
