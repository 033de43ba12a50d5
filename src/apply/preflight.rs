//! What can be known before the first write is checked before the first write.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{EvaluationResult, PolicyEvaluationDecisionType};
use futures::future::join_all;

use super::ApplyError;
use crate::aws::{AwsError, Caller, Sorted, Trouble};
use crate::kinds::base::{Cx, Finding, KindError, Permission, Resource};
use crate::model::{Action, Address};
use crate::plan::Plan;

/// What is in the way of a plan.
#[derive(Debug)]
pub enum Obstacle {
    /// Something about one resource.
    Finding {
        /// The resource.
        address: Address,
        /// What, and where in its table.
        finding: Finding,
    },
    /// The caller may not do what the plan needs.
    Denied {
        /// The action: `rds:CreateDBInstance`.
        action: String,
        /// On what.
        resource: String,
    },
}

/// IAM takes this many actions in one simulation.
const ACTIONS_A_CALL: usize = 50;

/// How many resources one simulation is asked about, so that its results fit on few pages.
const RESOURCES_A_CALL: usize = 50;

/// The most results that IAM puts on a page.
const RESULTS_A_PAGE: i32 = 1000;

/// Checks what is about to be made or changed: names that others hold, values that AWS no longer offers, quotas,
/// sizes, network paths, and what the caller may do. Makes only reads; what may not be read is unknown and passes.
///
/// # Errors
/// If AWS cannot be asked.
pub async fn preflight(plan: &Plan, cx: &Cx, caller: &Caller) -> Result<Vec<Obstacle>, ApplyError> {
    let due: Vec<&Resource> = plan
        .pending()
        .filter(|change| matches!(change.action, Action::Create | Action::Update | Action::Replace))
        .filter_map(|change| change.resource.as_ref())
        .collect();
    let checks = join_all(due.iter().map(|resource| async {
        let findings = match resource.kind.preflight(cx, resource).await {
            Err(error) if is_unknown(&error) => {
                tracing::info!(address = %resource.address, %error, "cannot be checked beforehand");
                vec![]
            }
            outcome => outcome.map_err(|source| ApplyError::call("check", resource.address.clone(), source, None))?,
        };
        Ok(findings.into_iter().map(|finding| Obstacle::Finding { address: resource.address.clone(), finding }))
    }));
    let (checks, denied) = futures::join!(checks, denied(&due, cx, caller));
    let mut obstacles = vec![];
    for findings in checks {
        obstacles.extend(findings?);
    }
    obstacles.extend(denied.map_err(|source| ApplyError::Simulate { source })?);
    Ok(obstacles)
}

/// What AWS does not tell before, it tells when the resource is made.
fn is_unknown(error: &KindError) -> bool {
    matches!(error, KindError::Aws(error) if is_untold(error.trouble))
}

fn is_untold(trouble: Trouble) -> bool {
    matches!(trouble, Trouble::Denied | Trouble::NotFound | Trouble::Invalid | Trouble::Other)
}

/// Returns what these resources need to be planned, made, changed, stopped and deleted: actions by what they act on.
pub fn permissions<'a>(
    resources: impl IntoIterator<Item = &'a Resource>,
    cx: &Cx,
) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut all: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for resource in resources {
        for Permission { resource, actions } in resource.kind.permissions(resource, &cx.known.stack) {
            all.entry(resource).or_default().extend(actions);
        }
    }
    all
}

/// Asks IAM which of the needed actions the caller is denied.
async fn denied(resources: &[&Resource], cx: &Cx, caller: &Caller) -> Result<Vec<Obstacle>, AwsError> {
    let Some(principal) = caller.principal() else { return Ok(vec![]) };
    let questions = questions(permissions(resources.iter().copied(), cx));
    let mut denied = vec![];
    for outcome in join_all(questions.iter().map(|question| simulate(cx, &principal, question))).await {
        match outcome {
            Ok(found) => denied.extend(found),
            // Who may not ask learns it from the first call that is refused.
            Err(error) if is_untold(error.trouble) => {
                tracing::info!(%error, "permissions cannot be checked beforehand");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(denied)
}

/// Actions on resources, few enough for one simulation.
struct Question {
    actions: Vec<String>,
    resources: Vec<String>,
}

/// Asks together about resources that need the same actions: IAM takes one simulation at a time, and slowly.
fn questions(permissions: BTreeMap<String, BTreeSet<&'static str>>) -> Vec<Question> {
    let mut alike: BTreeMap<(bool, BTreeSet<&'static str>), Vec<String>> = BTreeMap::new();
    for (resource, actions) in permissions {
        // What is asked of everything is not mixed with what is asked of one resource.
        alike.entry((resource == "*", actions)).or_default().push(resource);
    }
    let mut questions = vec![];
    for ((_, actions), resources) in alike {
        let actions: Vec<String> = actions.into_iter().map(str::to_owned).collect();
        for actions in actions.chunks(ACTIONS_A_CALL) {
            for resources in resources.chunks(RESOURCES_A_CALL) {
                questions.push(Question { actions: actions.to_vec(), resources: resources.to_vec() });
            }
        }
    }
    questions
}

async fn simulate(cx: &Cx, principal: &str, question: &Question) -> Result<Vec<Obstacle>, AwsError> {
    let call = cx.aws.iam.simulate_principal_policy().policy_source_arn(principal).max_items(RESULTS_A_PAGE);
    let call = call.set_action_names(Some(question.actions.clone()));
    let call = call.set_resource_arns(Some(question.resources.clone()));
    let mut pages = call.into_paginator().items().send();
    let mut denied = vec![];
    while let Some(result) = pages.next().await {
        denied.extend(denials(&result.named("iam:SimulatePrincipalPolicy")?, &question.resources));
    }
    Ok(denied)
}

/// Returns what a result denies. A result has a decision for each resource, or is about the one that it names.
fn denials(result: &EvaluationResult, asked: &[String]) -> Vec<Obstacle> {
    let denied =
        |resource: &str| Obstacle::Denied { action: result.eval_action_name.clone(), resource: resource.to_owned() };
    let each = result.resource_specific_results();
    if !each.is_empty() {
        let refused = each.iter().filter(|one| one.eval_resource_decision != PolicyEvaluationDecisionType::Allowed);
        return refused.map(|one| denied(&one.eval_resource_name)).collect();
    }
    if result.eval_decision == PolicyEvaluationDecisionType::Allowed {
        return vec![];
    }
    // The name may be a template of the ARN instead of one that was asked about.
    let named = result.eval_resource_name().filter(|name| asked.iter().any(|one| one == name));
    match named {
        Some(name) => vec![denied(name)],
        None => asked.iter().map(|one| denied(one)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::types::ResourceSpecificResult;

    use super::*;

    #[test]
    fn resources_that_need_the_same_are_asked_about_together() {
        let needed = (0..=RESOURCES_A_CALL).map(|number| (format!("arn:{number}"), BTreeSet::from(["glue:GetJob"])));
        let mut all: BTreeMap<_, _> = needed.collect();
        all.insert("*".to_owned(), BTreeSet::from(["glue:GetJob"]));
        all.insert("other".to_owned(), BTreeSet::from(["glue:GetTable"]));
        let counts: Vec<_> = questions(all).iter().map(|question| question.resources.len()).collect();
        assert_eq!(counts, [RESOURCES_A_CALL, 1, 1, 1]);
    }

    #[test]
    fn a_denial_is_told_of_the_resource_that_it_is_about() {
        let asked = ["arn:a".to_owned(), "arn:b".to_owned()];
        let result = |name: &str, each: &[(&str, PolicyEvaluationDecisionType)]| {
            let mut result = EvaluationResult::builder().eval_action_name("glue:GetJob").eval_resource_name(name);
            result = result.eval_decision(PolicyEvaluationDecisionType::ImplicitDeny);
            for (resource, decision) in each {
                let one = ResourceSpecificResult::builder().eval_resource_name(*resource);
                let one = one.eval_resource_decision(decision.clone()).build().unwrap();
                result = result.resource_specific_results(one);
            }
            let denied = denials(&result.build().unwrap(), &asked).into_iter();
            denied
                .map(|obstacle| match obstacle {
                    Obstacle::Denied { resource, .. } => resource,
                    Obstacle::Finding { .. } => String::new(),
                })
                .collect::<Vec<_>>()
        };
        let (yes, no) = (PolicyEvaluationDecisionType::Allowed, PolicyEvaluationDecisionType::ExplicitDeny);
        assert_eq!(result("arn:${Name}", &[("arn:a", yes), ("arn:b", no)]), ["arn:b"]);
        assert_eq!(result("arn:a", &[]), ["arn:a"]);
        assert_eq!(result("arn:${Name}", &[]), asked);
    }
}
