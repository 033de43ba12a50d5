//! `stack iam-policy`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::args::Global;
use super::session::Session;
use super::{Exit, Outcome};
use crate::apply;
use crate::ui::Ui;

/// Prints the smallest policy with which this stack file can be planned, applied, stopped and destroyed.
pub(super) async fn run(ui: Ui, global: &Global) -> Outcome {
    let session = Session::open(ui, global).await?;
    let mut permissions = apply::permissions(&session.stack.resources, &session.cx);
    // What `stack` asks for itself, whatever the file declares.
    permissions.entry("*".to_owned()).or_default().extend([
        "iam:SimulatePrincipalPolicy",
        "sts:GetCallerIdentity",
        "tag:GetResources",
    ]);
    let policy = policy(permissions);
    ui.json_data(&policy);
    let length = policy.to_string().len();
    // A managed policy holds 6,144 characters, without white space.
    if length > 6144 {
        ui.note(&format!("the policy has {length} characters, IAM takes 6,144 in one: split it by statement"));
    }
    Ok(Exit::Done)
}

/// One statement for each service and set of actions, with everything that it is allowed on.
fn policy(permissions: BTreeMap<String, BTreeSet<&'static str>>) -> Value {
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
    let statements: Vec<Value> = statements
        .into_iter()
        .enumerate()
        .map(|(position, ((service, actions), resources))| {
            let service: String = service.split('-').map(capitalized).collect();
            json!({
                "Sid": format!("{service}{position}"),
                "Effect": "Allow",
                "Action": actions,
                "Resource": resources,
            })
        })
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
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
        let policy = policy(permissions);
        let statements = policy["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 3);
        assert!(statements.iter().any(|one| one["Resource"] == json!(["arn:a", "arn:b"])));
    }
}
