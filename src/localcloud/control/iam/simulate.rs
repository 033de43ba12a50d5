//! `SimulatePrincipalPolicy`: what the policies of a role let it do.

use serde_json::Value;

use super::super::glob::glob;
use super::super::query::{Params, list, text, wrap};
use super::super::refusal::Refusal;
use super::managed;
use super::state::{Account, no_such, page};
use crate::localcloud::denial::Denials;
use crate::localcloud::emulated::ACCOUNT;

/// What the policies say of an action on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Allowed,
    ExplicitDeny,
    ImplicitDeny,
}

/// A policy with the name and the kind by which a result names it.
struct Source {
    id: String,
    kind: &'static str,
    document: Value,
}

/// What is asked of the policies.
struct Question<'a> {
    action: &'a str,
    resource: &'a str,
    /// Condition keys with the values that they have.
    context: &'a [(String, Vec<String>)],
}

impl Decision {
    fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ExplicitDeny => "explicitDeny",
            Self::ImplicitDeny => "implicitDeny",
        }
    }
}

impl Account {
    /// Answers `SimulatePrincipalPolicy`. The one user of the local cloud may do everything but what is denied to it
    /// on purpose; a role may do what its policies and its boundary both allow.
    pub(super) fn simulate(&self, params: &Params, denials: &Denials) -> Result<String, Refusal> {
        let principal = params.required("PolicySourceArn")?;
        let actions = params.texts("ActionNames");
        if let Some(odd) = actions.iter().find(|action| !action.contains(':')) {
            return Err(Refusal::bad("InvalidInput", format!("Invalid Action name: {odd}")));
        }
        let mut resources = params.texts("ResourceArns");
        if resources.is_empty() {
            resources.push("*".to_owned());
        }
        let context: Vec<(String, Vec<String>)> = params
            .list("ContextEntries")
            .into_iter()
            .map(|entry| {
                (entry.text("ContextKeyName").unwrap_or_default().to_lowercase(), entry.texts("ContextKeyValues"))
            })
            .collect();
        let rights = self.rights(principal, params, denials)?;
        let mut results = Vec::new();
        for action in &actions {
            for resource in &resources {
                let (decision, matched) = rights.decide(&Question { action, resource, context: &context });
                let statements: Vec<String> = matched
                    .iter()
                    .map(|source| text("SourcePolicyId", &source.id) + &text("SourcePolicyType", source.kind))
                    .collect();
                let body = text("EvalActionName", action)
                    + &text("EvalResourceName", resource)
                    + &text("EvalDecision", decision.name())
                    + &list("MatchedStatements", "member", statements)
                    + &wrap("MissingContextValues", "");
                results.push((format!("{:06}", results.len()), body));
            }
        }
        Ok(page(params, "EvaluationResults", results))
    }

    /// Collects what bears on a principal.
    fn rights(&self, principal: &str, params: &Params, denials: &Denials) -> Result<Rights, Refusal> {
        let mut given = Vec::new();
        for (number, document) in params.texts("PolicyInputList").into_iter().enumerate() {
            given.push(source(&format!("PolicyInputList.{}", number + 1), "none", &document));
        }
        if principal == format!("arn:aws:iam::{ACCOUNT}:user/local")
            || principal == format!("arn:aws:iam::{ACCOUNT}:root")
        {
            given.push(source("AdministratorAccess", "user", ALLOW_ALL));
            return Ok(Rights { policies: given, boundary: None, denials: Some(denials.clone()) });
        }
        let name = principal.strip_prefix(&format!("arn:aws:iam::{ACCOUNT}:role/"));
        let Some(name) = name.map(|path| path.rsplit('/').next().unwrap_or(path)) else {
            return Err(Refusal::bad(
                "InvalidInput",
                format!("Invalid Entity Arn: {principal} does not clearly define entity type and name."),
            ));
        };
        let role =
            self.roles.get(name).ok_or_else(|| no_such(format!("The role with name {name} cannot be found.")))?;
        for arn in &role.attached {
            let kind = if managed::find(arn).is_some() { "aws-managed" } else { "user-managed" };
            given.push(source(arn.rsplit('/').next().unwrap_or(arn), kind, &self.document(arn)));
        }
        for (policy, document) in &role.inline {
            given.push(source(&format!("role_{name}_{policy}"), "role", document));
        }
        let boundary = role.boundary.as_ref().map(|arn| source(arn, "permissionsBoundary", &self.document(arn)));
        Ok(Rights { policies: given, boundary, denials: None })
    }

    /// Returns the document in force of a managed policy.
    fn document(&self, arn: &str) -> String {
        let own = self.policies.get(arn).and_then(|policy| policy.versions.get(&policy.default));
        let own = own.map(|version| version.document.clone());
        own.or_else(|| managed::find(arn).map(managed::Managed::document)).unwrap_or_default()
    }
}

const ALLOW_ALL: &str = "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}";

fn source(id: &str, kind: &'static str, document: &str) -> Source {
    Source { id: id.to_owned(), kind, document: serde_json::from_str(document).unwrap_or_default() }
}

/// Everything that decides what a principal may do.
struct Rights {
    policies: Vec<Source>,
    boundary: Option<Source>,
    denials: Option<Denials>,
}

impl Rights {
    fn decide(&self, question: &Question<'_>) -> (Decision, Vec<&Source>) {
        if self.denials.as_ref().is_some_and(|denials| denials.has(question.action)) {
            return (Decision::ImplicitDeny, Vec::new());
        }
        let (decision, matched) = decide(&self.policies, question);
        let bounded = self.boundary.as_slice();
        if decision == Decision::Allowed && !bounded.is_empty() && decide(bounded, question).0 != Decision::Allowed {
            return (Decision::ImplicitDeny, Vec::new());
        }
        (decision, matched)
    }
}

/// Decides as IAM does: one denial is enough, and what nothing allows is denied.
fn decide<'a>(policies: &'a [Source], question: &Question<'_>) -> (Decision, Vec<&'a Source>) {
    let with = |effect: &str| -> Vec<&'a Source> {
        let has = |source: &&Source| {
            let fits = |statement: &&Value| statement["Effect"] == effect && matches(statement, question);
            statements(&source.document).iter().any(fits)
        };
        policies.iter().filter(has).collect()
    };
    let (denied, allowed) = (with("Deny"), with("Allow"));
    match (denied.is_empty(), allowed.is_empty()) {
        (false, _) => (Decision::ExplicitDeny, denied),
        (true, false) => (Decision::Allowed, allowed),
        (true, true) => (Decision::ImplicitDeny, Vec::new()),
    }
}

fn statements(document: &Value) -> Vec<&Value> {
    match &document["Statement"] {
        Value::Array(statements) => statements.iter().collect(),
        Value::Null => Vec::new(),
        statement => vec![statement],
    }
}

fn matches(statement: &Value, question: &Question<'_>) -> bool {
    let action = question.action.to_lowercase();
    let is_action = |pattern: &String| glob(&pattern.to_lowercase(), &action);
    let is_resource = |pattern: &String| question.resource == "*" && pattern == "*" || glob(pattern, question.resource);
    let holds = |member: &str, negated: &str, is: &dyn Fn(&String) -> bool| match statement.get(member) {
        Some(patterns) => texts(patterns).iter().any(is),
        None => statement.get(negated).is_some_and(|patterns| !texts(patterns).iter().any(is)),
    };
    holds("Action", "NotAction", &is_action)
        && holds("Resource", "NotResource", &is_resource)
        && condition_holds(&statement["Condition"], question.context)
}

/// Evaluates the operators that compare texts; a key without a value and an operator that is not known hold only
/// where the policy says `IfExists`.
fn condition_holds(condition: &Value, context: &[(String, Vec<String>)]) -> bool {
    condition.as_object().into_iter().flatten().all(|(operator, keys)| {
        let (operator, lenient) = match operator.strip_suffix("IfExists") {
            Some(operator) => (operator, true),
            None => (operator.as_str(), false),
        };
        keys.as_object().into_iter().flatten().all(|(key, wanted)| {
            let Some((_, values)) = context.iter().find(|(name, _)| *name == key.to_lowercase()) else {
                return lenient;
            };
            let wanted = texts(wanted);
            let any = |is: &dyn Fn(&str, &str) -> bool| {
                values.iter().any(|value| wanted.iter().any(|wanted| is(wanted, value)))
            };
            match operator {
                "StringEquals" => any(&|wanted, value| wanted == value),
                "StringNotEquals" => !any(&|wanted, value| wanted == value),
                "StringEqualsIgnoreCase" | "Bool" => any(&|wanted, value| wanted.eq_ignore_ascii_case(value)),
                "StringLike" | "ArnLike" | "ArnEquals" => any(&glob),
                "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => !any(&glob),
                _ => lenient,
            }
        })
    })
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Bool(on) => vec![on.to_string()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(documents: &[&str], action: &str, resource: &str) -> Decision {
        let policies: Vec<Source> = documents.iter().map(|document| source("p", "role", document)).collect();
        let context = [("aws:sourceaccount".to_owned(), vec![ACCOUNT.to_owned()])];
        decide(&policies, &Question { action, resource, context: &context }).0
    }

    #[test]
    fn a_denial_wins_and_silence_denies() {
        let read = r#"{"Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::a/*"}]}"#;
        let none = r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::a/secret"}}"#;
        assert_eq!(decision(&[read], "S3:getobject", "arn:aws:s3:::a/b"), Decision::Allowed);
        assert_eq!(decision(&[read], "s3:PutObject", "arn:aws:s3:::a/b"), Decision::ImplicitDeny);
        assert_eq!(decision(&[read], "s3:GetObject", "*"), Decision::ImplicitDeny);
        assert_eq!(decision(&[read, none], "s3:GetObject", "arn:aws:s3:::a/secret"), Decision::ExplicitDeny);
    }

    #[test]
    fn everything_but_is_understood() {
        let rest = r#"{"Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}"#;
        assert_eq!(decision(&[rest], "rds:StopDBInstance", "*"), Decision::Allowed);
        assert_eq!(decision(&[rest], "iam:PassRole", "*"), Decision::ImplicitDeny);
    }

    #[test]
    fn conditions_need_their_keys() {
        let text = |key: &str| {
            format!(
                r#"{{"Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"StringEquals":{{"{key}":"{ACCOUNT}"}}}}}}}}"#
            )
        };
        assert_eq!(decision(&[&text("aws:SourceAccount")], "a:B", "*"), Decision::Allowed);
        assert_eq!(decision(&[&text("aws:PrincipalAccount")], "a:B", "*"), Decision::ImplicitDeny);
    }
}
