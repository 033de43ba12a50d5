//! The background of the Scheduler: waits for the next schedule and calls what it names.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::expression::Expression;
use super::schedules::SCHEDULE;
use super::service::Scheduler;
use super::target::Target;
use crate::localcloud::mint;
use crate::localcloud::remote::{self, Failed};
use crate::localcloud::sdk;

/// How long the Scheduler sleeps when nothing is due: a change of a schedule wakes it anyway.
const IDLE: SignedDuration = SignedDuration::from_hours(24);

/// The first pause before a call that failed is repeated; each further one is twice as long.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(1);

/// A schedule whose time has come.
struct Due {
    region: String,
    schedule: Value,
    time: Timestamp,
}

impl Scheduler {
    /// Lets go what came due while the local cloud was down: its databases were down, too.
    pub(super) fn skip_missed(&self) {
        let now = self.context.clock.now();
        for region in self.documents.regions() {
            for name in self.documents.names(&region, SCHEDULE) {
                self.documents.edit(&region, SCHEDULE, &name, |schedule| schedule["Checked"] = json!(now.to_string()));
            }
        }
    }

    /// Fires every schedule at its time, as long as the local cloud runs.
    pub(super) async fn keep_time(self: &Arc<Self>) {
        loop {
            let (due, next) = self.look();
            for one in due {
                let scheduler = Arc::clone(self);
                self.context.tasks.spawn(async move { scheduler.fire(&one).await });
            }
            tokio::select! {
                () = self.context.clock.sleep_until(next) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Returns what is due, marked as done, and when to look again. What came due several times since the last look,
    /// because the clock was moved, fires once.
    fn look(&self) -> (Vec<Due>, Timestamp) {
        let now = self.context.clock.now();
        let mut due = vec![];
        let mut next = now.checked_add(IDLE).unwrap_or(now);
        for region in self.documents.regions() {
            for (name, schedule) in self.documents.list(&region, SCHEDULE) {
                // After the clock went back to the real time, the last look may lie ahead.
                let checked = moment(&schedule["Checked"]).unwrap_or(now).min(now);
                if let Some(time) = time_after(&schedule, checked).filter(|time| *time <= now) {
                    self.documents.edit(&region, SCHEDULE, &name, |kept| kept["Checked"] = json!(now.to_string()));
                    if schedule["ActionAfterCompletion"] == "DELETE" && time_after(&schedule, now).is_none() {
                        self.documents.remove(&region, SCHEDULE, &name);
                    }
                    due.push(Due { region: region.clone(), schedule: schedule.clone(), time });
                }
                next = time_after(&schedule, now).map_or(next, |time| time.min(next));
            }
        }
        (due, next)
    }

    /// Calls the target, again and again within the limits of the schedule.
    async fn fire(&self, due: &Due) {
        let policy = &due.schedule["Target"]["RetryPolicy"];
        let attempts = policy["MaximumRetryAttempts"].as_i64().unwrap_or_default();
        let age = SignedDuration::from_secs(policy["MaximumEventAgeInSeconds"].as_i64().unwrap_or_default());
        let clock = &self.context.clock;
        let begun = clock.now();
        let execution = mint::uuid();
        let mut pause = FIRST_PAUSE;
        for attempt in 0..=attempts {
            let arn = due.schedule["Arn"].as_str().unwrap_or_default();
            match self.call(due, &execution, attempt).await {
                Ok(()) => {
                    tracing::info!(schedule = arn, "fired");
                    return;
                }
                Err(failed) => tracing::warn!(schedule = arn, attempt, %failed, "the target refused"),
            }
            if clock.now().duration_since(begun) + pause > age {
                return;
            }
            // The pause is real: a moved clock must not use up all attempts at once.
            tokio::time::sleep(Duration::try_from(pause).unwrap_or_default()).await;
            pause = pause.saturating_mul(2);
        }
    }

    async fn call(&self, due: &Due, execution: &str, attempt: i64) -> Result<(), Failed> {
        let target = &due.schedule["Target"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let input = text(&target["Input"])
            .replace("<aws.scheduler.schedule-arn>", &text(&due.schedule["Arn"]))
            .replace("<aws.scheduler.scheduled-time>", &due.time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
            .replace("<aws.scheduler.execution-id>", execution)
            .replace("<aws.scheduler.attempt-number>", &(attempt + 1).to_string());
        let refused = |refusal: crate::localcloud::refusal::Refusal| Failed {
            code: refusal.code().to_owned(),
            message: refusal.message().to_owned(),
        };
        let (remote, operation, request) = match Target::parse(&text(&target["Arn"]), &input).map_err(refused)? {
            Target::Function(arn) => return self.invoke(&due.region, &arn, input).await,
            Target::StateMachine(arn) => {
                let Some((remote, operation)) = remote::find("sfn:startExecution") else { return Ok(()) };
                let input = if input.is_empty() { "{}".to_owned() } else { input };
                (remote, operation, json!({ "StateMachineArn": arn, "Input": input }))
            }
            Target::Operation(remote, operation) => {
                (remote, operation, serde_json::from_str(&input).unwrap_or_default())
            }
        };
        let place = (self.context.endpoint.as_str(), due.region.as_str());
        if !remote::may(&text(&target["RoleArn"]), place, (remote, &operation), &request).await {
            let message = format!("{} may not {}:{operation}", text(&target["RoleArn"]), remote.word);
            return Err(Failed { code: "AccessDeniedException".to_owned(), message });
        }
        remote::call(place.0, place.1, remote, &operation, &request).await.map(drop)
    }

    async fn invoke(&self, region: &str, function: &str, input: String) -> Result<(), Failed> {
        let client = aws_sdk_lambda::Client::new(&sdk::config(&self.context.endpoint, region).await);
        let call =
            client.invoke().function_name(function).invocation_type(aws_sdk_lambda::types::InvocationType::Event);
        let sent = call.payload(aws_sdk_lambda::primitives::Blob::new(input)).send().await;
        sent.map(drop).map_err(|error| Failed {
            code: aws_sdk_lambda::error::ProvideErrorMetadata::code(&error).unwrap_or("NoAnswer").to_owned(),
            message: aws_sdk_lambda::error::ProvideErrorMetadata::message(&error).unwrap_or_default().to_owned(),
        })
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str().and_then(|text| text.parse().ok())
}

/// Returns when a schedule that is on comes next after a moment, between its beginning and its end.
fn time_after(schedule: &Value, after: Timestamp) -> Option<Timestamp> {
    if schedule["State"] != "ENABLED" {
        return None;
    }
    let expression = Expression::parse(schedule["ScheduleExpression"].as_str()?)?;
    let zone = TimeZone::get(schedule["ScheduleExpressionTimezone"].as_str()?).ok()?;
    let start = seconds(&schedule["StartDate"]);
    let beginning = start.or_else(|| seconds(&schedule["CreationDate"]))?;
    let after = start.map_or(after, |start| after.max(start - SignedDuration::from_nanos(1)));
    let next = expression.next(after, beginning, &zone)?;
    seconds(&schedule["EndDate"]).is_none_or(|end| next <= end).then_some(next)
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
fn seconds(value: &Value) -> Option<Timestamp> {
    Timestamp::from_millisecond((value.as_f64()? * 1000.0) as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_fires_between_its_beginning_and_its_end_while_it_is_on() {
        let mut schedule = json!({
            "State": "ENABLED", "ScheduleExpression": "cron(0 2 * * ? *)", "ScheduleExpressionTimezone": "UTC",
            "CreationDate": 1_763_900_000.0, "StartDate": 1_764_000_000.0, "EndDate": 1_764_200_000.0,
        });
        let next = |schedule: &Value, after: &str| {
            time_after(schedule, after.parse().unwrap()).map(|moment| moment.to_string())
        };
        // It begins on 2025-11-24 at 16:00 and ends on 2025-11-26 at 23:33.
        assert_eq!(next(&schedule, "2025-11-01T00:00:00Z").unwrap(), "2025-11-25T02:00:00Z");
        assert_eq!(next(&schedule, "2025-11-26T02:00:00Z"), None);
        // A minute of every hour comes first at or after the beginning, and hourly from then on.
        schedule["ScheduleExpression"] = json!("cron(0 * * * ? *)");
        assert_eq!(next(&schedule, "2025-11-20T00:00:00Z").unwrap(), "2025-11-24T16:00:00Z");
        assert_eq!(next(&schedule, "2025-11-24T16:00:00Z").unwrap(), "2025-11-24T17:00:00Z");
        schedule["ScheduleExpression"] = json!("cron(59 * * * ? *)");
        assert_eq!(next(&schedule, "2025-11-24T15:59:00Z").unwrap(), "2025-11-24T16:59:00Z");
        schedule["State"] = json!("DISABLED");
        assert_eq!(next(&schedule, "2025-11-01T00:00:00Z"), None);
    }
}
