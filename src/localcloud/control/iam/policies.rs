//! Managed policies: those of AWS, which are there, and those of the customer.

use std::collections::BTreeMap;

use super::super::names::digits;
use super::super::query::{Params, list, maybe, text, wrap};
use super::super::refusal::Refusal;
use super::documents::{check, encode};
use super::managed::{self, MANAGED, Managed};
use super::roles::{check_name, check_path};
use super::state::{Account, Policy, Tags, Version, conflict, exists, no_such, now, page, read_tags, tag_members};
use crate::localcloud::emulated::ACCOUNT;

/// The most versions that a policy has at once.
const MOST_VERSIONS: usize = 5;

/// When the managed policies of AWS came to be, as far as the local cloud is concerned.
const LONG_AGO: &str = "2015-02-06T18:40:58Z";

impl Account {
    /// Answers `CreatePolicy`.
    pub(super) fn create_policy(&mut self, params: &Params) -> Result<String, Refusal> {
        let (name, path) = (params.required("PolicyName")?, params.text("Path").unwrap_or("/"));
        check_name(name, 128)?;
        check_path(path)?;
        let document = check(params.required("PolicyDocument")?, false)?;
        if self.policies.values().any(|policy| policy.name == name) {
            return Err(exists(format!("A policy called {name} already exists. Duplicate names are not allowed.")));
        }
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy{path}{name}");
        let policy = Policy {
            path: path.to_owned(),
            name: name.to_owned(),
            id: format!("ANPA{}", digits(17).to_uppercase()),
            created: now(),
            description: params.text("Description").map(str::to_owned),
            tags: read_tags(params)?,
            versions: BTreeMap::from([(1, Version { created: now(), document })]),
            default: 1,
            last: 1,
        };
        self.policies.insert(arn.clone(), policy);
        Ok(wrap("Policy", self.policy_body(&arn)?))
    }

    /// Answers `GetPolicy`.
    pub(super) fn get_policy(&self, params: &Params) -> Result<String, Refusal> {
        Ok(wrap("Policy", self.policy_body(params.required("PolicyArn")?)?))
    }

    /// Answers `ListPolicies`.
    pub(super) fn list_policies(&self, params: &Params) -> Result<String, Refusal> {
        let scope = params.text("Scope").unwrap_or("All");
        let prefix = params.text("PathPrefix").unwrap_or("/");
        let attached_only = params.flag("OnlyAttached") == Some(true);
        let own = self.policies.iter().map(|(arn, policy)| (arn.clone(), policy.path.clone(), "Local"));
        let aws = MANAGED.iter().map(|policy| (policy.arn(), policy.path.to_owned(), "AWS"));
        let mut members = Vec::new();
        for (arn, path, of) in own.chain(aws) {
            let wanted = (scope == "All" || scope == of) && path.starts_with(prefix);
            if wanted && (!attached_only || self.attachments(&arn) > 0) {
                let body = self.policy_body(&arn)?;
                members.push((arn, body));
            }
        }
        Ok(page(params, "Policies", members))
    }

    /// Answers `DeletePolicy`.
    pub(super) fn delete_policy(&mut self, params: &Params) -> Result<String, Refusal> {
        let arn = params.required("PolicyArn")?;
        let policy = self.own(arn)?;
        if policy.versions.len() > 1 {
            let message = "This policy has more than one version. Before you delete a policy, you must delete the \
                           policy's versions. The default version is deleted with the policy.";
            return Err(conflict(message));
        }
        if self.attachments(arn) > 0 {
            return Err(conflict("Cannot delete a policy attached to entities."));
        }
        self.policies.remove(arn);
        Ok(String::new())
    }

    /// Answers `CreatePolicyVersion`.
    pub(super) fn create_version(&mut self, params: &Params) -> Result<String, Refusal> {
        let document = check(params.required("PolicyDocument")?, false)?;
        let policy = self.own(params.required("PolicyArn")?)?;
        if policy.versions.len() == MOST_VERSIONS {
            let message = "A managed policy can have up to 5 versions. Before you create a new version, you must \
                           delete an existing version.";
            return Err(Refusal::new(409, "LimitExceeded", message));
        }
        policy.last += 1;
        let number = policy.last;
        policy.versions.insert(number, Version { created: now(), document });
        if params.flag("SetAsDefault") == Some(true) {
            policy.default = number;
        }
        Ok(wrap("PolicyVersion", version_body(policy, number, false)))
    }

    /// Answers `GetPolicyVersion`.
    pub(super) fn get_version(&self, params: &Params) -> Result<String, Refusal> {
        let (arn, id) = (params.required("PolicyArn")?, params.required("VersionId")?);
        if let (Some(policy), "v1") = (managed::find(arn), id) {
            return Ok(wrap("PolicyVersion", aws_version(policy, true)));
        }
        let policy = self.policies.get(arn).ok_or_else(|| no_policy(arn))?;
        let number = version_number(policy, id)?;
        Ok(wrap("PolicyVersion", version_body(policy, number, true)))
    }

    /// Answers `ListPolicyVersions`.
    pub(super) fn list_versions(&self, params: &Params) -> Result<String, Refusal> {
        let arn = params.required("PolicyArn")?;
        if let Some(policy) = managed::find(arn) {
            return Ok(page(params, "Versions", vec![("v1".to_owned(), aws_version(policy, false))]));
        }
        let policy = self.policies.get(arn).ok_or_else(|| no_policy(arn))?;
        let version = |number: &u32| (format!("{number:010}"), version_body(policy, *number, false));
        Ok(page(params, "Versions", policy.versions.keys().map(version).collect()))
    }

    /// Answers `DeletePolicyVersion`.
    pub(super) fn delete_version(&mut self, params: &Params) -> Result<String, Refusal> {
        let policy = self.own(params.required("PolicyArn")?)?;
        let number = version_number(policy, params.required("VersionId")?)?;
        if number == policy.default {
            return Err(conflict("Cannot delete the default version of a policy."));
        }
        policy.versions.remove(&number);
        Ok(String::new())
    }

    /// Answers `SetDefaultPolicyVersion`.
    pub(super) fn set_default_version(&mut self, params: &Params) -> Result<String, Refusal> {
        let policy = self.own(params.required("PolicyArn")?)?;
        policy.default = version_number(policy, params.required("VersionId")?)?;
        Ok(String::new())
    }

    /// Answers `TagPolicy` and `UntagPolicy`.
    pub(super) fn tag_policy(&mut self, params: &Params, untag: bool) -> Result<String, Refusal> {
        let (tags, keys) = (read_tags(params)?, params.texts("TagKeys"));
        let policy = self.own(params.required("PolicyArn")?)?;
        policy.tags.extend(tags);
        policy.tags.retain(|key, _| !untag || !keys.contains(key));
        Ok(String::new())
    }

    /// Answers `ListPolicyTags`.
    pub(super) fn list_policy_tags(&self, params: &Params) -> Result<String, Refusal> {
        let arn = params.required("PolicyArn")?;
        let none = Tags::new();
        let tags = match (self.policies.get(arn), managed::find(arn)) {
            (Some(policy), _) => &policy.tags,
            (None, Some(_)) => &none,
            (None, None) => return Err(no_policy(arn)),
        };
        Ok(page(params, "Tags", tags.keys().cloned().zip(tag_members(tags)).collect()))
    }

    /// Answers `ListEntitiesForPolicy`.
    pub(super) fn list_entities(&self, params: &Params) -> Result<String, Refusal> {
        let arn = params.required("PolicyArn")?;
        self.policy_body(arn)?;
        let roles = self.roles.iter().filter(|(_, role)| role.attached.contains(arn));
        let members = roles.map(|(name, role)| (name.clone(), text("RoleName", name) + &text("RoleId", &role.id)));
        Ok(page(params, "PolicyRoles", members.collect()) + &wrap("PolicyGroups", "") + &wrap("PolicyUsers", ""))
    }

    fn own(&mut self, arn: &str) -> Result<&mut Policy, Refusal> {
        if managed::find(arn).is_some() {
            let message = format!("Policy {arn} is managed by AWS and cannot be changed");
            return Err(Refusal::new(403, "AccessDenied", message));
        }
        self.policies.get_mut(arn).ok_or_else(|| no_policy(arn))
    }

    fn attachments(&self, arn: &str) -> usize {
        self.roles.values().filter(|role| role.attached.contains(arn)).count()
    }

    /// Writes a policy of the customer or of AWS.
    pub(super) fn policy_body(&self, arn: &str) -> Result<String, Refusal> {
        let attachments = self.attachments(arn);
        let body = |name: &str, id: &str, path: &str, default: u32, created: &str| {
            text("PolicyName", name)
                + &text("PolicyId", id)
                + &text("Arn", arn)
                + &text("Path", path)
                + &text("DefaultVersionId", format!("v{default}"))
                + &text("AttachmentCount", attachments)
                + &text("PermissionsBoundaryUsageCount", 0)
                + &text("IsAttachable", true)
                + &text("CreateDate", created)
                + &text("UpdateDate", created)
        };
        match (self.policies.get(arn), managed::find(arn)) {
            (Some(policy), _) => Ok(body(&policy.name, &policy.id, &policy.path, policy.default, &policy.created)
                + &maybe("Description", policy.description.as_ref())
                + &list("Tags", "member", tag_members(&policy.tags))),
            (None, Some(aws)) => Ok(body(aws.name, "ANPAI3VAJF5ZCRZ7MCQE6", aws.path, 1, LONG_AGO)),
            (None, None) => Err(no_policy(arn)),
        }
    }
}

fn version_body(policy: &Policy, number: u32, with_document: bool) -> String {
    let Some(version) = policy.versions.get(&number) else { return String::new() };
    let document = with_document.then(|| encode(&version.document));
    maybe("Document", document)
        + &text("VersionId", format!("v{number}"))
        + &text("IsDefaultVersion", number == policy.default)
        + &text("CreateDate", &version.created)
}

fn aws_version(policy: &Managed, with_document: bool) -> String {
    maybe("Document", with_document.then(|| encode(&policy.document())))
        + &text("VersionId", "v1")
        + &text("IsDefaultVersion", true)
        + &text("CreateDate", LONG_AGO)
}

fn version_number(policy: &Policy, id: &str) -> Result<u32, Refusal> {
    let number = id.strip_prefix('v').and_then(|number| number.parse().ok());
    let known = number.filter(|number| policy.versions.contains_key(number));
    known.ok_or_else(|| no_such(format!("Policy version {id} does not exist or is not attachable.")))
}

fn no_policy(arn: &str) -> Refusal {
    no_such(format!("Policy {arn} was not found."))
}
