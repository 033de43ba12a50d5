//! Everything about roles and policies in one call.

use super::super::query::{Params, list, text, wrap};
use super::super::refusal::Refusal;
use super::attachments::attached;
use super::documents::encode;
use super::roles::{boundary_body, role_arn};
use super::state::{Account, Role, page, tag_members};

impl Account {
    /// Answers `GetAccountAuthorizationDetails`. There are no users and no groups; a page holds roles, and the first
    /// also the policies of the customer.
    pub(super) fn details(&self, params: &Params) -> Result<String, Refusal> {
        let filters = params.texts("Filter");
        let wants = |kind: &str| filters.is_empty() || filters.iter().any(|filter| filter == kind);
        let roles = if wants("Role") {
            self.roles.iter().map(|(name, role)| (name.clone(), role_detail(name, role))).collect()
        } else {
            Vec::new()
        };
        let mut policies = Vec::new();
        if wants("LocalManagedPolicy") && params.text("Marker").is_none() {
            for (arn, policy) in &self.policies {
                let versions = policy.versions.iter().map(|(number, version)| {
                    text("Document", encode(&version.document))
                        + &text("VersionId", format!("v{number}"))
                        + &text("IsDefaultVersion", *number == policy.default)
                        + &text("CreateDate", &version.created)
                });
                policies.push(self.policy_body(arn)? + &list("PolicyVersionList", "member", versions));
            }
        }
        Ok(wrap("UserDetailList", "")
            + &wrap("GroupDetailList", "")
            + &page(params, "RoleDetailList", roles)
            + &list("Policies", "member", policies))
    }
}

fn role_detail(name: &str, role: &Role) -> String {
    let inline =
        role.inline.iter().map(|(name, document)| text("PolicyName", name) + &text("PolicyDocument", encode(document)));
    text("Path", &role.path)
        + &text("RoleName", name)
        + &text("RoleId", &role.id)
        + &text("Arn", role_arn(name, role))
        + &text("CreateDate", &role.created)
        + &text("AssumeRolePolicyDocument", encode(&role.trust))
        + &wrap("InstanceProfileList", "")
        + &list("RolePolicyList", "member", inline)
        + &list("AttachedManagedPolicies", "member", role.attached.iter().map(|arn| attached(arn)))
        + &role.boundary.as_ref().map(|arn| wrap("PermissionsBoundary", boundary_body(arn))).unwrap_or_default()
        + &list("Tags", "member", tag_members(&role.tags))
        + &wrap("RoleLastUsed", "")
}
