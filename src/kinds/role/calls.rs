//! The calls that read one role in full and change its policies.

use std::collections::BTreeMap;

use aws_sdk_iam::types::{self, RoleDetail, Tag};
use serde_json::Value;

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Cx, Found, KindError};
use crate::kinds::policy;
use crate::ownership::Tags;

/// What is observed of a role.
#[derive(Debug)]
pub struct Seen {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) trust: Value,
    /// The attached managed policies: the ARN where the name alone would not find them.
    pub(super) policies: Vec<String>,
    pub(super) inline: BTreeMap<String, Value>,
}

/// Makes what one listing of everything says of a role comparable.
pub(super) fn observe(role: RoleDetail) -> Found<Seen> {
    let name = role.role_name.unwrap_or_default();
    let attached = role.attached_managed_policies.unwrap_or_default().into_iter();
    let inline = role.role_policy_list.unwrap_or_default().into_iter();
    let seen = Seen {
        name: name.clone(),
        arn: role.arn.unwrap_or_default(),
        trust: document(role.assume_role_policy_document.as_deref()),
        policies: attached.filter_map(|one| one.policy_arn).map(|arn| policy::short_name(&arn)).collect(),
        inline: inline.filter_map(|one| Some((one.policy_name?, document(one.policy_document.as_deref())))).collect(),
    };
    Found { name, tags: tags(role.tags), seen }
}

/// Reads one role in full: one call for the role and its tags, one for each of the two lists of its policies, and one
/// for each inline policy.
pub(super) async fn look(cx: &Cx, name: &str) -> Result<Option<Found<Seen>>, KindError> {
    let read = futures::try_join!(get(cx, name), attached(cx, name), inline(cx, name));
    let (role, policies, inline) = match read {
        Err(error) if error.is_not_found() => return Ok(None),
        read => read?,
    };
    let trust = document(role.assume_role_policy_document.as_deref());
    let seen = Seen { name: name.to_owned(), arn: role.arn, trust, policies, inline };
    Ok(Some(Found { name: name.to_owned(), tags: tags(role.tags), seen }))
}

async fn get(cx: &Cx, name: &str) -> Result<types::Role, AwsError> {
    let answer = cx.aws.iam.get_role().role_name(name).send().await.named("iam:GetRole")?;
    answer.role.ok_or_else(|| AwsError::incomplete("iam:GetRole", "role"))
}

async fn attached(cx: &Cx, name: &str) -> Result<Vec<String>, AwsError> {
    let mut policies = vec![];
    let mut pages = cx.aws.iam.list_attached_role_policies().role_name(name).into_paginator().items().send();
    while let Some(policy) = pages.next().await {
        let arn = policy.named("iam:ListAttachedRolePolicies")?.policy_arn;
        policies.extend(arn.map(|arn| policy::short_name(&arn)));
    }
    Ok(policies)
}

async fn inline(cx: &Cx, name: &str) -> Result<BTreeMap<String, Value>, AwsError> {
    let mut inline = BTreeMap::new();
    let mut pages = cx.aws.iam.list_role_policies().role_name(name).into_paginator().items().send();
    while let Some(policy) = pages.next().await {
        let policy = policy.named("iam:ListRolePolicies")?;
        let call = cx.aws.iam.get_role_policy().role_name(name).policy_name(&policy);
        let answer = call.send().await.named("iam:GetRolePolicy")?;
        inline.insert(policy, document(Some(&answer.policy_document)));
    }
    Ok(inline)
}

/// IAM returns policy documents percent-encoded.
fn document(encoded: Option<&str>) -> Value {
    let decoded = percent_encoding::percent_decode_str(encoded.unwrap_or_default()).decode_utf8_lossy();
    serde_json::from_str(&decoded).unwrap_or_default()
}

fn tags(tags: Option<Vec<Tag>>) -> Tags {
    Tags::collect(tags.unwrap_or_default().into_iter().map(|tag| (Some(tag.key), Some(tag.value))))
}

/// Attaches a managed policy.
pub(super) async fn attach(cx: &Cx, role: &str, policy: &str) -> Result<(), KindError> {
    let call = cx.aws.iam.attach_role_policy().role_name(role).policy_arn(policy::managed_arn(policy));
    call.send().await.named("iam:AttachRolePolicy")?;
    Ok(())
}

/// Detaches a managed policy; what is detached already is success.
pub(super) async fn detach(cx: &Cx, role: &str, policy: &str) -> Result<(), KindError> {
    let call = cx.aws.iam.detach_role_policy().role_name(role).policy_arn(policy::managed_arn(policy));
    match call.send().await.named("iam:DetachRolePolicy") {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(()),
    }
}

/// Removes an inline policy; what is gone already is success.
pub(super) async fn remove_inline(cx: &Cx, role: &str, policy: &str) -> Result<(), KindError> {
    let call = cx.aws.iam.delete_role_policy().role_name(role).policy_name(policy);
    match call.send().await.named("iam:DeleteRolePolicy") {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(()),
    }
}

/// Returns tags as IAM writes them.
pub(super) fn tag_list(tags: &Tags) -> Result<Vec<Tag>, KindError> {
    let built = tags.pairs().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let list: Result<Vec<Tag>, _> = built.collect();
    Ok(list.map_err(|error| AwsError::incomplete("iam:TagRole", &error.to_string()))?)
}
