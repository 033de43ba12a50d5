//! What `schedule` in `[pipeline]` stands for: a role, a state machine, the stack's group of schedules, and a schedule.

use super::definition::{definition, is_in_cloud};
use super::names::{Names, output, template};
use super::rights::statements;
use crate::kinds::base::{Entry, Finding, KindError, Resource, Table, Template};
use crate::kinds::role::{self, Role, Service};
use crate::kinds::schedule::{self, Schedule, Timing};
use crate::kinds::schedule_expression::{check_expression, check_time_zone};
use crate::kinds::schedule_group::{self, ScheduleGroup};
use crate::kinds::state_machine::{self, StateMachine};
use crate::model::Address;
use crate::pipeline::PipelineTable;

/// The logical name of the role, the machine and the schedule.
const NAME: &str = "pipeline";

/// The zone of a schedule that says none.
const ZONE: &str = "UTC";

/// What an execution is given: which schedule started it, and for when.
const INPUT: &str = r#"{"schedule":"<aws.scheduler.schedule-arn>","time":"<aws.scheduler.scheduled-time>"}"#;

/// How many times a start that fails is repeated, and for how long, in seconds.
const RETRIES: (i32, i32) = (3, 3600);

/// Checks what is said of the schedule, and tells which steps the nightly run leaves out.
pub(in crate::pipeline) fn check(pipeline: &PipelineTable, entry: Entry<'_>) -> Vec<Finding> {
    let Some(expression) = &pipeline.schedule else {
        let alone = pipeline.schedule_time_zone.as_ref().map(|_| {
            let finding = Finding::error("schedule_time_zone", "there is no `schedule` that it could be for");
            finding.hint("write `schedule = \"cron(0 2 * * ? *)\"`")
        });
        return alone.into_iter().collect();
    };
    let mut findings: Vec<Finding> = check_expression("schedule", expression).into_iter().collect();
    let zone = pipeline.schedule_time_zone.as_deref();
    findings.extend(zone.and_then(|zone| check_time_zone("schedule_time_zone", zone)));
    if entry.all.has(<Role as Table>::NAME, NAME) {
        let finding = Finding::error("schedule", "the schedule needs a role `pipeline` of its own");
        findings.push(finding.hint("give the table `[role.pipeline]` another name"));
    }
    let (inside, outside): (Vec<_>, Vec<_>) = pipeline.step.iter().partition(|step| is_in_cloud(step));
    if inside.is_empty() {
        findings.push(Finding::error("schedule", "no step of the pipeline can be done without this computer"));
    } else if !outside.is_empty() {
        let steps: Vec<String> = outside.iter().map(|step| format!("`{}`", step.name)).collect();
        let message = format!("the scheduled run leaves out what needs this computer: {}", steps.join(", "));
        let warning = Finding::warning("schedule", message);
        findings.push(warning.hint("`stack run-pipeline` does all of them"));
    }
    findings
}

/// Returns the resources that a schedule stands for; none without one.
///
/// # Errors
/// If a file with SQL cannot be read.
pub(in crate::pipeline) fn expand(pipeline: &PipelineTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
    let Some(expression) = &pipeline.schedule else { return Ok(vec![]) };
    let names = Names { entry, pipeline };
    let (called, role) = (format!("{}-{NAME}", entry.stack), Address::new(<Role as Table>::NAME, NAME));
    let machine = state_machine::Spec {
        name: called.clone(),
        definition: template(definition(&names)?.to_string())?,
        role: role.clone(),
    };
    let (retries, maximum_age_seconds) = RETRIES;
    let schedule = schedule::Spec {
        group: entry.stack.to_owned(),
        name: NAME.to_owned(),
        timing: Timing::Declared {
            expression: expression.clone(),
            time_zone: pipeline.schedule_time_zone.clone().unwrap_or_else(|| ZONE.to_owned()),
        },
        target: template(output("state_machine", NAME, "arn"))?,
        input: Template::from(INPUT),
        role,
        retries,
        maximum_age_seconds,
        enabled: true,
    };
    let group = schedule_group::Spec { name: entry.stack.to_owned() };
    let origin = || entry.origin.clone();
    let role = role::Spec::derived(&called, Service::States, statements(&names, &called));
    Ok(vec![
        Resource::new(&Role, NAME, origin(), role),
        Resource::new(&StateMachine, NAME, origin(), machine),
        Resource::new(&ScheduleGroup, &schedule_group::address().name, origin(), group),
        Resource::new(&Schedule, NAME, origin(), schedule),
    ])
}
