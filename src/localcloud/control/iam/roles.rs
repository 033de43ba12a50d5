//! Roles and their tags.

use std::collections::{BTreeMap, BTreeSet};

use super::super::names::digits;
use super::super::query::{Params, list, maybe, text, wrap};
use super::super::refusal::Refusal;
use super::documents::{check, encode};
use super::state::{Account, Role, conflict, exists, now, page, read_tags, tag_members};
use crate::localcloud::emulated::ACCOUNT;

impl Account {
    /// Answers `CreateRole`.
    pub(super) fn create_role(&mut self, params: &Params) -> Result<String, Refusal> {
        let name = params.required("RoleName")?;
        check_name(name, 64)?;
        let path = params.text("Path").unwrap_or("/");
        check_path(path)?;
        let trust = check(params.required("AssumeRolePolicyDocument")?, true)?;
        if self.roles.keys().any(|other| other.eq_ignore_ascii_case(name)) {
            return Err(exists(format!("Role with name {name} already exists.")));
        }
        let role = Role {
            path: path.to_owned(),
            id: format!("AROA{}", digits(17).to_uppercase()),
            created: now(),
            trust,
            description: params.text("Description").map(str::to_owned),
            longest_session: longest_session(params)?.unwrap_or(3600),
            boundary: params.text("PermissionsBoundary").map(str::to_owned),
            tags: read_tags(params)?,
            attached: BTreeSet::new(),
            inline: BTreeMap::new(),
        };
        let body = role_body(name, &role, true);
        self.roles.insert(name.to_owned(), role);
        Ok(wrap("Role", body))
    }

    /// Answers `GetRole`.
    pub(super) fn get_role(&self, params: &Params) -> Result<String, Refusal> {
        let name = params.required("RoleName")?;
        Ok(wrap("Role", role_body(name, self.role(name)?, true)))
    }

    /// Answers `ListRoles`, which tells neither tags nor boundaries.
    pub(super) fn list_roles(&self, params: &Params) -> Result<String, Refusal> {
        let prefix = params.text("PathPrefix").unwrap_or("/");
        let found = self.roles.iter().filter(|(_, role)| role.path.starts_with(prefix));
        let members = found.map(|(name, role)| (name.clone(), role_body(name, role, false))).collect();
        Ok(page(params, "Roles", members))
    }

    /// Answers `DeleteRole`, which is refused while policies are there.
    pub(super) fn delete_role(&mut self, params: &Params) -> Result<String, Refusal> {
        let name = params.required("RoleName")?;
        let role = self.role(name)?;
        if !role.attached.is_empty() {
            return Err(conflict("Cannot delete entity, must detach all policies first."));
        }
        if !role.inline.is_empty() {
            return Err(conflict("Cannot delete entity, must delete policies first."));
        }
        self.roles.remove(name);
        Ok(String::new())
    }

    /// Answers `UpdateRole` and `UpdateRoleDescription`.
    pub(super) fn update_role(&mut self, params: &Params) -> Result<String, Refusal> {
        let name = params.required("RoleName")?;
        let seconds = longest_session(params)?;
        let role = self.role_mut(name)?;
        if let Some(description) = params.text("Description") {
            role.description = Some(description.to_owned());
        }
        role.longest_session = seconds.unwrap_or(role.longest_session);
        Ok(wrap("Role", role_body(name, role, true)))
    }

    /// Answers `UpdateAssumeRolePolicy`.
    pub(super) fn update_trust(&mut self, params: &Params) -> Result<String, Refusal> {
        let trust = check(params.required("PolicyDocument")?, true)?;
        self.role_mut(params.required("RoleName")?)?.trust = trust;
        Ok(String::new())
    }

    /// Answers `TagRole`.
    pub(super) fn tag_role(&mut self, params: &Params) -> Result<String, Refusal> {
        let tags = read_tags(params)?;
        let role = self.role_mut(params.required("RoleName")?)?;
        for (key, value) in tags {
            // A key in another case is the same key.
            role.tags.retain(|other, _| !other.eq_ignore_ascii_case(&key));
            role.tags.insert(key, value);
        }
        Ok(String::new())
    }

    /// Answers `UntagRole`.
    pub(super) fn untag_role(&mut self, params: &Params) -> Result<String, Refusal> {
        let keys = params.texts("TagKeys");
        let role = self.role_mut(params.required("RoleName")?)?;
        role.tags.retain(|key, _| !keys.iter().any(|other| other.eq_ignore_ascii_case(key)));
        Ok(String::new())
    }

    /// Answers `ListRoleTags`.
    pub(super) fn list_role_tags(&self, params: &Params) -> Result<String, Refusal> {
        let role = self.role(params.required("RoleName")?)?;
        let members = role.tags.keys().cloned().zip(tag_members(&role.tags)).collect();
        Ok(page(params, "Tags", members))
    }
}

/// Returns the ARN of a role.
pub(super) fn role_arn(name: &str, role: &Role) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role{}{name}", role.path)
}

/// Writes what bounds a role.
pub(super) fn boundary_body(arn: &str) -> String {
    text("PermissionsBoundaryType", "PermissionsBoundaryPolicy") + &text("PermissionsBoundaryArn", arn)
}

fn role_body(name: &str, role: &Role, all: bool) -> String {
    let boundary = role.boundary.as_ref().map(|arn| boundary_body(arn));
    let mut body = text("Path", &role.path)
        + &text("RoleName", name)
        + &text("RoleId", &role.id)
        + &text("Arn", role_arn(name, role))
        + &text("CreateDate", &role.created)
        + &text("AssumeRolePolicyDocument", encode(&role.trust))
        + &maybe("Description", role.description.as_ref())
        + &text("MaxSessionDuration", role.longest_session);
    if all {
        body += &boundary.map(|boundary| wrap("PermissionsBoundary", boundary)).unwrap_or_default();
        if !role.tags.is_empty() {
            body += &list("Tags", "member", tag_members(&role.tags));
        }
        body += &wrap("RoleLastUsed", "");
    }
    body
}

/// Refuses names that IAM refuses.
pub(super) fn check_name(name: &str, longest: usize) -> Result<(), Refusal> {
    let usual = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter);
    if name.chars().all(usual) && (1..=longest).contains(&name.len()) {
        return Ok(());
    }
    let message = format!(
        "1 validation error detected: Value '{name}' failed to satisfy constraint: Member must satisfy regular \
         expression pattern: [\\w+=,.@-]+ and have length less than or equal to {longest}"
    );
    Err(Refusal::bad("ValidationError", message))
}

/// Refuses paths that IAM refuses.
pub(super) fn check_path(path: &str) -> Result<(), Refusal> {
    if path == "/" || (path.starts_with('/') && path.ends_with('/') && path.len() > 2 && path.is_ascii()) {
        return Ok(());
    }
    let message = format!("The specified value for path is invalid. It must begin and end with / : {path}");
    Err(Refusal::bad("ValidationError", message))
}

fn longest_session(params: &Params) -> Result<Option<i64>, Refusal> {
    let seconds = params.number("MaxSessionDuration");
    if seconds.is_some_and(|seconds| !(3600..=43_200).contains(&seconds)) {
        let message = "The MaxSessionDuration must be between 3600 and 43200 seconds";
        return Err(Refusal::bad("ValidationError", message));
    }
    Ok(seconds)
}
