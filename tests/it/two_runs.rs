//! Two runs at once, a run that is interrupted, and runs that are killed.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::edit;
use crate::support::Ran;
use crate::team::{boto3, faults, has, plan, shipped, shipped_file, small, writes};
use crate::world::World;

const SLOW_FUNCTION: &str =
    r#"[{"service": "lambda", "operation": "UpdateFunctionConfiguration", "does": {"latency": {"millis": 60000}}}]"#;

/// Starts a run in the background, by a user called ana.
fn begin(world: &World, arguments: &[&str]) -> Child {
    let mut command = world.command(arguments);
    command.env("USER", "ana").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(run: Child) -> Ran {
    let output = run.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Ends a run as the power switch does.
fn kill(mut run: Child) {
    run.kill().unwrap();
    run.wait().unwrap();
}

/// Changes the function in the file and starts a run that will not get over it.
fn stuck(world: &World, memory_mib: &'static str) -> Child {
    faults(world, SLOW_FUNCTION);
    edit::edit(&shipped_file(world), &[("lambda.reader", "memory_mib", memory_mib)]);
    writes(world);
    let run = begin(world, &["--yes", "up"]);
    wait_for_lease(world);
    run
}

/// Waits until the cloud was asked to do something so many times, or the run is over.
#[track_caller]
fn wait_for(world: &World, run: &Child, operation: &str, times: usize) {
    let script = r#"
import json, time, urllib.request
READS = ("Describe", "List", "Get", "Head", "BatchGet", "Simulate")
def count():
    with urllib.request.urlopen(ENDPOINT + "/_stack/calls") as answer:
        calls = [call["operation"] for call in json.load(answer)["calls"]]
    return len([name for name in calls if name == "OPERATION" or "OPERATION" == "*" and not name.startswith(READS)])
def is_over():
    with open("/proc/PROCESS/stat") as state:
        return state.read().rsplit(")")[1].split()[0] == "Z"
end = time.time() + 30
while count() < TIMES and not is_over():
    assert time.time() < end, "it took too long"
    time.sleep(0.005)
"#;
    let script = script.replace("OPERATION", operation).replace("TIMES", &times.to_string());
    world.boto3(&script.replace("PROCESS", &run.id().to_string()));
}

/// Waits until ana holds the lease.
#[track_caller]
fn wait_for_lease(world: &World) {
    boto3(
        world,
        r#"
s3 = client("s3")
until(lambda: s3.list_objects_v2(Bucket="small-input", Prefix=".stack/").get("Contents"), 30)
time.sleep(0.5)
"#,
    );
}

/// The lease as it lies in its bucket.
fn lease(world: &World) -> String {
    let look = r#"
s3 = client("s3")
found = s3.list_objects_v2(Bucket="small-input", Prefix=".stack/").get("Contents", [])
print("".join(s3.get_object(Bucket="small-input", Key=one["Key"])["Body"].read().decode() for one in found))
"#;
    boto3(world, look)
}

/// Makes bob of another machine the holder, until so many seconds from now.
fn held_by_bob(world: &World, seconds: i32) {
    let write = r#"
now = time.time()
moment = lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
holder = {"who": "bob@elsewhere", "process": 1, "command": "up", "since": moment(now - 300), "until": moment(now + SECONDS)}
client("s3").put_object(Bucket="small-input", Key=".stack/lease.json", Body=json.dumps(holder))
"#;
    boto3(world, &write.replace("SECONDS", &seconds.to_string()));
}

#[test]
fn the_second_run_is_told_who_holds_the_lease() {
    let world = small("lease");
    two_first_runs(&world);
    let holder = stuck(&world, "512");
    let process = format!("process {}", holder.id());
    for command in [&["--yes", "up"][..], &["--yes", "destroy"], &["--yes", "adopt", "--all"]] {
        let locked = world.stack(command).exits(75);
        has(&locked, &["ana@", &process, "has been running `stack up`", " since 2", "stack unlock"]);
    }
    plan(&world, &["--detailed-exitcode"], 2);
    assert_eq!(writes(&world), Vec::<String>::new(), "who has no lease writes nothing");
    has(&world.stack(&["unlock"]).exits(1), &["ana@", &process, "--yes"]);
    assert!(lease(&world).contains("ana@"), "nobody was asked, so nothing was ended");
    has(&world.stack(&["--yes", "unlock"]).exits(0), &["ended the lease", "ana@", &process]);
    assert_eq!(lease(&world), "");
    has(&world.stack(&["--yes", "unlock"]).exits(0), &["nobody holds the lease"]);
    kill(holder);

    let killed = stuck(&world, "640");
    kill(killed);
    assert!(lease(&world).contains("ana@"), "the killed run left its lease");
    faults(&world, "[]");
    world.stack(&["--yes", "up"]).exits(0);
    plan(&world, &["--detailed-exitcode"], 0);
    assert_eq!(lease(&world), "", "it was given back");

    // `up` takes a lease only if it has something to do.
    held_by_bob(&world, 3600);
    world.stack(&["--yes", "up"]).exits(0);
    held_by_bob(&world, -1);
    world.stack(&["--yes", "adopt", "--all"]).exits(0);
    assert_eq!(lease(&world), "", "what has run out is taken over");
    held_by_bob(&world, 3600);
    for command in [&["--yes", "adopt", "--all"][..], &["--yes", "start"]] {
        has(&world.stack(command).exits(75), &["bob@elsewhere"]);
    }
    // Nobody's lease keeps a person from stopping what is billed.
    world.stack(&["down"]).exits(0);
    assert!(lease(&world).contains("bob@elsewhere"));
    world.stack(&["--yes", "unlock"]).exits(0);
    a_lost_lease_is_left_alone(&world);
}

/// Two people make the same stack at the same moment.
fn two_first_runs(world: &World) {
    faults(world, r#"[{"does": {"latency": {"millis": 60}}}]"#);
    let runs = [begin(world, &["--yes", "up"]), begin(world, &["--yes", "up"])];
    let mut codes = runs.map(|run| {
        let ran = end(run);
        assert!([0, 75].contains(&ran.code), "{}", ran.all());
        ran.code
    });
    codes.sort_unstable();
    assert_eq!(codes[0], 0, "one of them made it");
    faults(world, "[]");
    plan(world, &["--detailed-exitcode"], 0);
    assert_eq!(lease(world), "");
    let made = writes(world);
    let created: Vec<_> = made.iter().filter(|call| call.contains("Create") && !call.contains("Bucket")).collect();
    assert_eq!(created.len(), 4, "a database, a role, a log group and a function: {created:?}");
}

/// A run whose lease somebody ended does not take the lease of whoever came after it.
fn a_lost_lease_is_left_alone(world: &World) {
    faults(world, &SLOW_FUNCTION.replace("60000", "4000"));
    edit::edit(&shipped_file(world), &[("lambda.reader", "memory_mib", "768")]);
    writes(world);
    let run = begin(world, &["--yes", "up"]);
    wait_for_lease(world);
    held_by_bob(world, 3600);
    end(run).exits(0);
    assert!(lease(world).contains("bob@elsewhere"), "the lease of bob is his");
    world.stack(&["--yes", "unlock"]).exits(0);
}

const TWINS: &str = r#"
ec2, rds = client("ec2"), client("rds")
ours = [{"Name": "tag-key", "Values": ["stack:name"]}]
live = [one for one in ec2.describe_vpc_endpoints(Filters=ours)["VpcEndpoints"] if one["State"].lower() == "available"]
print(json.dumps({
    "vpcs": len([vpc for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]),
    "subnets": len(ec2.describe_subnets(Filters=ours)["Subnets"]),
    "groups": len(ec2.describe_security_groups(Filters=ours)["SecurityGroups"]),
    "gateways": len(ec2.describe_internet_gateways()["InternetGateways"]),
    "tables": len(ec2.describe_route_tables(Filters=ours)["RouteTables"]),
    "endpoints": len(live),
    "buckets": len(client("s3").list_buckets()["Buckets"]),
    "instances": len(rds.describe_db_instances()["DBInstances"]),
    "clusters": len(client("redshift").describe_clusters()["Clusters"]),
    "secrets": len(client("secretsmanager").list_secrets()["SecretList"]),
    "layers": len(client("lambda").list_layer_versions(LayerName="mysql-lambda-layer")["LayerVersions"]),
    "schedules": len(client("scheduler").list_schedules()["Schedules"]),
    "roles": len(client("iam").list_roles(PathPrefix="/stack/")["Roles"]),
}))
"#;

#[track_caller]
fn is_whole(world: &World) {
    plan(world, &["--detailed-exitcode"], 0);
    let counts: Value = serde_json::from_str(&boto3(world, TWINS)).unwrap();
    let expected = json!({
        "vpcs": 1, "subnets": 2, "groups": 1, "gateways": 1, "tables": 1, "endpoints": 2, "buckets": 2,
        "instances": 1, "clusters": 1, "secrets": 2, "layers": 1, "roles": 4, "schedules": 2,
    });
    assert_eq!(counts, expected);
}

#[test]
fn ctrl_c_says_what_is_done_and_a_rerun_goes_on() {
    const LIMIT: Duration = Duration::from_secs(9);
    let world = shipped("ctrl-c");
    let slow = r#"[{"service": "rds", "does": {"slow": {"millis": 12000}}}, {"service": "redshift", "does": {"slow": {"millis": 12000}}}]"#;
    faults(&world, slow);
    let run = begin(&world, &["--yes", "--json", "up"]);
    wait_for(&world, &run, "CreateDBInstance", 1);
    let asked = Instant::now();
    Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap();
    let interrupted = end(run).exits(130);
    assert!(asked.elapsed() < LIMIT, "it took {:?}: {}", asked.elapsed(), interrupted.all());
    has(&interrupted, &["done: ", "not begun: ", "unknown: "]);
    let result = serde_json::from_str::<Value>(&interrupted.stdout).unwrap()["result"].take();
    assert_eq!(result["interrupted"], true);
    let lists = ["done", "not_begun", "unknown"].map(|key| result[key].to_string());
    assert!(lists[0].contains("vpc.main"), "{lists:?}");
    assert!(lists[1].contains("connection.rds_mysql"), "it needs the instance: {lists:?}");
    assert!(!lists[1].contains("mysql.sales"), "it was begun: {lists:?}");
    faults(&world, "[]");
    world.stack(&["--yes", "up"]).exits(0);
    is_whole(&world);
}

#[test]
fn killed_anywhere_and_run_again_the_end_is_the_same() {
    let world = shipped("killed");
    faults(&world, r#"[{"does": {"latency": {"millis": 25}}}]"#);
    killed_at(&world, &["--yes", "up"], &[1, 3, 6, 10, 14, 20]);
    world.stack(&["--yes", "up"]).exits(0);
    is_whole(&world);
    let destroy = ["--yes", "destroy", "--delete-data", "--no-final-snapshot"];
    killed_at(&world, &destroy, &[1, 5, 10, 15]);
    let destroyed = world.stack(&destroy).exits(0);
    has(&destroyed, &["nothing of this stack is left"]);
    let left = r#"
found = client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "stack:name"}])["ResourceTagMappingList"]
print([one["ResourceARN"] for one in found])
"#;
    assert_eq!(boto3(&world, left), "[]");
}

/// Kills a run each time after so many of its writes.
fn killed_at(world: &World, arguments: &[&str], points: &[usize]) {
    for point in points {
        writes(world);
        let run = begin(world, arguments);
        wait_for(world, &run, "*", *point);
        kill(run);
    }
}
