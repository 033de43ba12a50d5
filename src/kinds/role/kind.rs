//! The role itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_iam::types::EntityType;
use futures::stream::{StreamExt, TryStreamExt, iter};
use serde_json::Value;

use super::calls::{Seen, attach, detach, look, observe, remove_inline, tag_list};
use super::table::trust;
use super::{Service, Spec};
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{
    Attribute, Cx, Diff, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope,
};
use crate::kinds::policy;
use crate::ownership::Tags;

/// How many roles are asked side by side: IAM takes few calls a second.
const AT_ONCE: usize = 8;

const READ: &str = "iam:GetAccountAuthorizationDetails";

/// The kind and the table. Listing takes one call for up to a thousand roles, their policies and tags included. Who may
/// not make that call pays one for the names and, for each role that is declared or ours, three and one for each inline
/// policy.
pub struct Role;

#[async_trait]
impl Kind for Role {
    const NAME: &'static str = "role";
    const LIMIT: Duration = Duration::from_secs(120);
    const OUTPUTS: &'static [&'static str] = &["arn", "name"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", READ),
        Attribute::in_place("service", READ),
        Attribute::in_place("policies", READ),
        Attribute::in_place("derived", READ),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        let actions = [
            "iam:AttachRolePolicy",
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
        ];
        let arn = format!("arn:aws:iam::{}:role{}{}", meta.account, path(&meta.name), want.name);
        let mut all = vec![Permission::anywhere(&[READ, "iam:ListRoles"]), Permission::new(arn, &actions)];
        let policies = want.policies.iter().map(|policy| policy::managed_arn(policy));
        all.extend(policies.map(|arn| Permission::new(arn, &["iam:GetPolicy"])));
        all
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let wanted_policies: Vec<String> = want.policies.iter().map(|policy| short(policy)).collect();
        let mut diff = Diff::new()
            .in_place("service", want.service.word(), service_of(&seen.trust, &known.stack.account))
            .unordered("policies", &wanted_policies, &seen.policies);
        let wanted = want.inline(known);
        let text = |policies: &BTreeMap<String, Value>, name: &str| {
            policies.get(name).map(|document| policy::canonical(document).to_string()).unwrap_or_default()
        };
        let names: BTreeSet<&String> = wanted.keys().chain(seen.inline.keys()).collect();
        for name in names {
            diff = diff.in_place(&format!("derived.{name}"), text(&wanted, name), text(&seen.inline, name));
        }
        diff
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("arn", seen.arn.clone()), ("name", seen.name.clone())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        match everything(cx, scope).await {
            Err(error) if error.trouble == Trouble::Denied => one_by_one(cx, scope).await,
            listing => Ok(listing?),
        }
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        match &one.name {
            Some(name) => look(cx, name).await,
            None => Ok(None),
        }
    }

    async fn preflight(&self, cx: &Cx, want: &Spec) -> Result<Vec<Finding>, KindError> {
        let mut findings = vec![];
        for (position, name) in want.policies.iter().enumerate() {
            let call = cx.aws.iam.get_policy().policy_arn(policy::managed_arn(name));
            match call.send().await.named("iam:GetPolicy") {
                Err(error) if error.is_not_found() => {
                    let message = format!("there is no managed policy `{name}`");
                    let finding = Finding::error(format!("policies.{position}"), message);
                    findings.push(finding.hint("write its ARN if it is not one of AWS's own"));
                }
                Err(error) if error.trouble != Trouble::Denied => return Err(error.into()),
                _ => {}
            }
        }
        Ok(findings)
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let call = cx
            .aws
            .iam
            .create_role()
            .role_name(&want.name)
            .path(path(&cx.known.stack.name))
            .assume_role_policy_document(trust(want.service, &cx.known.stack.account).to_string())
            .set_tags(Some(tag_list(tags)?));
        match call.send().await.named("iam:CreateRole") {
            Err(error) if error.trouble != Trouble::Exists => return Err(error.into()),
            _ => {}
        }
        write_policies(cx, want, &[], &BTreeMap::new()).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, diff: &Diff) -> Result<(), KindError> {
        if diff.has_any(&["service"]) {
            let document = trust(want.service, &cx.known.stack.account).to_string();
            let call = cx.aws.iam.update_assume_role_policy().role_name(&want.name).policy_document(document);
            call.send().await.named("iam:UpdateAssumeRolePolicy")?;
        }
        write_policies(cx, want, &seen.policies, &seen.inline).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        if !gone.is_empty() {
            let call = cx.aws.iam.untag_role().role_name(&seen.name).set_tag_keys(Some(gone.to_vec()));
            call.send().await.named("iam:UntagRole")?;
        }
        let call = cx.aws.iam.tag_role().role_name(&seen.name).set_tags(Some(tag_list(tags)?));
        call.send().await.named("iam:TagRole")?;
        Ok(())
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        // IAM refuses while a policy is left, also one that came after the plan.
        let Some(Found { seen, .. }) = look(cx, &seen.name).await? else { return Ok(()) };
        for policy in &seen.policies {
            detach(cx, &seen.name, policy).await?;
        }
        for policy in seen.inline.keys() {
            remove_inline(cx, &seen.name, policy).await?;
        }
        match cx.aws.iam.delete_role().role_name(&seen.name).send().await.named("iam:DeleteRole") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// The path of a stack's roles: the tagging API leaves roles out, but they can be listed by path.
fn path(stack: &str) -> String {
    format!("/stack/{stack}/")
}

/// Returns the service that a trust policy lets assume the role, or the whole policy if it says anything else.
fn service_of(document: &Value, account: &str) -> String {
    let document = policy::canonical(document);
    let is_trusted = |service: &Service| policy::canonical(&trust(*service, account)) == document;
    Service::ALL.into_iter().find(is_trusted).map_or_else(|| document.to_string(), |service| service.word().to_owned())
}

fn short(policy: &str) -> String {
    policy::short_name(&policy::managed_arn(policy))
}

/// Reads all roles of the account with everything that belongs to them.
async fn everything(cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, AwsError> {
    const PAGE: i32 = 1000;
    let call = cx.aws.iam.get_account_authorization_details().filter(EntityType::Role).max_items(PAGE);
    let mut pages = call.into_paginator().send();
    let mut found = vec![];
    while let Some(page) = pages.next().await {
        let roles = page.named(READ)?.role_detail_list.unwrap_or_default().into_iter().map(observe);
        found.extend(roles.filter(|role| scope.covers(&role.name, &role.tags)));
    }
    Ok(found)
}

/// Reads the declared roles and those under the path of the stack.
async fn one_by_one(cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
    let mut names: BTreeSet<String> = scope.names.keys().cloned().collect();
    let mut pages = cx.aws.iam.list_roles().path_prefix(path(&scope.stack)).into_paginator().items().send();
    while let Some(role) = pages.next().await {
        names.insert(role.named("iam:ListRoles")?.role_name);
    }
    let looks: Vec<_> = names.iter().map(|name| look(cx, name)).collect();
    let found: Vec<_> = iter(looks).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Brings managed and inline policies to what is declared: first what is missing, then what is too much.
async fn write_policies(
    cx: &Cx,
    want: &Spec,
    attached: &[String],
    inline: &BTreeMap<String, Value>,
) -> Result<(), KindError> {
    let wanted_policies: Vec<String> = want.policies.iter().map(|policy| short(policy)).collect();
    for policy in wanted_policies.iter().filter(|policy| !attached.contains(policy)) {
        attach(cx, &want.name, policy).await?;
    }
    let wanted = want.inline(&cx.known);
    let differs = |(policy, document): &(&String, &Value)| {
        inline.get(*policy).map(policy::canonical) != Some(policy::canonical(document))
    };
    for (policy, document) in wanted.iter().filter(differs) {
        let call = cx.aws.iam.put_role_policy().role_name(&want.name).policy_name(policy);
        call.policy_document(document.to_string()).send().await.named("iam:PutRolePolicy")?;
    }
    for policy in attached.iter().filter(|policy| !wanted_policies.contains(policy)) {
        detach(cx, &want.name, policy).await?;
    }
    for policy in inline.keys().filter(|policy| !wanted.contains_key(*policy)) {
        remove_inline(cx, &want.name, policy).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "123456789012";

    #[test]
    fn a_trust_policy_that_lets_somebody_else_in_is_shown_in_full() {
        assert_eq!(service_of(&trust(Service::Glue, ACCOUNT), ACCOUNT), "glue");
        let mut wider = trust(Service::Glue, ACCOUNT);
        wider["Statement"][0]["Principal"] = serde_json::json!({ "AWS": "*" });
        assert!(service_of(&wider, ACCOUNT).contains(r#""AWS":["*"]"#));
    }

    #[test]
    fn schedules_of_another_account_may_not_use_the_role() {
        for service in [Service::Scheduler, Service::States] {
            let document = trust(service, ACCOUNT);
            assert_eq!(document["Statement"][0]["Condition"]["StringEquals"]["aws:SourceAccount"], ACCOUNT);
            assert_eq!(service_of(&document, ACCOUNT), service.word());
            assert_ne!(service_of(&trust(service, "210987654321"), ACCOUNT), service.word());
        }
    }
}
