//! The table `[role.NAME]` and what it stands for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Role;
use crate::kinds::base::{Entry, Finding, KindError, Known, Resource, Table};
use crate::kinds::policy;

/// The name of the inline policy that is derived from what refers to the role.
const DERIVED: &str = "stack-derived";

/// The keys of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleTable {
    /// Its name in AWS.
    pub name: String,
    /// The service that assumes it: `lambda`, `glue`, `redshift`, `scheduler` or `states`.
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
    /// EventBridge Scheduler.
    Scheduler,
    /// Step Functions, and EventBridge Scheduler, which starts the state machine.
    States,
}

impl Service {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [Self::Lambda, Self::Glue, Self::Redshift, Self::Scheduler, Self::States];

    /// Returns the word of the stack file.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Lambda => "lambda",
            Self::Glue => "glue",
            Self::Redshift => "redshift",
            Self::Scheduler => "scheduler",
            Self::States => "states",
        }
    }

    fn principals(self) -> &'static [&'static str] {
        match self {
            Self::Lambda => &["lambda.amazonaws.com"],
            Self::Glue => &["glue.amazonaws.com"],
            Self::Redshift => &["redshift.amazonaws.com"],
            Self::Scheduler => &["scheduler.amazonaws.com"],
            Self::States => &["scheduler.amazonaws.com", "states.amazonaws.com"],
        }
    }

    /// Returns whether the service acts for many accounts at once, so that the role must name its own: otherwise
    /// somebody else's schedule could use it.
    fn names_account(self) -> bool {
        matches!(self, Self::Scheduler | Self::States)
    }
}

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    pub(super) name: String,
    pub(super) service: Service,
    pub(super) policies: Vec<String>,
    /// The statements of the derived policy, with `${account}` for the account.
    derived: Option<Value>,
}

impl Spec {
    /// Declares a role that a table of another kind stands for; `statements` are those of its one policy, with
    /// `${account}` for the account.
    pub fn derived(name: impl Into<String>, service: Service, statements: Vec<Value>) -> Self {
        Self { name: name.into(), service, policies: vec![], derived: Some(Value::Array(statements)) }
    }
}

impl Table for Role {
    const NAME: &'static str = "role";
    type Spec = RoleTable;

    fn check(&self, spec: &RoleTable, _entry: Entry<'_>) -> Vec<Finding> {
        let listed = spec.policies.iter().flatten().enumerate();
        let wide = |policy: &str| {
            let others = ["AdministratorAccess", "PowerUserAccess", "SecretsManagerReadWrite"];
            policy.ends_with("FullAccess") || policy.ends_with("FullAccessV2") || others.contains(&policy)
        };
        let broad = listed.filter(|(_, policy)| wide(policy));
        let warn = |(position, policy): (usize, &String)| {
            let warning = Finding::warning(format!("policies.{position}"), format!("`{policy}` is wider than needed"));
            warning.hint("take `policies` out: least privilege is then derived from the stack")
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

/// Returns the document that lets a service assume a role.
pub(super) fn trust(service: Service, account: &str) -> Value {
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": { "Service": service.principals() },
        "Action": "sts:AssumeRole",
    });
    if let [only] = service.principals() {
        statement["Principal"]["Service"] = json!(only);
    }
    if service.names_account() {
        statement["Condition"] = json!({ "StringEquals": { "aws:SourceAccount": account } });
    }
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

impl Spec {
    /// Returns the wanted inline policies by name.
    pub(super) fn inline(&self, known: &Known) -> BTreeMap<String, Value> {
        let fill = |statements: &Value| {
            let text = statements.to_string().replace("${account}", &known.stack.account);
            json!({ "Version": "2012-10-17", "Statement": serde_json::from_str::<Value>(&text).unwrap_or_default() })
        };
        // IAM takes no policy without a statement: a role that nothing refers to has none.
        let derived = self.derived.iter().filter(|statements| statements.as_array().is_some_and(|all| !all.is_empty()));
        derived.map(|statements| (DERIVED.to_owned(), fill(statements))).collect()
    }
}
