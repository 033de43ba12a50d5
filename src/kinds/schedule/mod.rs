//! An EventBridge schedule: calls something at given times, whether or not a computer of the person's own is on.
//!
//! Schedules carry no tags. Those in the group of the stack are ours, if the group carries our tags.

mod timing;

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::primitives::DateTime;
use aws_sdk_scheduler::types::{FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, ScheduleState, Target};
use futures::stream::{StreamExt, TryStreamExt, iter};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::base::{
    Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope, Template,
};
use super::present::present;
use super::schedule_group::{self, already_exists};
use crate::aws::{AwsError, Sorted, moment};
use crate::model::{Address, Effect};
use crate::ownership::{Owner, Tags};

use timing::Times;
pub use timing::Timing;

/// How many schedules are asked side by side.
const AT_ONCE: usize = 5;

/// The most schedules that one page of a listing holds.
const PAGE: i32 = 100;

const READ: &str = "scheduler:GetSchedule";

const LIST: &str = "scheduler:ListSchedules";

/// A schedule of the stack's group. Listing takes one call, one for the tags of the group if it has any schedule, and
/// one for each schedule: the listing leaves out what a schedule sends.
pub struct Schedule;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// The name of the stack's group.
    pub group: String,
    /// Its name in the group.
    pub name: String,
    /// When it calls.
    #[serde(flatten)]
    pub timing: Timing,
    /// The ARN of what is called: a state machine, or an operation of AWS such as
    /// `arn:aws:scheduler:::aws-sdk:redshift:pauseCluster`.
    pub target: Template,
    /// What it is given, as JSON. The names of an operation's members are those of AWS's Java SDK: `DbInstanceIdentifier`.
    pub input: Template,
    /// The role that the call is made under.
    pub role: Address,
    /// How many times a call that fails is repeated.
    pub retries: i32,
    /// How long it is repeated, in seconds.
    pub maximum_age_seconds: i32,
    /// Whether it is on.
    pub enabled: bool,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    group: String,
    name: String,
    expression: String,
    time_zone: String,
    start: Option<Timestamp>,
    description: String,
    window: String,
    target: String,
    input: String,
    role: String,
    retries: i32,
    maximum_age_seconds: i32,
    state: String,
}

#[async_trait]
impl Kind for Schedule {
    const NAME: &'static str = "schedule";
    const LIMIT: Duration = Duration::from_secs(120);
    const OUTPUTS: &'static [&'static str] = &["first_call", "state"];
    const TAGGED: bool = false;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("group", LIST),
        Attribute::identity("name", LIST),
        Attribute::in_place("expression", READ),
        Attribute::in_place("time_zone", READ),
        Attribute::in_place("description", READ),
        Attribute::in_place("window", READ),
        Attribute::in_place("target", READ),
        Attribute::in_place("input", READ),
        Attribute::in_place("role", READ),
        Attribute::in_place("retries", READ),
        Attribute::in_place("maximum_age_seconds", READ),
        Attribute::in_place("enabled", READ),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(format!("{}/{}", want.group, want.name))
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        let mut needs = vec![schedule_group::address(), want.role.clone()];
        needs.extend(want.target.needs());
        needs.extend(want.input.needs());
        needs
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        let Meta { region, account, name: stack, .. } = meta;
        let arn = format!("arn:aws:scheduler:{region}:{account}:schedule/{}/{}", want.group, want.name);
        let actions = ["scheduler:CreateSchedule", "scheduler:DeleteSchedule", READ, "scheduler:UpdateSchedule"];
        vec![
            Permission::anywhere(&[LIST]),
            Permission::new(arn, &actions),
            Permission::new(schedule_group::arn(meta, &want.group), &["scheduler:ListTagsForResource"]),
            Permission::new(format!("arn:aws:iam::{account}:role/stack/{stack}/*"), &["iam:PassRole"]),
        ]
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let diff = match &want.timing {
            Timing::Declared { expression, time_zone } => Diff::new()
                .in_place("expression", expression, &seen.expression)
                .in_place("time_zone", time_zone, &seen.time_zone),
            // The minute is that of the moment to which it was pushed last.
            Timing::Hourly { .. } if timing::is_hourly(&seen.expression) => Diff::new(),
            Timing::Hourly { .. } => Diff::new().in_place("expression", "once an hour", &seen.expression),
        };
        diff.declared("description", want.timing.description(), &seen.description)
            .in_place("window", FlexibleTimeWindowMode::Off.as_str(), &seen.window)
            .maybe("target", want.target.render(known), &seen.target, Effect::InPlace)
            .maybe("input", want.input.render(known).map(|input| compact(&input)), &seen.input, Effect::InPlace)
            .maybe("role", known.get(&want.role, "arn"), &seen.role, Effect::InPlace)
            .in_place("retries", want.retries, seen.retries)
            .in_place("maximum_age_seconds", want.maximum_age_seconds, seen.maximum_age_seconds)
            .in_place("enabled", state(want).as_str(), &seen.state)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        let mut outputs = Outputs::from([("state", seen.state.clone())]);
        if let Some(start) = seen.start {
            outputs.insert("first_call", timing::first_call(start).to_string());
        }
        outputs
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let group = &scope.stack;
        let call = cx.aws.scheduler.list_schedules().group_name(group).max_results(PAGE);
        let mut pages = call.into_paginator().items().send();
        let mut names = vec![];
        while let Some(schedule) = pages.next().await {
            // Without the group there is no schedule either.
            let Some(schedule) = present(schedule.named(LIST))? else { return Ok(vec![]) };
            names.extend(schedule.name);
        }
        if names.is_empty() {
            return Ok(vec![]);
        }
        let tags = schedule_group::shared_tags(cx, scope, &schedule_group::arn(&cx.known.stack, group)).await?;
        if tags.owner(&scope.stack) == Owner::Foreign {
            return Ok(vec![]);
        }
        let looks: Vec<_> = names.iter().map(|name| look(cx, group, name)).collect();
        let found: Vec<_> = iter(looks).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        match one.name.as_deref().and_then(|name| name.split_once('/')) {
            Some((group, name)) => look(cx, group, name).await,
            None => Ok(None),
        }
    }

    async fn create(&self, cx: &Cx, want: &Spec, _tags: &Tags) -> Result<(), KindError> {
        let times = want.timing.begin(cx.aws.clock.now());
        let call = cx
            .aws
            .scheduler
            .create_schedule()
            .group_name(&want.group)
            .name(&want.name)
            .schedule_expression(times.expression)
            .schedule_expression_timezone(times.time_zone)
            .set_start_date(times.start.map(date))
            .set_description(times.description)
            .flexible_time_window(window()?)
            .target(target(cx, want)?)
            .state(state(want));
        match call.send().await.named("scheduler:CreateSchedule") {
            Err(error) if !already_exists(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// What is not sent again falls back to its default, so everything is.
    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, diff: &Diff) -> Result<(), KindError> {
        let now = cx.aws.clock.now();
        // Another change must not give anybody more time or less.
        let is_kept = matches!(want.timing, Timing::Hourly { .. }) && !diff.has_any(&["description"]);
        let times = if is_kept { want.timing.from(seen.start.unwrap_or(now).max(now)) } else { want.timing.begin(now) };
        put(cx, want, times).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let call = cx.aws.scheduler.delete_schedule().group_name(&seen.group).name(&seen.name);
        present(call.send().await.named("scheduler:DeleteSchedule"))?;
        Ok(())
    }
}

/// Makes a schedule of the kind [`Timing::Hourly`] call first at `moment`, and switches it on.
///
/// # Errors
/// If AWS refuses.
pub async fn push(cx: &Cx, want: &Spec, moment: Timestamp) -> Result<(), KindError> {
    put(cx, want, want.timing.from(moment)).await
}

async fn put(cx: &Cx, want: &Spec, times: Times) -> Result<(), KindError> {
    let call = cx
        .aws
        .scheduler
        .update_schedule()
        .group_name(&want.group)
        .name(&want.name)
        .schedule_expression(times.expression)
        .schedule_expression_timezone(times.time_zone)
        .set_start_date(times.start.map(date))
        .set_description(times.description)
        .flexible_time_window(window()?)
        .target(target(cx, want)?)
        .state(state(want));
    call.send().await.named("scheduler:UpdateSchedule")?;
    Ok(())
}

fn date(moment: Timestamp) -> DateTime {
    DateTime::from_secs(moment.as_second())
}

fn state(want: &Spec) -> ScheduleState {
    if want.enabled { ScheduleState::Enabled } else { ScheduleState::Disabled }
}

fn window() -> Result<FlexibleTimeWindow, KindError> {
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build();
    Ok(window.map_err(|error| AwsError::incomplete("scheduler:CreateSchedule", &error.to_string()))?)
}

fn target(cx: &Cx, want: &Spec) -> Result<Target, KindError> {
    let unknown = |text: &Template| KindError::Broken(format!("`{}` is not known yet", text.as_str()));
    let retries = RetryPolicy::builder()
        .maximum_retry_attempts(want.retries)
        .maximum_event_age_in_seconds(want.maximum_age_seconds)
        .build();
    let target = Target::builder()
        .arn(want.target.render(&cx.known).ok_or_else(|| unknown(&want.target))?)
        .role_arn(cx.known.need(&want.role, "arn")?)
        .input(want.input.render(&cx.known).ok_or_else(|| unknown(&want.input))?)
        .retry_policy(retries)
        .build();
    Ok(target.map_err(|error| AwsError::incomplete("scheduler:CreateSchedule", &error.to_string()))?)
}

/// Reads one schedule; `None` if it is not there.
async fn look(cx: &Cx, group: &str, name: &str) -> Result<Option<Found<Seen>>, KindError> {
    let call = cx.aws.scheduler.get_schedule().group_name(group).name(name);
    let schedule = present(call.send().await.named(READ))?;
    Ok(schedule.map(|schedule| Found {
        name: format!("{group}/{name}"),
        tags: Tags::default(),
        seen: observe(group, name, schedule),
    }))
}

fn observe(group: &str, name: &str, schedule: GetScheduleOutput) -> Seen {
    let (target, window) = (schedule.target, schedule.flexible_time_window);
    let retries = target.as_ref().and_then(|target| target.retry_policy.clone());
    let input = target.as_ref().and_then(|target| target.input.clone()).unwrap_or_default();
    Seen {
        group: group.to_owned(),
        name: name.to_owned(),
        expression: schedule.schedule_expression.unwrap_or_default(),
        time_zone: schedule.schedule_expression_timezone.unwrap_or_default(),
        start: schedule.start_date.as_ref().and_then(moment),
        description: schedule.description.unwrap_or_default(),
        window: window.map(|window| window.mode.as_str().to_owned()).unwrap_or_default(),
        role: target.as_ref().map(|target| target.role_arn.clone()).unwrap_or_default(),
        target: target.map(|target| target.arn).unwrap_or_default(),
        input: compact(&input),
        retries: retries.as_ref().and_then(|retries| retries.maximum_retry_attempts).unwrap_or_default(),
        maximum_age_seconds: retries.and_then(|retries| retries.maximum_event_age_in_seconds).unwrap_or_default(),
        state: schedule.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
    }
}

/// Returns JSON without white space, so that formatting is no difference; any other text as it is.
fn compact(text: &str) -> String {
    serde_json::from_str::<Value>(text).map_or_else(|_| text.to_owned(), |value| value.to_string())
}
