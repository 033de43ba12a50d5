//! Glue's own form of tags, and the ARNs by which they are found.

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Cx, KindError, Meta, Scope};
use crate::ownership::Tags;

/// Returns tags for a call.
pub(super) fn map(tags: &Tags) -> std::collections::HashMap<String, String> {
    tags.0.clone().into_iter().collect()
}

/// Returns the ARN of something in Glue: `job/name`, `catalog`.
pub(super) fn arn(stack: &Meta, what: &str) -> String {
    format!("arn:aws:glue:{}:{}:{what}", stack.region, stack.account)
}

/// Returns the ARNs of all roles of the stack, which Glue is given.
pub(super) fn roles(stack: &Meta) -> String {
    format!("arn:aws:iam::{}:role/stack/{}/*", stack.account, stack.name)
}

/// Reads the tags of all that was listed, a few at a time, and keeps what is declared or ours. Glue shows no tags in
/// its listings; what the index of tags cannot answer costs one `GetTags` each.
pub(super) async fn covered<T: Send>(
    cx: &Cx,
    scope: &Scope,
    what: &str,
    all: Vec<(String, T)>,
) -> Result<Vec<(String, Tags, T)>, KindError> {
    const AT_ONCE: usize = 10;
    let mut reads = vec![];
    for (name, item) in all {
        reads.push(async move {
            let arn = arn(&cx.known.stack, &format!("{what}/{name}"));
            let tags = scope.tags(&cx.aws, &arn, &name, ask(cx, &arn)).await?;
            Ok::<_, KindError>((name, tags, item))
        });
    }
    let all: Vec<_> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    Ok(all.into_iter().filter(|(name, tags, _)| scope.covers(name, tags)).collect())
}

/// Reads the tags of one thing.
pub(super) async fn read(cx: &Cx, what: &str, name: &str) -> Result<Tags, AwsError> {
    ask(cx, &arn(&cx.known.stack, &format!("{what}/{name}"))).await
}

/// Gone since it was listed means no tags.
async fn ask(cx: &Cx, arn: &str) -> Result<Tags, AwsError> {
    match cx.aws.glue.get_tags().resource_arn(arn).send().await.named("glue:GetTags") {
        Ok(answer) => Ok(Tags(answer.tags.unwrap_or_default().into_iter().collect())),
        Err(error) if error.is_not_found() => Ok(Tags::default()),
        Err(error) => Err(error),
    }
}

/// Adds or changes tags and removes the keys that are gone.
pub(super) async fn write(cx: &Cx, what: &str, name: &str, tags: &Tags, gone: &[String]) -> Result<(), AwsError> {
    let arn = arn(&cx.known.stack, &format!("{what}/{name}"));
    let call = cx.aws.glue.tag_resource().resource_arn(&arn).set_tags_to_add(Some(map(tags)));
    call.send().await.named("glue:TagResource")?;
    if !gone.is_empty() {
        let call = cx.aws.glue.untag_resource().resource_arn(&arn).set_tags_to_remove(Some(gone.to_vec()));
        call.send().await.named("glue:UntagResource")?;
    }
    Ok(())
}
