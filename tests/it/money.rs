//! Nobody forgets to stop it: what is billed stops by itself, the meter counts by AWS's own times, and `down` proves
//! what it says. The clock of the local cloud is moved, so that nights and weeks go by at once.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::edit;
use crate::support::{copy_of_the_stack, ran, stack};
use crate::team::{boto3, faults, has, shipped, shipped_file, writes};
use crate::world::World;

/// Lets time go by in the cloud.
fn forward(world: &World, span: &str) {
    boto3(world, &format!("ask('PUT', '/_stack/clock', {{'forward': {span:?}}})"));
}

/// Waits until the servers are in these states.
fn until_servers(world: &World, instance: &str, cluster: &str) {
    boto3(
        world,
        &format!(
            r#"
def states():
    return (client("rds").describe_db_instances()["DBInstances"][0]["DBInstanceStatus"],
            client("redshift").describe_clusters()["Clusters"][0]["ClusterStatus"])
until(lambda: states() == ({instance:?}, {cluster:?}))
"#
        ),
    );
}

fn status(world: &World) -> Value {
    let shown = world.stack(&["--json", "status"]).exits(0);
    serde_json::from_str(&shown.stdout).unwrap_or_else(|error| panic!("{error}: {}", shown.all()))
}

/// What the status says of a resource.
fn of<'a>(status: &'a Value, address: &str) -> &'a Value {
    let resources = status["resources"].as_array().unwrap();
    resources.iter().find(|one| one["address"] == address).unwrap()
}

fn moment(value: &Value) -> Timestamp {
    value.as_str().unwrap_or_else(|| panic!("no moment: {value}")).parse().unwrap()
}

/// How long from now on until the servers are stopped by their schedules.
fn left(world: &World) -> SignedDuration {
    let status = status(world);
    let stops = ["mysql.sales", "redshift.warehouse"].map(|address| moment(&of(&status, address)["stops_at"]));
    assert_eq!(stops[0], stops[1]);
    stops[0].duration_since(moment(&status["now"]))
}

#[track_caller]
fn about(span: SignedDuration, minutes: i64) {
    let wanted = SignedDuration::from_mins(minutes);
    assert!((span - wanted).abs() <= SignedDuration::from_mins(3), "{span:#} is not about {wanted:#}");
}

#[test]
fn servers_stop_by_themselves_and_stay_stopped() {
    let world = shipped("auto-stop");
    let made = world.stack(&["--yes", "up"]).exits(0);
    has(&made, &["still running: `mysql.sales` since", "`stack down` stops them, a schedule does at"]);
    about(left(&world), 240);
    writes(&world);
    world.stack(&["--yes", "up"]).exits(0);
    assert!(writes(&world).is_empty(), "a second run makes no write call");

    // An `up` an hour later is a sign of life.
    forward(&world, "PT1H");
    about(left(&world), 180);
    world.stack(&["--yes", "up"]).exits(0);
    about(left(&world), 240);
    assert_eq!(writes(&world), ["scheduler:UpdateSchedule"; 2]);
    has(&world.stack(&["extend", "2h"]).exits(0), &["the servers stop by themselves on", "in 6 h"]);
    about(left(&world), 360);
    // Nobody's extension is cut short.
    world.stack(&["--yes", "up"]).exits(0);
    about(left(&world), 360);

    another_laptop_agrees(&world);

    // The laptop is closed; the clocks go on.
    forward(&world, "PT6H5M");
    until_servers(&world, "stopped", "paused");
    let stopped = status(&world);
    let restart = moment(&of(&stopped, "mysql.sales")["restarts_at"]).duration_since(moment(&stopped["now"]));
    about(restart, 7 * 24 * 60);
    let shown = world.stack(&["status"]).exits(0);
    has(&shown, &["`mysql.sales`: AWS starts it by itself on", "a schedule stops it again within the hour"]);
    assert!(!shown.all().contains("still running"), "{}", shown.all());

    // After seven days RDS starts it, and it is stopped once more.
    forward(&world, "PT168H30M");
    let events = r#"
def told():
    events = client("rds").describe_events(Duration=20160, SourceType="db-instance")["Events"]
    return [event["Message"] for event in events]
until(lambda: any("maximum allowed time" in message for message in told()))
settled = ("available", "stopped")
until(lambda: client("rds").describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] in settled)
"#;
    boto3(&world, events);
    forward(&world, "PT1H");
    until_servers(&world, "stopped", "paused");

    // Work goes on: what starts is not stopped at once by a schedule whose time is long over.
    let started = world.stack(&["--yes", "start"]).exits(0);
    has(&started, &["still running: `mysql.sales` since"]);
    about(left(&world), 240);
    std::thread::sleep(std::time::Duration::from_secs(5));
    until_servers(&world, "available", "available");
}

/// Another computer, which never saw this stack, reads the same from AWS.
fn another_laptop_agrees(world: &World) {
    let (folder, file) = copy_of_the_stack();
    std::fs::copy(shipped_file(world), &file).unwrap();
    let mut command = world.command(&["--json", "status"]);
    command.current_dir(folder.path()).env("STACK_FILE", &file);
    let there: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    let here = status(world);
    for address in ["mysql.sales", "redshift.warehouse"] {
        for key in ["stops_at", "since", "usd_per_hour"] {
            assert_eq!(of(&here, address)[key], of(&there, address)[key], "{address} {key}");
            assert!(!of(&here, address)[key].is_null(), "{address} {key}");
        }
    }
}

#[test]
fn the_meter_counts_from_what_aws_remembers() {
    let world = shipped("meter");
    let none = world.stack(&["status"]).exits(0);
    has(&none, &["$0.000/h now, $0.000/h when everything is stopped"]);
    world.stack(&["--yes", "up"]).exits(0);
    forward(&world, "PT1H");
    world.stack(&["down"]).exits(0);
    forward(&world, "PT24H");
    world.stack(&["--yes", "start"]).exits(0);
    forward(&world, "PT10H");
    until_servers(&world, "stopped", "paused");
    world.stack(&["--yes", "start"]).exits(0);
    forward(&world, "PT2H");
    let status = status(&world);
    for address in ["mysql.sales", "redshift.warehouse"] {
        let line = of(&status, address);
        let hours = moment(&status["now"]).duration_since(moment(&line["since"]["moment"])).as_secs_f64() / 3600.0;
        assert!(hours > 1.9 && hours < 2.1, "since it was started last, not since it was made: {line}");
        let expected = hours * line["usd_per_hour"].as_f64().unwrap();
        assert!((line["usd_since"].as_f64().unwrap() - expected).abs() < 0.001, "{line}");
        assert_eq!(line["since"]["is_exact"], true);
    }
    let mut watching = world.command(&["status", "--watch"]).stdout(Stdio::piped()).spawn().unwrap();
    let lines: Vec<String> =
        BufReader::new(watching.stdout.take().unwrap()).lines().take(5).map(Result::unwrap).collect();
    assert!(lines[0].contains("billed by the hour") && lines.iter().any(|line| line.starts_with("mysql.sales")));
    let interrupt = format!("kill -INT {}", watching.id());
    std::process::Command::new("sh").args(["-c", &interrupt]).status().unwrap();
    assert_eq!(watching.wait().unwrap().code(), Some(0), "Ctrl-C is how a watch ends");

    // Without the right to read events the rest of the status is still there.
    faults(&world, "[{'does': 'denied', 'service': 'rds', 'operation': 'DescribeEvents'}]");
    let denied = world.stack(&["status"]).exits(0);
    has(&denied, &["since when something runs is not known:", "mysql.sales"]);
}

#[test]
fn down_proves_what_it_did() {
    let world = shipped("down-proof");
    let absent = world.stack(&["down"]).exits(0);
    has(&absent, &["`mysql.sales` does not exist: nothing to stop", "$0.000/h before, $0.000/h now"]);
    world.stack(&["--yes", "up"]).exits(0);
    boto3(
        &world,
        r#"
client("rds").create_db_snapshot(DBInstanceIdentifier="data-engineering-aws", DBSnapshotIdentifier="by-hand")
until(lambda: client("rds").describe_db_snapshots()["DBSnapshots"][0]["Status"] == "available")
until(lambda: client("rds").describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] == "available")
"#,
    );
    let down = world.stack(&["down"]).exits(0);
    has(&down, &["$0.582/h before, $0.018/h now", "still billed:", "until `stack destroy`", "RDS storage gp3"]);
    has(
        &down,
        &["snapshot `by-hand` of `mysql.sales`, 20.0 GiB, until somebody deletes it", "AWS starts it by itself on"],
    );
    let again = world.stack(&["--json", "down"]).exits(0);
    has(&again, &["`mysql.sales` is stopped already", "`redshift.warehouse` is stopped already"]);
    let value: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(value["usd_per_hour"]["before"], value["usd_per_hour"]["now"]);
    assert_eq!(value["still_billed"]["backups"][0]["backup"]["name"], "by-hand");

    // What is on its way is waited for, and then stopped.
    boto3(&world, r#"client("rds").start_db_instance(DBInstanceIdentifier="data-engineering-aws")"#);
    world.stack(&["down"]).exits(0);
    until_servers(&world, "stopped", "paused");
    // What somebody deleted by hand is no failure.
    let delete = r#"
client("redshift").resume_cluster(ClusterIdentifier="data-engineering-aws-redshift")
until(lambda: client("redshift").describe_clusters()["Clusters"][0]["ClusterStatus"] == "available")
client("redshift").delete_cluster(ClusterIdentifier="data-engineering-aws-redshift", SkipFinalClusterSnapshot=True)
until(lambda: not client("redshift").describe_clusters()["Clusters"])
client("rds").start_db_instance(DBInstanceIdentifier="data-engineering-aws")
"#;
    boto3(&world, delete);
    has(&world.stack(&["down"]).exits(0), &["`redshift.warehouse` does not exist: nothing to stop"]);
    // What left the file is billed all the same.
    boto3(&world, r#"client("rds").start_db_instance(DBInstanceIdentifier="data-engineering-aws")"#);
    let file = shipped_file(&world);
    edit::edit(&file, &[("mysql.sales", "identifier", r#""another-name""#)]);
    has(&world.stack(&["down"]).exits(0), &["~ mysql.sales stopped"]);
    edit::edit(&file, &[("mysql.sales", "identifier", r#""data-engineering-aws""#)]);
    has(&world.stack(&["down"]).exits(0), &["`mysql.sales` is stopped already"]);
    // What AWS refuses to stop is said with its cause, and that it is still billed.
    let replicate = r#"
rds = client("rds")
rds.start_db_instance(DBInstanceIdentifier="data-engineering-aws")
ready = lambda: rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] == "available"
until(ready)
rds.modify_db_instance(DBInstanceIdentifier="data-engineering-aws", ManageMasterUserPassword=False,
                       MasterUserPassword="a-password-of-its-own", BackupRetentionPeriod=1, ApplyImmediately=True)
until(ready)
rds.create_db_instance_read_replica(DBInstanceIdentifier="a-copy", SourceDBInstanceIdentifier="data-engineering-aws")
until(lambda: all(one["DBInstanceStatus"] == "available" for one in rds.describe_db_instances()["DBInstances"]))
"#;
    boto3(&world, replicate);
    let refused = world.stack(&["down"]).exits(1);
    has(&refused, &["cannot stop `mysql.sales`", "read replica", "still running: `mysql.sales` since"]);
}

/// Steps that need no server.
const STEPS: &str = r#"[[pipeline.step]]
name = "nothing much"
command = { run = ["true"] }
"#;

#[test]
fn what_happens_after_a_run_is_declared_or_said() {
    let world = shipped("after-run");
    let file = shipped_file(&world);
    let text = std::fs::read_to_string(&file).unwrap();
    let (head, _) = text.split_once("[[pipeline.step]]").unwrap();
    std::fs::write(&file, format!("{head}{STEPS}")).unwrap();
    world.stack(&["--yes", "up"]).exits(0);
    has(&world.stack(&["run-pipeline"]).exits(0), &["still running: `mysql.sales`"]);
    forward(&world, "PT1H");
    has(&world.stack(&["run-pipeline"]).exits(0), &["still running: `mysql.sales`"]);
    about(left(&world), 240);
    edit::edit(&file, &[("billing", "after_run", r#""stop""#)]);
    let kept = world.stack(&["run-pipeline", "--keep-running"]).exits(0);
    has(&kept, &["still running: `mysql.sales`"]);
    let stopped = world.stack(&["run-pipeline"]).exits(0);
    has(&stopped, &["$0.582/h before, $0.018/h now"]);
    assert!(!stopped.all().contains("still running"), "{}", stopped.all());
    until_servers(&world, "stopped", "paused");
}

#[test]
fn a_budget_is_kept_and_asked_about() {
    let world = shipped("budget");
    let file = shipped_file(&world);
    edit::edit(
        &file,
        &[("billing", "budget_usd_per_month", "20"), ("billing", "notify", r#"["ana@example.com", "bo@example.com"]"#)],
    );
    let refused = world.stack(&["--yes", "up"]).exits(1);
    has(&refused, &["the budget is $20.00", "used 4 h on each weekday", "--over-budget", "budget_usd_per_month = 20"]);
    assert!(writes(&world).iter().all(|write| write.starts_with("s3:")), "nothing was made but what keeps the lease");
    world.stack(&["--yes", "up", "--over-budget"]).exits(0);
    let seen = boto3(
        &world,
        r#"
budgets = client("budgets")
[budget] = budgets.describe_budgets(AccountId="123456789012")["Budgets"]
name = {"AccountId": "123456789012", "BudgetName": budget["BudgetName"]}
alerts = budgets.describe_notifications_for_budget(**name)["Notifications"]
told = budgets.describe_subscribers_for_notification(**name, Notification=alerts[0])["Subscribers"]
print(budget["BudgetLimit"]["Amount"], sorted((a["NotificationType"], a["Threshold"]) for a in alerts),
      sorted(one["Address"] for one in told))
"#,
    );
    let alerts = "[('ACTUAL', 80.0), ('ACTUAL', 100.0), ('FORECASTED', 100.0)]";
    assert_eq!(seen, format!("20.0 {alerts} ['ana@example.com', 'bo@example.com']"));
    world.stack(&["plan", "--detailed-exitcode"]).exits(0);
    edit::drop_key(&file, "budget_usd_per_month");
    edit::drop_key(&file, "notify");
    world.stack(&["--yes", "up"]).exits(0);
    assert_eq!(
        boto3(&world, r#"print(client("budgets").describe_budgets(AccountId="123456789012").get("Budgets"))"#),
        "[]"
    );
}

/// Returns what `validate` says of the shipped stack with each of these changes.
fn refusals(changes: &[&[edit::Edit]]) -> String {
    let (folder, file) = copy_of_the_stack();
    let text = std::fs::read_to_string(&file).unwrap();
    let said = changes.iter().map(|edits| {
        std::fs::write(&file, &text).unwrap();
        edit::edit(&file, edits);
        ran(stack(folder.path()).arg("validate")).exits(65).stderr
    });
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn wrong_spans_are_refused_with_their_place() {
    let said = refusals(&[
        &[("billing", "auto_stop", r#""soon""#)],
        &[("billing", "auto_stop", r#""5m""#)],
        &[("billing", "auto_stop", r#""8 days""#)],
        &[("billing", "auto_stop", "4")],
        &[("billing", "after_run", r#""perhaps""#)],
    ]);
    insta::assert_snapshot!(said, @r#"
    error: `billing.auto_stop`: `soon` is no span of time
       --> stacks/ecommerce.toml:194:13
        |
    194 | auto_stop = "soon"
        |             ^^^^^^
        |
        = hint: such as `4h`, `90m` or `1h 30m`

    error: `billing.auto_stop`: `5m` is shorter than 15 minutes
       --> stacks/ecommerce.toml:194:13
        |
    194 | auto_stop = "5m"
        |             ^^^^
        |
        = hint: AWS bills at least 10 minutes for each start of a server

    error: `billing.auto_stop`: `8 days` is longer than 7 days
       --> stacks/ecommerce.toml:194:13
        |
    194 | auto_stop = "8 days"
        |             ^^^^^^^^
        |
        = hint: for a stack that always runs, leave `auto_stop` out

    error: `billing.auto_stop` has a wrong value
       --> stacks/ecommerce.toml:194:13
        |
    194 | auto_stop = 4
        |             ^ invalid type: integer `4`, expected a string

    error: `billing.after_run` cannot be `perhaps`
       --> stacks/ecommerce.toml:194:13
        |
    194 | after_run = "perhaps"
        |             ^^^^^^^^^ not one of the allowed words
        |
        = hint: allowed: stop, keep
    "#);
}

#[test]
fn wrong_budgets_are_refused_with_their_place() {
    let said = refusals(&[
        &[("billing", "budget_usd_per_month", "0"), ("billing", "notify", r#"["ana@example.com"]"#)],
        &[("billing", "budget_usd_per_month", "50")],
        &[("billing", "notify", r#"["ana at example"]"#)],
        &[("billing", "autostop", r#""4h""#)],
    ]);
    insta::assert_snapshot!(said, @r#"
    error: `billing.budget_usd_per_month`: `0` is no amount that AWS takes
       --> stacks/ecommerce.toml:195:24
        |
    195 | budget_usd_per_month = 0
        |                        ^
        |
        = hint: in US dollars, such as `budget_usd_per_month = 50`

    error: `billing.budget_usd_per_month`: nobody would be told when the budget is used up
       --> stacks/ecommerce.toml:194:24
        |
    194 | budget_usd_per_month = 50
        |                        ^^
        |
        = hint: add `notify = ["you@example.com"]`

    error: `billing.notify`: there is no budget that it could be about
       --> stacks/ecommerce.toml:194:10
        |
    194 | notify = ["ana at example"]
        |          ^^^^^^^^^^^^^^^^^^
        |
        = hint: add `budget_usd_per_month = 50`
    error: the 1st of `billing.notify`: `ana at example` is no e-mail address
       --> stacks/ecommerce.toml:194:11
        |
    194 | notify = ["ana at example"]
        |           ^^^^^^^^^^^^^^^^
        |
        = hint: such as `you@example.com`

    error: unknown key `autostop` in `billing`
       --> stacks/ecommerce.toml:194:1
        |
    194 | autostop = "4h"
        | ^^^^^^^^ unknown key
        |
        = hint: did you mean `auto_stop`?
    "#);
}
