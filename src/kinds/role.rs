//! `[role.NAME]`: an IAM role that one AWS service assumes.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_iam::types::Tag;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::base::{Cx, Diff, Entry, Finding, Found, Kind, KindError, Known, Outputs, Resource, Scope, Table};
use super::policy;
use crate::aws::{AwsError, Sorted, Trouble};
use crate::model::Address;
use crate::ownership::Tags;

/// The name of the inline policy that is derived from what refers to the role.
const DERIVED: &str = "stack-derived";

/// The kind and the table.
pub struct Role;

/// The keys of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleTable {
    /// Its name in AWS.
    pub name: String,
    /// The service that assumes it: `lambda`, `glue` or `redshift`.
    pub service: Service,
    /// Managed policies of AWS by name. Left out, least privilege is derived from what refers to the role.
    pub policies: Option<Vec<String>>,
}

/// A service that assumes roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// AWS Lambda.
    Lambda,
    /// AWS Glue.
    Glue,
    /// Amazon Redshift.
    Redshift,
}

impl Service {
    fn principal(self) -> &'static str {
        match self {
            Self::Lambda => "lambda.amazonaws.com",
            Self::Glue => "glue.amazonaws.com",
            Self::Redshift => "redshift.amazonaws.com",
        }
    }
}

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    name: String,
    service: Service,
    policies: Vec<String>,
    /// The statements of the derived policy, with `${account}` for the account.
    derived: Option<Value>,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    arn: String,
    trust: Value,
    policies: Vec<String>,
    inline: BTreeMap<String, Value>,
}

impl Table for Role {
    const NAME: &'static str = "role";
    type Spec = RoleTable;

    fn check(&self, spec: &RoleTable, _entry: Entry<'_>) -> Vec<Finding> {
        let listed = spec.policies.iter().flatten().enumerate();
        let broad = listed.filter(|(_, policy)| policy.ends_with("FullAccess"));
        let warn = |(position, policy): (usize, &String)| {
            let warning = Finding::warning(format!("policies.{position}"), format!("`{policy}` is wider than needed"));
            warning.hint("leave `policies` out and least privilege is derived from the stack")
        };
        broad.map(warn).collect()
    }

    fn unique_name(&self, spec: &RoleTable) -> Option<String> {
        Some(spec.name.clone())
    }

    fn expand(&self, spec: &RoleTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        let derived = match &spec.policies {
            Some(_) => None,
            None => Some(policy::derive(entry)),
        };
        let policies = spec.policies.clone().unwrap_or_default();
        let role = Spec { name: spec.name.clone(), service: spec.service, policies, derived };
        Ok(vec![Resource::new(&Role, entry.name, entry.origin.clone(), role)])
    }
}

fn path(stack: &str) -> String {
    format!("/stack/{stack}/")
}

fn trust(service: Service) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": service.principal() },
            "Action": "sts:AssumeRole",
        }],
    })
}

impl Spec {
    fn inline(&self, known: &Known) -> BTreeMap<String, Value> {
        let fill = |statements: &Value| {
            let text = statements.to_string().replace("${account}", &known.stack.account);
            json!({ "Version": "2012-10-17", "Statement": serde_json::from_str::<Value>(&text).unwrap_or_default() })
        };
        self.derived.iter().map(|statements| (DERIVED.to_owned(), fill(statements))).collect()
    }
}

#[async_trait]
impl Kind for Role {
    const NAME: &'static str = "role";
    const LIMIT: Duration = Duration::from_secs(120);
    const OUTPUTS: &'static [&'static str] = &["arn", "name"];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, _want: &Spec) -> Vec<Address> {
        vec![]
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let inline = |policies: &BTreeMap<String, Value>| serde_json::to_string(policies).unwrap_or_default();
        Diff::new()
            .in_place("service", trust(want.service), &seen.trust)
            .unordered("policies", &want.policies, &seen.policies)
            .in_place("derived policy", inline(&want.inline(known)), inline(&seen.inline))
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("arn", seen.arn.clone()), ("name", seen.name.clone())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut names = scope.names.clone();
        let mut pages = cx.aws.iam.list_roles().path_prefix(path(&scope.stack)).into_paginator().items().send();
        while let Some(role) = pages.next().await {
            let role = role.named("iam:ListRoles")?;
            if !names.contains(&role.role_name) {
                names.push(role.role_name);
            }
        }
        let looks = names.iter().map(|name| look(cx, name));
        Ok(futures::future::try_join_all(looks).await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let call = cx
            .aws
            .iam
            .create_role()
            .role_name(&want.name)
            .path(path(&cx.known.stack.name))
            .assume_role_policy_document(trust(want.service).to_string())
            .set_tags(Some(tag_list(tags)?));
        match call.send().await.named("iam:CreateRole") {
            Err(error) if error.trouble != Trouble::Exists => return Err(error.into()),
            _ => {}
        }
        write_policies(cx, want, &[], &BTreeMap::new()).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, diff: &Diff) -> Result<(), KindError> {
        if diff.has_any(&["service"]) {
            let document = trust(want.service).to_string();
            let call = cx.aws.iam.update_assume_role_policy().role_name(&want.name).policy_document(document);
            call.send().await.named("iam:UpdateAssumeRolePolicy")?;
        }
        write_policies(cx, want, &seen.policies, &seen.inline).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        let call = cx.aws.iam.tag_role().role_name(&seen.name).set_tags(Some(tag_list(tags)?));
        call.send().await.named("iam:TagRole")?;
        Ok(())
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
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

async fn look(cx: &Cx, name: &str) -> Result<Option<Found<Seen>>, KindError> {
    let role = match cx.aws.iam.get_role().role_name(name).send().await.named("iam:GetRole") {
        Ok(answer) => answer.role.ok_or_else(|| AwsError::incomplete("iam:GetRole", "role"))?,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut policies = vec![];
    let mut pages = cx.aws.iam.list_attached_role_policies().role_name(name).into_paginator().items().send();
    while let Some(policy) = pages.next().await {
        policies.extend(policy.named("iam:ListAttachedRolePolicies")?.policy_name);
    }
    let mut inline = BTreeMap::new();
    let mut pages = cx.aws.iam.list_role_policies().role_name(name).into_paginator().items().send();
    while let Some(policy) = pages.next().await {
        let policy = policy.named("iam:ListRolePolicies")?;
        let call = cx.aws.iam.get_role_policy().role_name(name).policy_name(&policy);
        let document = call.send().await.named("iam:GetRolePolicy")?.policy_document;
        inline.insert(policy, document_of(&document));
    }
    let tags = Tags::collect(role.tags.unwrap_or_default().into_iter().map(|tag| (Some(tag.key), Some(tag.value))));
    let trust = role.assume_role_policy_document.as_deref().map(document_of).unwrap_or_default();
    let seen = Seen { name: name.to_owned(), arn: role.arn, trust, policies, inline };
    Ok(Some(Found { name: name.to_owned(), tags, seen }))
}

/// IAM returns policy documents percent-encoded.
fn document_of(encoded: &str) -> Value {
    let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8_lossy();
    serde_json::from_str(&decoded).unwrap_or_default()
}

async fn write_policies(
    cx: &Cx,
    want: &Spec,
    attached: &[String],
    inline: &BTreeMap<String, Value>,
) -> Result<(), KindError> {
    for policy in want.policies.iter().filter(|policy| !attached.contains(policy)) {
        let call = cx.aws.iam.attach_role_policy().role_name(&want.name).policy_arn(policy::managed_arn(policy));
        call.send().await.named("iam:AttachRolePolicy")?;
    }
    let wanted = want.inline(&cx.known);
    for (policy, document) in wanted.iter().filter(|(policy, document)| inline.get(*policy) != Some(document)) {
        let call = cx.aws.iam.put_role_policy().role_name(&want.name).policy_name(policy);
        call.policy_document(document.to_string()).send().await.named("iam:PutRolePolicy")?;
    }
    for policy in attached.iter().filter(|policy| !want.policies.contains(policy)) {
        detach(cx, &want.name, policy).await?;
    }
    for policy in inline.keys().filter(|policy| !wanted.contains_key(*policy)) {
        remove_inline(cx, &want.name, policy).await?;
    }
    Ok(())
}

async fn detach(cx: &Cx, role: &str, policy: &str) -> Result<(), KindError> {
    let call = cx.aws.iam.detach_role_policy().role_name(role).policy_arn(policy::managed_arn(policy));
    match call.send().await.named("iam:DetachRolePolicy") {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(()),
    }
}

async fn remove_inline(cx: &Cx, role: &str, policy: &str) -> Result<(), KindError> {
    match cx.aws.iam.delete_role_policy().role_name(role).policy_name(policy).send().await.named("iam:DeleteRolePolicy")
    {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(()),
    }
}

fn tag_list(tags: &Tags) -> Result<Vec<Tag>, KindError> {
    let built = tags.pairs().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let list: Result<Vec<Tag>, _> = built.collect();
    Ok(list.map_err(|error| AwsError::incomplete("iam:TagRole", &error.to_string()))?)
}
