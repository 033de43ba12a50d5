//! The policies of roles: attached by ARN, or written into the role.

use super::super::query::{Params, text};
use super::super::refusal::Refusal;
use super::documents::{check, encode};
use super::managed;
use super::roles::check_name;
use super::state::{Account, no_such, page};

impl Account {
    /// Answers `AttachRolePolicy`; what is attached stays attached.
    pub(super) fn attach(&mut self, params: &Params) -> Result<String, Refusal> {
        let (role, arn) = (params.required("RoleName")?, params.required("PolicyArn")?);
        self.role(role)?;
        if !self.policies.contains_key(arn) && managed::find(arn).is_none() {
            return Err(no_such(format!("Policy {arn} does not exist or is not attachable.")));
        }
        self.role_mut(role)?.attached.insert(arn.to_owned());
        Ok(String::new())
    }

    /// Answers `DetachRolePolicy`.
    pub(super) fn detach(&mut self, params: &Params) -> Result<String, Refusal> {
        let arn = params.required("PolicyArn")?;
        if self.role_mut(params.required("RoleName")?)?.attached.remove(arn) {
            return Ok(String::new());
        }
        Err(no_such(format!("Policy {arn} was not found.")))
    }

    /// Answers `ListAttachedRolePolicies`.
    pub(super) fn list_attached(&self, params: &Params) -> Result<String, Refusal> {
        let role = self.role(params.required("RoleName")?)?;
        let prefix = params.text("PathPrefix").unwrap_or("/");
        let below = |arn: &&String| arn.split_once(":policy").is_some_and(|(_, path)| path.starts_with(prefix));
        let members = role.attached.iter().filter(below).map(|arn| (arn.clone(), attached(arn))).collect();
        Ok(page(params, "AttachedPolicies", members))
    }

    /// Answers `PutRolePolicy`.
    pub(super) fn put_inline(&mut self, params: &Params) -> Result<String, Refusal> {
        let name = params.required("PolicyName")?;
        check_name(name, 128)?;
        let role = self.role_mut(params.required("RoleName")?)?;
        let document = check(params.required("PolicyDocument")?, false)?;
        role.inline.insert(name.to_owned(), document);
        Ok(String::new())
    }

    /// Answers `GetRolePolicy`.
    pub(super) fn get_inline(&self, params: &Params) -> Result<String, Refusal> {
        let (role, name) = (params.required("RoleName")?, params.required("PolicyName")?);
        let document = self.role(role)?.inline.get(name).ok_or_else(|| no_inline(name))?;
        Ok(text("RoleName", role) + &text("PolicyName", name) + &text("PolicyDocument", encode(document)))
    }

    /// Answers `DeleteRolePolicy`.
    pub(super) fn delete_inline(&mut self, params: &Params) -> Result<String, Refusal> {
        let name = params.required("PolicyName")?;
        let role = self.role_mut(params.required("RoleName")?)?;
        role.inline.remove(name).map(|_| String::new()).ok_or_else(|| no_inline(name))
    }

    /// Answers `ListRolePolicies`.
    pub(super) fn list_inline(&self, params: &Params) -> Result<String, Refusal> {
        let role = self.role(params.required("RoleName")?)?;
        let members = role.inline.keys().map(|name| (name.clone(), name.clone())).collect();
        Ok(page(params, "PolicyNames", members))
    }
}

/// Writes an attached policy.
pub(super) fn attached(arn: &str) -> String {
    text("PolicyName", arn.rsplit('/').next().unwrap_or_default()) + &text("PolicyArn", arn)
}

fn no_inline(name: &str) -> Refusal {
    no_such(format!("The role policy with name {name} cannot be found."))
}
