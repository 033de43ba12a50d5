//! Schedules.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::expression::Expression;
use super::groups::{DEFAULT, PAGE, starts_with};
use super::refused::{absent, check_name, exists, invalid, required};
use super::service::{Answer, Request, Scheduler};
use super::target::Target;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::mint;
use crate::localcloud::page::page;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::role;

/// The kind of document that a schedule is; its name is that of its group, a slash, and its own.
pub(super) const SCHEDULE: &str = "schedule";

/// Who must be trusted by the roles of schedules.
const PRINCIPAL: &str = "scheduler.amazonaws.com";

/// How far back a schedule that is made or changed may begin.
const OLDEST_START_SECONDS: f64 = 300.0;

/// What AWS fills in where a schedule says nothing of repeats.
const RETRY_POLICY: (i64, i64) = (86_400, 185);

impl Scheduler {
    pub(super) async fn create_schedule(&self, request: &Request<'_>, name: &str) -> Answer {
        check_name(name)?;
        let group = request.body["GroupName"].as_str().unwrap_or(DEFAULT);
        self.group(request.region, group)?;
        let schedule = self.checked(request, group, name).await?;
        let arn = schedule["Arn"].clone();
        if !self.documents.create(request.region, SCHEDULE, &format!("{group}/{name}"), schedule) {
            return Err(exists("Schedule", name));
        }
        self.changed.notify_one();
        Ok(json!({ "ScheduleArn": arn }))
    }

    /// Replaces a schedule as a whole: what is not sent falls back to its default.
    pub(super) async fn update_schedule(&self, request: &Request<'_>, name: &str) -> Answer {
        let group = request.body["GroupName"].as_str().unwrap_or(DEFAULT);
        let known = self.schedule(request.region, group, name)?;
        let mut schedule = self.checked(request, group, name).await?;
        schedule["CreationDate"] = known["CreationDate"].clone();
        let arn = schedule["Arn"].clone();
        self.documents.put(request.region, SCHEDULE, &format!("{group}/{name}"), schedule);
        self.changed.notify_one();
        Ok(json!({ "ScheduleArn": arn }))
    }

    pub(super) fn get_schedule(&self, request: &Request<'_>, name: &str) -> Answer {
        let group = request.query("groupName").unwrap_or_else(|| DEFAULT.to_owned());
        let mut schedule = self.schedule(request.region, &group, name)?;
        if let Some(members) = schedule.as_object_mut() {
            members.remove("Checked");
            members.retain(|_, value| !value.is_null());
        }
        Ok(schedule)
    }

    pub(super) fn list_schedules(&self, request: &Request<'_>) -> Answer {
        let group = request.query("ScheduleGroup");
        if let Some(group) = &group {
            self.group(request.region, group)?;
        }
        let state = request.query("State");
        let mut schedules: Vec<Value> =
            self.documents.list(request.region, SCHEDULE).into_iter().map(|(_, schedule)| schedule).collect();
        schedules.retain(|schedule| {
            group.as_ref().is_none_or(|group| schedule["GroupName"] == **group)
                && state.as_ref().is_none_or(|state| schedule["State"] == **state)
                && starts_with(&schedule["Name"], request.query("NamePrefix").as_deref())
        });
        let summaries = schedules.iter().map(|schedule| {
            json!({
                "Arn": schedule["Arn"], "Name": schedule["Name"], "GroupName": schedule["GroupName"],
                "State": schedule["State"], "CreationDate": schedule["CreationDate"],
                "LastModificationDate": schedule["LastModificationDate"],
                "Target": { "Arn": schedule["Target"]["Arn"] },
            })
        });
        let (shown, next) = page(summaries.collect(), request.query("NextToken").as_deref(), request.most(), PAGE);
        Ok(json!({ "Schedules": shown, "NextToken": next }))
    }

    pub(super) fn delete_schedule(&self, request: &Request<'_>, name: &str) -> Answer {
        let group = request.query("groupName").unwrap_or_else(|| DEFAULT.to_owned());
        self.schedule(request.region, &group, name)?;
        self.documents.remove(request.region, SCHEDULE, &format!("{group}/{name}"));
        self.changed.notify_one();
        Ok(json!({}))
    }

    fn schedule(&self, region: &str, group: &str, name: &str) -> Result<Value, Refusal> {
        let schedule = self.documents.get(region, SCHEDULE, &format!("{group}/{name}"));
        schedule.ok_or_else(|| absent("Schedule", name))
    }

    /// Checks what a customer wants and returns it as it is kept.
    async fn checked(&self, request: &Request<'_>, group: &str, name: &str) -> Result<Value, Refusal> {
        let body = &request.body;
        let text = required(body, "ScheduleExpression")?;
        let Some(expression) = Expression::parse(text) else {
            return Err(invalid(format!("Invalid Schedule Expression {text}.")));
        };
        let zone = body["ScheduleExpressionTimezone"].as_str().unwrap_or("UTC");
        TimeZone::get(zone).map_err(|_| invalid(format!("{zone} is not a valid timezone.")))?;
        check_window(&body["FlexibleTimeWindow"])?;
        let target = self.checked_target(request).await?;
        let now = self.context.clock.now();
        check_span(&expression, body, mint::seconds(now))?;
        // A rate without a beginning begins at once; times of the calendar must lie ahead.
        let begins = matches!(expression, Expression::Rate(_)) && body["StartDate"].is_null();
        let checked = if begins { now - jiff::SignedDuration::from_secs(1) } else { now };
        Ok(json!({
            "Arn": format!("arn:aws:scheduler:{}:{ACCOUNT}:schedule/{group}/{name}", request.region),
            "Name": name, "GroupName": group, "ScheduleExpression": text, "ScheduleExpressionTimezone": zone,
            "StartDate": body["StartDate"], "EndDate": body["EndDate"], "Description": body["Description"],
            "State": body["State"].as_str().unwrap_or("ENABLED"), "FlexibleTimeWindow": body["FlexibleTimeWindow"],
            "ActionAfterCompletion": body["ActionAfterCompletion"].as_str().unwrap_or("NONE"), "Target": target,
            "CreationDate": mint::seconds(now), "LastModificationDate": mint::seconds(now),
            "Checked": checked.to_string(),
        }))
    }

    async fn checked_target(&self, request: &Request<'_>) -> Result<Value, Refusal> {
        let mut target = request.body["Target"].clone();
        let role = required(&target, "RoleArn")?;
        Target::parse(required(&target, "Arn")?, target["Input"].as_str().unwrap_or_default())?;
        if role::check(role, PRINCIPAL, &self.context.endpoint, request.region).await.is_err() {
            return Err(invalid(
                "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
            ));
        }
        let policy = &target["RetryPolicy"];
        let age = policy["MaximumEventAgeInSeconds"].as_i64().unwrap_or(RETRY_POLICY.0);
        let attempts = policy["MaximumRetryAttempts"].as_i64().unwrap_or(RETRY_POLICY.1);
        if !(60..=86_400).contains(&age) || !(0..=185).contains(&attempts) {
            return Err(invalid("RetryPolicy: MaximumEventAgeInSeconds is 60 to 86400, MaximumRetryAttempts 0 to 185"));
        }
        target["RetryPolicy"] = json!({ "MaximumEventAgeInSeconds": age, "MaximumRetryAttempts": attempts });
        Ok(target)
    }
}

/// Refuses a beginning that has passed, also of a schedule that began then and is changed now, and an end before it.
fn check_span(expression: &Expression, body: &Value, now: f64) -> Result<(), Refusal> {
    let (start, end) = (body["StartDate"].as_f64(), body["EndDate"].as_f64());
    let recurs = !matches!(expression, Expression::At(_));
    if recurs && start.is_some_and(|start| start < now - OLDEST_START_SECONDS) {
        return Err(invalid("The StartDate you specify cannot be earlier than 5 minutes ago."));
    }
    if end.is_some_and(|end| end <= start.unwrap_or(now)) {
        return Err(invalid("The EndDate you specify must be later than the StartDate and in the future."));
    }
    Ok(())
}

fn check_window(window: &Value) -> Result<(), Refusal> {
    match (window["Mode"].as_str(), window["MaximumWindowInMinutes"].as_i64()) {
        (Some("OFF"), None) => Ok(()),
        (Some("FLEXIBLE"), Some(1..=1440)) => Ok(()),
        _ => Err(invalid("FlexibleTimeWindow: Mode is OFF, or FLEXIBLE with MaximumWindowInMinutes from 1 to 1440")),
    }
}
