//! The operations of IAM by name.

use async_trait::async_trait;

use super::super::query::{Params, text, wrap};
use super::super::refusal::Refusal;
use super::super::saved::Saved;
use super::state::{Account, page};
use crate::localcloud::denial::Denials;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::service::Service;
use crate::localcloud::{Call, Home, Reply};

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// IAM has no regions.
const EVERYWHERE: &str = "global";

/// IAM, as far as roles and policies go.
pub(in super::super) struct Iam {
    accounts: Saved<Account>,
    denials: Denials,
}

impl Iam {
    /// Opens the account that was saved.
    pub(in super::super) fn open(home: &Home) -> std::io::Result<Self> {
        Ok(Self { accounts: Saved::open("iam", home)?, denials: Denials::from_environment() })
    }
}

#[async_trait]
impl Service for Iam {
    fn signing_names(&self) -> &'static [&'static str] {
        &["iam"]
    }

    async fn handle(&self, call: Call) -> Reply {
        let params = Params::of(call.form());
        let operation = call.operation.as_str();
        let answer = if operation == "SimulatePrincipalPolicy" {
            self.accounts.read(EVERYWHERE, |account| account.simulate(&params, &self.denials))
        } else if call.is_read() {
            self.accounts.read(EVERYWHERE, |account| look(account, operation, &params))
        } else {
            self.accounts.change(EVERYWHERE, |account| change(account, operation, &params))
        };
        match answer {
            Ok(inner) => Reply::query(operation, NAMESPACE, &inner),
            Err(refusal) => Reply::query_error(refusal.status, &refusal.code, &refusal.message),
        }
    }
}

fn look(account: &Account, operation: &str, params: &Params) -> Result<String, Refusal> {
    match operation {
        "GetAccountAuthorizationDetails" => account.details(params),
        "GetPolicy" => account.get_policy(params),
        "GetPolicyVersion" => account.get_version(params),
        "GetRole" => account.get_role(params),
        "GetRolePolicy" => account.get_inline(params),
        "GetUser" => Ok(wrap("User", user())),
        "ListAccountAliases" => Ok(page(params, "AccountAliases", Vec::new())),
        "ListAttachedRolePolicies" => account.list_attached(params),
        "ListEntitiesForPolicy" => account.list_entities(params),
        "ListInstanceProfilesForRole" => {
            account.role(params.required("RoleName")?)?;
            Ok(page(params, "InstanceProfiles", Vec::new()))
        }
        "ListPolicies" => account.list_policies(params),
        "ListPolicyTags" => account.list_policy_tags(params),
        "ListPolicyVersions" => account.list_versions(params),
        "ListRolePolicies" => account.list_inline(params),
        "ListRoleTags" => account.list_role_tags(params),
        "ListRoles" => account.list_roles(params),
        _ => Err(unknown(operation)),
    }
}

fn change(account: &mut Account, operation: &str, params: &Params) -> Result<String, Refusal> {
    match operation {
        "AttachRolePolicy" => account.attach(params),
        "CreatePolicy" => account.create_policy(params),
        "CreatePolicyVersion" => account.create_version(params),
        "CreateRole" => account.create_role(params),
        "DeletePolicy" => account.delete_policy(params),
        "DeletePolicyVersion" => account.delete_version(params),
        "DeleteRole" => account.delete_role(params),
        "DeleteRolePolicy" => account.delete_inline(params),
        "DetachRolePolicy" => account.detach(params),
        "PutRolePolicy" => account.put_inline(params),
        "SetDefaultPolicyVersion" => account.set_default_version(params),
        "TagPolicy" => account.tag_policy(params, false),
        "TagRole" => account.tag_role(params),
        "UntagPolicy" => account.tag_policy(params, true),
        "UntagRole" => account.untag_role(params),
        "UpdateAssumeRolePolicy" => account.update_trust(params),
        "UpdateRole" | "UpdateRoleDescription" => account.update_role(params),
        _ => Err(unknown(operation)),
    }
}

fn user() -> String {
    text("Path", "/")
        + &text("UserName", "local")
        + &text("UserId", super::super::sts::USER_ID)
        + &text("Arn", format!("arn:aws:iam::{ACCOUNT}:user/local"))
        + &text("CreateDate", "2020-01-01T00:00:00Z")
}

fn unknown(operation: &str) -> Refusal {
    Refusal::bad("InvalidAction", format!("The local cloud does not have the action {operation}"))
}
