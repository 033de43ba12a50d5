//! EC2's own form of tags and filters.

use std::time::Duration;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{Cx, Found, KindError, Meta, One, Permission, Scope};
use crate::ownership::Tags;
use crate::wait::Backoff;

/// How long an id that was just given out may be unknown to the next call.
const SPREADS: Duration = Duration::from_secs(60);

/// Returns the tags for a create call.
pub(super) fn specification(of: ResourceType, tags: &Tags) -> TagSpecification {
    TagSpecification::builder().resource_type(of).set_tags(Some(list(tags))).build()
}

/// Returns the filters of the calls that make up a listing: everything of the stack and, where ids of other things are
/// asked for so that they can be adopted, those ids. `key` is the filter that takes ids, `prefix` how ids begin.
pub(super) fn of_scope(scope: &Scope, key: &str, prefix: &str) -> Vec<Vec<Filter>> {
    let ids: Vec<String> = scope.names.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
    let named = Filter::builder().name(key).set_values(Some(ids.clone())).build();
    let mut looks = vec![vec![filter("tag:stack:name", &scope.stack)]];
    if !ids.is_empty() {
        looks.push(vec![named]);
    }
    looks
}

/// Returns the filters that find one resource: by its id or, before that is known, by its tags.
pub(super) fn of_one(one: &One, key: &str) -> Vec<Filter> {
    match &one.name {
        Some(id) => vec![filter(key, id)],
        None => vec![filter("tag:stack:name", &one.stack), filter("tag:stack:id", &one.address.to_string())],
    }
}

/// Adds what is not there yet: a thing may be found by its tags and by its id.
pub(super) fn join<Seen>(found: &mut Vec<Found<Seen>>, more: Vec<Found<Seen>>) {
    for one in more {
        if !found.iter().any(|other| other.name == one.name) {
            found.push(one);
        }
    }
}

/// Returns a filter for one value.
pub(super) fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// Returns whether something carries the name of a stack.
pub(super) fn is_of(tags: &[Tag], stack: &str) -> bool {
    let is_name = |tag: &Tag| tag.key.as_deref() == Some("stack:name") && tag.value.as_deref() == Some(stack);
    tags.iter().any(is_name)
}

/// Collects observed tags.
pub(super) fn seen(tags: Option<Vec<Tag>>) -> Tags {
    Tags::collect(tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)))
}

/// Adds or changes tags of anything in EC2 and removes the keys `gone`.
pub(super) async fn write(cx: &Cx, id: &str, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
    if !gone.is_empty() {
        let doomed = gone.iter().map(|key| Tag::builder().key(key).build()).collect();
        let call = cx.aws.ec2.delete_tags().resources(id).set_tags(Some(doomed));
        call.send().await.named("ec2:DeleteTags")?;
    }
    if !tags.is_empty() {
        let call = cx.aws.ec2.create_tags().resources(id).set_tags(Some(list(tags)));
        call.send().await.named("ec2:CreateTags")?;
    }
    Ok(())
}

fn list(tags: &Tags) -> Vec<Tag> {
    tags.pairs().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Returns the error of a call that builds on something made a moment ago: what is unknown may be known soon.
pub(super) fn not_yet(error: AwsError) -> AwsError {
    if error.is_not_found() { AwsError { trouble: Trouble::NotYet, ..error } } else { error }
}

/// Makes the call that follows a creation, again while the new id is not known everywhere.
pub(super) async fn once_known<T, Calling>(call: impl Fn() -> Calling) -> Result<T, AwsError>
where
    Calling: Future<Output = Result<T, AwsError>>,
{
    let deadline = tokio::time::Instant::now() + SPREADS;
    let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(5));
    loop {
        match call().await {
            Err(error) if error.is_not_found() && tokio::time::Instant::now() < deadline => backoff.sleep().await,
            outcome => return outcome,
        }
    }
}

/// Returns the ARN of all of one type of EC2's: ids are not known before they are given out.
pub(super) fn arn(meta: &Meta, of: &str) -> String {
    format!("arn:aws:ec2:{}:{}:{of}/*", meta.region, meta.account)
}

/// Returns what listing one type and working on it takes.
pub(super) fn permissions(meta: &Meta, of: &str, describe: &'static str, actions: &[&'static str]) -> Vec<Permission> {
    let mut all = vec!["ec2:CreateTags", "ec2:DeleteTags"];
    all.extend(actions);
    vec![Permission::anywhere(&[describe]), Permission::new(arn(meta, of), &all)]
}
