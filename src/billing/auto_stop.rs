//! What `auto_stop` stands for: a role, the stack's group of schedules, and for each server a schedule that stops it.
//!
//! A schedule calls for the first time when the person's time is over, and every hour after that. So a call that AWS
//! refuses, because a backup was just being made, is made up for, and a server that AWS starts by itself after seven
//! days is stopped again. Commands that need the servers push the first call into the future, before they start them.

use std::time::Duration;

use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Billing;
use crate::kinds::base::{AnyFound, Cx, Entry, KindError, Resource, Table, Template};
use crate::kinds::mysql::Mysql;
use crate::kinds::redshift::Redshift;
use crate::kinds::role::{self, Role, Service};
use crate::kinds::schedule::{self, Schedule, Timing};
use crate::kinds::schedule_group::{self, ScheduleGroup};
use crate::model::Address;
use crate::plan::Observed;
use crate::spec::Stack;

/// The logical name of the role, and what the names of the schedules begin with.
pub(super) const NAME: &str = "auto-stop";

/// How many times a call that AWS refuses is repeated, and for how long, in seconds. It is not: there is another call an
/// hour later, and a repeated call from before `stack start` would stop what was started since.
const REPEATS: (i32, i32) = (0, 300);

/// What is not worth a call: an `up` that changes nothing writes nothing, if the one before it was a moment ago.
const WORTH: SignedDuration = SignedDuration::from_mins(5);

/// A server that can be stopped.
pub(super) struct Server {
    address: Address,
    /// The operation that stops it, as EventBridge Scheduler names it.
    operation: &'static str,
    /// The member of the request that names it, as AWS's Java SDK spells it.
    member: &'static str,
    identifier: String,
    /// The permission that the operation takes, and what the ARN says between account and identifier.
    permission: (&'static str, &'static str),
}

/// Returns the servers of a stack file.
pub(super) fn servers(entry: Entry<'_>) -> Vec<Server> {
    let instances = entry.all.all::<Mysql>().map(|(name, table)| Server {
        address: Address::new(<Mysql as Table>::NAME, name),
        operation: "rds:stopDBInstance",
        member: "DbInstanceIdentifier",
        // AWS keeps identifiers in small letters, and ARNs are compared letter by letter.
        identifier: table.identifier.to_lowercase(),
        permission: ("rds:StopDBInstance", "rds:db"),
    });
    let clusters = entry.all.all::<Redshift>().map(|(name, table)| Server {
        address: Address::new(<Redshift as Table>::NAME, name),
        operation: "redshift:pauseCluster",
        member: "ClusterIdentifier",
        identifier: table.identifier.to_lowercase(),
        permission: ("redshift:PauseCluster", "redshift:cluster"),
    });
    instances.chain(clusters).collect()
}

impl Server {
    fn schedule(&self, group: &str, after: Duration, role: &Address) -> schedule::Spec {
        let (retries, maximum_age_seconds) = REPEATS;
        schedule::Spec {
            group: group.to_owned(),
            name: schedule_name(&self.address),
            timing: Timing::Hourly { after_seconds: after.as_secs() },
            target: Template::from(format!("arn:aws:scheduler:::aws-sdk:{}", self.operation).as_str()),
            input: Template::from(json!({ self.member: self.identifier }).to_string().as_str()),
            role: role.clone(),
            retries,
            maximum_age_seconds,
            enabled: true,
        }
    }

    fn statement(&self, region: &str) -> Value {
        let (action, (service, resource)) = (self.permission.0, self.permission.1.split_once(':').unwrap_or_default());
        let arn = format!("arn:aws:{service}:{region}:${{account}}:{resource}:{}", self.identifier);
        json!({ "Effect": "Allow", "Action": [action], "Resource": [arn] })
    }
}

fn schedule_name(server: &Address) -> String {
    format!("{NAME}-{}-{}", server.kind, server.name)
}

/// Returns the address of the schedule that stops a server.
pub(super) fn schedule_of(server: &Address) -> Address {
    Address::new(<Schedule as crate::kinds::base::Kind>::NAME, schedule_name(server))
}

/// The request that switches the schedule of a server on or off, for a machine that uses the server meanwhile.
#[derive(Debug)]
pub struct Pause {
    /// The name of the schedule in the group of the stack.
    pub schedule: String,
    /// The request, as EventBridge Scheduler takes it; what a request leaves out would fall back to its default.
    pub request: Value,
}

/// Returns how the schedule that stops a server is paused and goes on; `None` if the stack file has none.
///
/// Without a beginning of its own a schedule that goes on calls from then on, every hour: the server is stopped by then.
pub fn pause_of(entry: Entry<'_>, server: &Address, is_on: bool) -> Option<Pause> {
    let after = entry.all.get::<Billing>(<Billing as Table>::NAME)?.auto_stop()?;
    let role = Address::new(<Role as Table>::NAME, NAME);
    let server = servers(entry).into_iter().find(|one| one.address == *server)?;
    let spec = server.schedule(entry.stack, after, &role);
    let request = json!({
        "GroupName": spec.group,
        "Name": spec.name,
        "Description": spec.timing.description(),
        "ScheduleExpression": "cron(0 * * * ? *)",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": { "Mode": "OFF" },
        "State": if is_on { "ENABLED" } else { "DISABLED" },
        "Target": {
            "Arn": spec.target.as_str(),
            "RoleArn": format!("${{{}.{}.arn}}", role.kind, role.name),
            "Input": spec.input.as_str(),
            "RetryPolicy": {
                "MaximumRetryAttempts": spec.retries, "MaximumEventAgeInSeconds": spec.maximum_age_seconds,
            },
        },
    });
    Some(Pause { schedule: spec.name, request })
}

/// Returns the resources; none for a stack without servers.
pub(super) fn expand(after: Duration, entry: Entry<'_>) -> Vec<Resource> {
    let servers = servers(entry);
    if servers.is_empty() {
        return vec![];
    }
    let origin = || entry.origin.clone();
    let role = Address::new(<Role as Table>::NAME, NAME);
    let statements = servers.iter().map(|server| server.statement(entry.region)).collect();
    let derived = role::Spec::derived(format!("{}-{NAME}", entry.stack), Service::Scheduler, statements);
    let group = schedule_group::Spec { name: entry.stack.to_owned() };
    let mut resources = vec![
        Resource::new(&Role, NAME, origin(), derived),
        Resource::new(&ScheduleGroup, &schedule_group::address().name, origin(), group),
    ];
    resources.extend(servers.iter().map(|server| {
        let spec = server.schedule(entry.stack, after, &role);
        Resource::new(&Schedule, &schedule_name(&server.address), origin(), spec)
    }));
    resources
}

/// Returns when the schedule that stops a server calls first; `None` without one that is on.
pub fn stops_at(observed: &Observed, server: &Address) -> Option<Timestamp> {
    first_call(observed.ours.get(&schedule_of(server))?)
}

/// Returns when a schedule calls first; one that is off never does.
fn first_call(schedule: &AnyFound) -> Option<Timestamp> {
    let is_on = schedule.outputs.get("state").is_some_and(|state| state == "ENABLED");
    schedule.outputs.get("first_call").filter(|_| is_on)?.parse().ok()
}

/// Pushes the first call of every schedule that stops a server to `auto_stop` from now, where that is later than it was.
/// Returns whether anything was written.
///
/// # Errors
/// If AWS refuses.
pub async fn push_on(stack: &Stack, cx: &Cx, observed: &Observed) -> Result<bool, KindError> {
    let now = cx.aws.clock.now();
    push(stack, cx, observed, |after, _| now.saturating_add(after).unwrap_or(now)).await
}

/// Gives the servers more time: `by` from the moment at which they would stop, or from now if that is over. Returns
/// the latest new moment.
///
/// # Errors
/// If AWS refuses.
pub async fn extend(stack: &Stack, cx: &Cx, observed: &Observed, by: Duration) -> Result<Option<Timestamp>, KindError> {
    let now = cx.aws.clock.now();
    let later = |_, at: Option<Timestamp>| {
        let from = at.unwrap_or(now).max(now);
        from.saturating_add(by).unwrap_or(from)
    };
    push(stack, cx, observed, later).await?;
    let schedules = own(stack, observed).map(|(.., at)| later(Duration::ZERO, at));
    Ok(schedules.max())
}

/// Returns the schedules that stop servers, with what is declared of each and when it calls first.
fn own<'a>(
    stack: &'a Stack,
    observed: &'a Observed,
) -> impl Iterator<Item = (&'a schedule::Spec, Duration, Option<Timestamp>)> {
    stack.resources.iter().filter_map(|resource| {
        let spec = resource.spec::<Schedule>()?;
        let Timing::Hourly { after_seconds } = spec.timing else { return None };
        let at = first_call(observed.ours.get(&resource.address)?);
        Some((spec, Duration::from_secs(after_seconds), at))
    })
}

async fn push(
    stack: &Stack,
    cx: &Cx,
    observed: &Observed,
    moment: impl Fn(Duration, Option<Timestamp>) -> Timestamp,
) -> Result<bool, KindError> {
    let due: Vec<_> = own(stack, observed)
        .map(|(spec, after, at)| (spec, moment(after, at), at))
        .filter(|(_, new, at)| at.is_none_or(|at| new.duration_since(at) >= WORTH))
        .collect();
    try_join_all(due.iter().map(|(spec, new, _)| schedule::push(cx, spec, *new))).await?;
    Ok(!due.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::base::{AnyTable, Declared};
    use crate::model::KeyPath;

    fn declared() -> Declared {
        let mut declared = Declared::new("");
        let mut add = |table: &dyn AnyTable, name: &str, value: Value| {
            declared.insert(table.name(), name, table.parse(&value).unwrap());
        };
        let mysql = json!({
            "identifier": "Data-Engineering-AWS", "class": "db.t4g.micro", "version": "8.4", "storage_gib": 20,
            "database": "shop",
        });
        let redshift = json!({
            "identifier": "my-warehouse", "node_type": "ra3.large", "nodes": 1, "database": "dw", "role": "redshift",
        });
        add(&Mysql, "sales", mysql);
        add(&Redshift, "warehouse", redshift);
        add(&Billing, "billing", json!({ "auto_stop": "4h" }));
        declared
    }

    /// AWS checks the input of a universal target against the names of its Java SDK and refuses any other spelling when
    /// the schedule is made: `DbInstanceIdentifier`, where the API itself says `DBInstanceIdentifier`.
    #[test]
    fn schedules_say_to_aws_what_aws_takes() {
        let (declared, origin) = (declared(), KeyPath::new(["billing"]));
        let today = jiff::civil::date(2026, 11, 23);
        let entry =
            Entry { name: "billing", origin: &origin, stack: "shop", region: "us-east-2", today, all: &declared };
        let resources = expand(Duration::from_secs(4 * 3600), entry);
        let schedules: Vec<&schedule::Spec> = resources.iter().filter_map(Resource::spec::<Schedule>).collect();
        let told: Vec<(&str, &str)> = schedules.iter().map(|one| (one.target.as_str(), one.input.as_str())).collect();
        let instance = r#"{"DbInstanceIdentifier":"data-engineering-aws"}"#;
        let cluster = r#"{"ClusterIdentifier":"my-warehouse"}"#;
        let expected = [
            ("arn:aws:scheduler:::aws-sdk:rds:stopDBInstance", instance),
            ("arn:aws:scheduler:::aws-sdk:redshift:pauseCluster", cluster),
        ];
        assert_eq!(told, expected);
        for schedule in schedules {
            assert!((0..=3).contains(&schedule.retries) && (60..=3600).contains(&schedule.maximum_age_seconds));
        }
        let server = Address::new("mysql", "sales");
        let pause = pause_of(entry, &server, false).unwrap();
        assert_eq!(
            (&pause.request["State"], &pause.request["Target"]["Input"]),
            (&json!("DISABLED"), &json!(instance))
        );
        assert_eq!(pause.schedule, "auto-stop-mysql-sales");
        let role = resources.iter().find_map(Resource::spec::<Role>).map(|role| json!(role).to_string()).unwrap();
        assert!(role.contains("arn:aws:rds:us-east-2:${account}:db:data-engineering-aws"), "{role}");
        assert!(role.contains("redshift:PauseCluster") && role.contains(":cluster:my-warehouse"), "{role}");
    }
}
