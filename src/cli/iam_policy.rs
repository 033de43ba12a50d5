//! `stack iam-policy`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::{Value, json};

use super::args::Global;
use super::session::Session;
use super::{Exit, Outcome};
use crate::apply;
use crate::kinds::base::Permission;
use crate::logs;
use crate::pipeline::{self, Pipeline};
use crate::tune;
use crate::ui::Ui;

/// What a managed policy of IAM holds: characters, white space not counted.
const MANAGED_POLICY: usize = 6144;

/// Options of `stack iam-policy`.
#[derive(Debug, Args)]
pub struct IamPolicyArgs {
    /// Print a list of policies that each fit into one managed policy of IAM (6,144 characters)
    #[arg(long)]
    split: bool,
}

/// Actions by what they act on.
type Permissions = BTreeMap<String, BTreeSet<&'static str>>;

/// Prints the smallest policy with which this stack file can be planned, applied, run, stopped and destroyed.
pub(super) async fn run(ui: Ui, global: &Global, args: &IamPolicyArgs) -> Outcome {
    let session = Session::open(ui, global).await?;
    let stack = &session.stack;
    let mut permissions = apply::permissions(&stack.resources, &session.cx);
    let meta = &session.cx.known.stack;
    let pipeline = stack.declared.get::<Pipeline>("pipeline").map(|table| pipeline::permissions(stack, table, meta));
    for Permission { resource, actions } in
        pipeline.into_iter().flatten().chain(logs::permissions(stack, meta)).chain(tune::permissions(stack, meta))
    {
        permissions.entry(resource).or_default().extend(actions);
    }
    // What `stack` asks for itself, whatever the file declares.
    permissions.entry("*".to_owned()).or_default().extend([
        "iam:SimulatePrincipalPolicy",
        "pricing:GetProducts",
        // `remind` and `down --all-stacks` look into every region.
        "ec2:DescribeRegions",
        // What left the file is looked for, too.
        "budgets:ViewBudget",
        "scheduler:ListScheduleGroups",
        "scheduler:ListSchedules",
        "states:ListStateMachines",
        "sts:GetCallerIdentity",
        "tag:GetResources",
    ]);
    let statements = statements(permissions);
    if args.split {
        let parts = packed(statements, MANAGED_POLICY).into_iter().map(policy);
        ui.json_data(&parts.collect());
        return Ok(Exit::Done);
    }
    let policy = policy(statements);
    ui.json_data(&policy);
    let length = policy.to_string().len();
    if length > MANAGED_POLICY {
        ui.note(&format!(
            "the policy has {length} characters and a managed policy of IAM holds {MANAGED_POLICY}: `stack iam-policy \
             --split` prints it as several"
        ));
    }
    Ok(Exit::Done)
}

fn policy(statements: Vec<Value>) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// One statement for each service and set of actions, with everything that it is allowed on.
fn statements(permissions: Permissions) -> Vec<Value> {
    let mut statements: BTreeMap<(String, BTreeSet<&str>), BTreeSet<String>> = BTreeMap::new();
    for (resource, actions) in permissions {
        let mut by_service: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for action in actions {
            let service = action.split(':').next().unwrap_or_default().to_owned();
            by_service.entry(service).or_default().insert(action);
        }
        for (service, actions) in by_service {
            statements.entry((service, actions)).or_default().insert(resource.clone());
        }
    }
    let statement = |(position, ((service, actions), resources)): (usize, ((String, _), _))| {
        let service: String = service.split('-').map(capitalized).collect();
        json!({ "Sid": format!("{service}{position}"), "Effect": "Allow", "Action": actions, "Resource": resources })
    };
    statements.into_iter().enumerate().map(statement).collect()
}

/// Lays statements, in their order, into as many policies as are needed.
fn packed(statements: Vec<Value>, limit: usize) -> Vec<Vec<Value>> {
    let mut parts: Vec<Vec<Value>> = vec![vec![]];
    for statement in statements.into_iter().flat_map(|statement| halved(statement, limit)) {
        let whole = |part: &[Value]| policy([part, std::slice::from_ref(&statement)].concat()).to_string().len();
        match parts.last_mut().filter(|part| part.is_empty() || whole(part) <= limit) {
            Some(part) => part.push(statement),
            None => parts.push(vec![statement]),
        }
    }
    parts
}

/// Divides the resources of a statement until each part fits into a policy of its own.
fn halved(statement: Value, limit: usize) -> Vec<Value> {
    let resources = statement["Resource"].as_array().map_or(&[][..], Vec::as_slice);
    if resources.len() < 2 || policy(vec![statement.clone()]).to_string().len() <= limit {
        return vec![statement];
    }
    let (left, right) = resources.split_at(resources.len() / 2);
    let half = |(letter, resources): (&str, &[Value])| {
        let mut half = statement.clone();
        half["Sid"] = json!(format!("{}{letter}", statement["Sid"].as_str().unwrap_or_default()));
        half["Resource"] = json!(resources);
        halved(half, limit)
    };
    [("a", left), ("b", right)].into_iter().flat_map(half).collect()
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_alike_stands_in_one_statement() {
        let permissions = BTreeMap::from([
            ("arn:a".to_owned(), BTreeSet::from(["s3:GetObject", "s3:PutObject"])),
            ("arn:b".to_owned(), BTreeSet::from(["s3:GetObject", "s3:PutObject"])),
            ("*".to_owned(), BTreeSet::from(["s3:ListAllMyBuckets", "rds:DescribeDBInstances"])),
        ]);
        let statements = statements(permissions);
        assert_eq!(statements.len(), 3);
        assert!(statements.iter().any(|one| one["Resource"] == json!(["arn:a", "arn:b"])));
    }

    #[test]
    fn parts_fit_and_nothing_is_lost() {
        let all: Vec<Value> =
            (0..40).map(|number| json!({ "Sid": format!("S{number}"), "Action": "a".repeat(100) })).collect();
        let parts = packed(all.clone(), 1000);
        assert!(parts.len() > 4 && parts.iter().all(|part| policy(part.clone()).to_string().len() <= 1000));
        assert_eq!(parts.concat(), all);

        let names: Vec<String> = (0..100).map(|number| format!("arn:aws:glue:us-east-2:1:job/{number}")).collect();
        let long = json!({ "Sid": "Glue1", "Effect": "Allow", "Action": ["glue:GetJob"], "Resource": names.clone() });
        let parts = packed(vec![long], 1000);
        assert!(parts.iter().all(|part| policy(part.clone()).to_string().len() <= 1000));
        let resources = parts.concat().into_iter().flat_map(|one| one["Resource"].as_array().unwrap().clone());
        assert_eq!(resources.collect::<Vec<_>>(), names);
    }
}
