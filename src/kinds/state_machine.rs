//! A Step Functions state machine: steps that run one after another in the cloud, without a computer that watches.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sfn::operation::describe_state_machine::DescribeStateMachineOutput;
use aws_sdk_sfn::types::{ExecutionStatus, StateMachineStatus, StateMachineType, Tag};
use futures::stream::{StreamExt, TryStreamExt, iter};
use serde::Serialize;
use serde_json::Value;

use super::base::{
    Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope, Template,
};
use super::present::present;
use crate::aws::{AwsError, Sorted, Trouble};
use crate::model::{Address, Effect, Readiness};
use crate::ownership::Tags;

/// How many machines are asked side by side.
const AT_ONCE: usize = 5;

/// The most machines that one page of a listing holds.
const PAGE: i32 = 1000;

const READ: &str = "states:DescribeStateMachine";

/// A state machine of the standard type. Listing takes one call for a thousand machines, and one for each that is
/// declared or ours; a second one for its tags where the index of tags does not confirm them.
pub struct StateMachine;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// The definition in the Amazon States Language.
    pub definition: Template,
    /// The role that its tasks act under.
    pub role: Address,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    arn: String,
    definition: String,
    role: String,
    r#type: String,
    is_deleting: bool,
}

#[async_trait]
impl Kind for StateMachine {
    const NAME: &'static str = "state_machine";
    // A machine that is deleted stays until its executions have noticed.
    const LIMIT: Duration = Duration::from_secs(600);
    const OUTPUTS: &'static [&'static str] = &["arn", "name"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", "states:ListStateMachines"),
        Attribute::in_place("definition", READ),
        Attribute::in_place("role", READ),
        Attribute::replace("type", READ, "Step Functions cannot change the type of a state machine"),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        let mut needs = want.definition.needs();
        needs.push(want.role.clone());
        needs
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        let Meta { region, account, name: stack, .. } = meta;
        let actions = [
            "states:CreateStateMachine",
            "states:DeleteStateMachine",
            READ,
            "states:ListExecutions",
            "states:ListTagsForResource",
            "states:TagResource",
            "states:UntagResource",
            "states:UpdateStateMachine",
        ];
        let executions = format!("arn:aws:states:{region}:{account}:execution:{}:*", want.name);
        vec![
            Permission::anywhere(&["states:ListStateMachines", "tag:GetResources"]),
            Permission::new(arn(meta, &want.name), &actions),
            Permission::new(executions, &["states:StopExecution"]),
            Permission::new(format!("arn:aws:iam::{account}:role/stack/{stack}/*"), &["iam:PassRole"]),
        ]
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let diff = match want.definition.render(known) {
            Some(definition) => compare(&definition, &seen.definition),
            None => Diff::new().maybe("definition", None, &seen.definition, Effect::InPlace),
        };
        let why = "Step Functions cannot change the type of a state machine";
        diff.maybe("role", known.get(&want.role, "arn"), &seen.role, Effect::InPlace).field(
            "type",
            StateMachineType::Standard.as_str(),
            &seen.r#type,
            Effect::Replace(why),
        )
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("arn", seen.arn.clone()), ("name", seen.name.clone())])
    }

    fn readiness(&self, seen: &Seen) -> Readiness {
        if seen.is_deleting { Readiness::Pending("deleting".into()) } else { Readiness::Ready }
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.states.list_state_machines().max_results(PAGE).into_paginator().items().send();
        let mut machines = vec![];
        while let Some(machine) = pages.next().await {
            let machine = machine.named("states:ListStateMachines")?;
            machines.push((machine.name, machine.state_machine_arn));
        }
        let looks = machines.iter().map(async |(name, arn)| {
            let tags = scope.tags(&cx.aws, arn, name, tags_of(cx, arn)).await?;
            if scope.covers(name, &tags) { look(cx, arn, tags).await } else { Ok(None) }
        });
        let found: Vec<_> = iter(looks.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
        // What is on its way out is as good as gone: making it anew is repeated until the name is free.
        Ok(found.into_iter().flatten().filter(|found| !found.seen.is_deleting).collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = &one.name else { return Ok(None) };
        let arn = arn(&cx.known.stack, name);
        let Some(found) = look(cx, &arn, Tags::default()).await? else { return Ok(None) };
        Ok(Some(Found { tags: tags_of(cx, &arn).await?, ..found }))
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let call = cx
            .aws
            .states
            .create_state_machine()
            .name(&want.name)
            .definition(definition(cx, want)?)
            .role_arn(cx.known.need(&want.role, "arn")?)
            .r#type(StateMachineType::Standard);
        match call.set_tags(Some(tag_list(tags))).send().await.named("states:CreateStateMachine") {
            Err(error) if error.trouble != Trouble::Exists => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        let call = cx.aws.states.update_state_machine().state_machine_arn(&seen.arn);
        let call = call.definition(definition(cx, want)?).role_arn(cx.known.need(&want.role, "arn")?);
        call.send().await.named("states:UpdateStateMachine")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        if !gone.is_empty() {
            let call = cx.aws.states.untag_resource().resource_arn(&seen.arn).set_tag_keys(Some(gone.to_vec()));
            call.send().await.named("states:UntagResource")?;
        }
        let call = cx.aws.states.tag_resource().resource_arn(&seen.arn).set_tags(Some(tag_list(tags)));
        call.send().await.named("states:TagResource")?;
        Ok(())
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        stop_executions(cx, &seen.arn).await?;
        let call = cx.aws.states.delete_state_machine().state_machine_arn(&seen.arn);
        present(call.send().await.named("states:DeleteStateMachine"))?;
        Ok(())
    }
}

/// Returns the ARN of a state machine.
fn arn(meta: &Meta, name: &str) -> String {
    format!("arn:aws:states:{}:{}:stateMachine:{name}", meta.region, meta.account)
}

fn definition(cx: &Cx, want: &Spec) -> Result<String, KindError> {
    let definition = want.definition.render(&cx.known);
    definition.ok_or_else(|| KindError::Broken("the definition uses what does not exist yet".into()))
}

/// Compares two definitions state by state, so that a plan shows the states that differ. White space and the order of
/// keys mean nothing.
fn compare(want: &str, seen: &str) -> Diff {
    let (want, seen) = (parts(want), parts(seen));
    let names: std::collections::BTreeSet<&String> = want.keys().chain(seen.keys()).collect();
    let text = |parts: &BTreeMap<String, String>, name: &str| parts.get(name).cloned().unwrap_or_default();
    names.into_iter().fold(Diff::new(), |diff, name| {
        diff.in_place(&format!("definition.{name}"), text(&want, name), text(&seen, name))
    })
}

fn parts(definition: &str) -> BTreeMap<String, String> {
    let Ok(Value::Object(mut members)) = serde_json::from_str(definition) else {
        return BTreeMap::from([("text".to_owned(), definition.to_owned())]);
    };
    let states = members.remove("States");
    let states = states.as_ref().and_then(Value::as_object).into_iter().flatten();
    let mut parts: BTreeMap<String, String> =
        states.map(|(name, state)| (format!("States.{name}"), canonical(state).to_string())).collect();
    parts.extend(members.iter().map(|(name, value)| (name.clone(), canonical(value).to_string())));
    parts
}

/// Returns the value with the keys of every object in one order.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, Value> = members.iter().map(|(key, value)| (key, canonical(value))).collect();
            sorted.into_iter().map(|(key, value)| (key.clone(), value)).collect()
        }
        Value::Array(values) => values.iter().map(canonical).collect(),
        other => other.clone(),
    }
}

/// Reads one machine; `None` if it is not there.
async fn look(cx: &Cx, arn: &str, tags: Tags) -> Result<Option<Found<Seen>>, KindError> {
    let machine = present(cx.aws.states.describe_state_machine().state_machine_arn(arn).send().await.named(READ))?;
    Ok(machine.map(observe).map(|seen| Found { name: seen.name.clone(), tags, seen }))
}

fn observe(machine: DescribeStateMachineOutput) -> Seen {
    Seen {
        name: machine.name,
        arn: machine.state_machine_arn,
        definition: machine.definition,
        role: machine.role_arn,
        r#type: machine.r#type.as_str().to_owned(),
        is_deleting: machine.status == Some(StateMachineStatus::Deleting),
    }
}

/// Stops what runs: a machine that is deleted would otherwise go on until its next state.
async fn stop_executions(cx: &Cx, arn: &str) -> Result<(), KindError> {
    let call = cx.aws.states.list_executions().state_machine_arn(arn).status_filter(ExecutionStatus::Running);
    let mut pages = call.into_paginator().items().send();
    while let Some(execution) = pages.next().await {
        let Some(execution) = present(execution.named("states:ListExecutions"))? else { return Ok(()) };
        let call = cx.aws.states.stop_execution().execution_arn(execution.execution_arn);
        let call = call.cause("the state machine is deleted");
        present(call.send().await.named("states:StopExecution"))?;
    }
    Ok(())
}

/// Asks for the tags; a machine that was deleted since it was listed has none.
async fn tags_of(cx: &Cx, arn: &str) -> Result<Tags, AwsError> {
    let call = cx.aws.states.list_tags_for_resource().resource_arn(arn);
    let answer = present(call.send().await.named("states:ListTagsForResource"))?;
    let tags = answer.and_then(|answer| answer.tags).unwrap_or_default().into_iter();
    Ok(Tags::collect(tags.map(|tag| (tag.key, tag.value))))
}

fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.pairs().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_is_no_drift_and_a_changed_state_is_named() {
        let want = r#"{"StartAt":"a","States":{"a":{"Type":"Wait","Seconds":5,"Next":"b"},"b":{"Type":"Succeed"}}}"#;
        let spaced = "{ \"States\": { \"b\": {\"Type\": \"Succeed\"},\n \"a\": {\"Next\": \"b\", \"Type\": \"Wait\", \
                      \"Seconds\": 5} }, \"StartAt\": \"a\" }";
        assert_eq!(compare(want, spaced), Diff::new());
        let changed = compare(want, &spaced.replace('5', "6"));
        let fields: Vec<&str> = changed.0.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(fields, ["definition.States.a"]);
        assert_eq!(compare(want, "nonsense").0.len(), 4);
    }
}
