//! What a team needs: saved plans, adoption, renames, the lease, interruption, and destroying with care.

use std::path::PathBuf;

use serde_json::Value;

use crate::edit;
use crate::support::Ran;
use crate::world::World;

/// Without servers a world is quick.
const NO_SERVERS: (&str, &str) = ("STACK_LOCAL_ENGINES", "off");

/// A stack that is made in a second.
pub(crate) const SMALL: &str = r#"[stack]
name = "small"
region = "us-east-2"
tags = { team = "one" }

[bucket.input]
name = "small-input"

[database.tables]
name = "small_tables"
description = "of a test"

[role.reader]
name = "small-reader"
service = "lambda"

[lambda.reader]
name = "small-reader"
code = "../templates/lambda/csv_to_mysql"
runtime = "python3.13"
handler = "handler.handle"
role = "reader"
memory_mib = 256
timeout_seconds = 60
log_retention_days = 14

[lambda.reader.environment]
DB_PASSWORD = "hunter2"
"#;

const CLIENTS: &str = r#"
import boto3, json, time, urllib.request
from botocore.config import Config
def client(name):
    once = Config(s3={"addressing_style": "path"})
    return boto3.client(name, endpoint_url=ENDPOINT, region_name="us-east-2", config=once,
                        aws_access_key_id="x", aws_secret_access_key="y")
def until(what, seconds=60):
    end = time.time() + seconds
    while not what():
        assert time.time() < end, "it took too long"
        time.sleep(0.02)
def ask(method, path, body=None):
    request = urllib.request.Request(ENDPOINT + path, method=method, data=body and json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None
READS = ("Describe", "List", "Get", "Head", "BatchGet", "Simulate", "Search", "Filter")
def writes():
    return [call["service"] + ":" + call["operation"] for call in ask("GET", "/_stack/calls")["calls"]
            if not call["operation"].startswith(READS) and call["target"] != "/_stack"
            and ".stack/lease.json" not in json.dumps(call)]
"#;

/// Runs Python with clients and returns what it prints.
#[track_caller]
pub(crate) fn boto3(world: &World, code: &str) -> String {
    world.boto3(&format!("{CLIENTS}{code}"))
}

/// The shipped stack file of a world.
pub(crate) fn shipped_file(world: &World) -> PathBuf {
    world.folder().join("stacks/ecommerce.toml")
}

/// The shipped stack where no server runs, so without tables in them.
pub(crate) fn shipped(name: &str) -> World {
    shipped_with(name, &[])
}

/// The same with more in the environment of the cloud.
pub(crate) fn shipped_with(name: &str, environment: &[(&'static str, &'static str)]) -> World {
    let world = World::with(name, &[&[NO_SERVERS], environment].concat());
    edit::drop_key(&shipped_file(&world), "schema");
    world
}

/// The small stack, which takes the place of the shipped one.
pub(crate) fn small(name: &str) -> World {
    let world = World::with(name, &[NO_SERVERS]);
    std::fs::write(shipped_file(&world), SMALL).unwrap();
    world
}

/// Plans as a program does.
#[track_caller]
pub(crate) fn plan(world: &World, arguments: &[&str], code: i32) -> Value {
    let ran = world.stack(&[&["--json", "plan"], arguments].concat()).exits(code);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.all()))
}

/// Returns address, action and reason of each change, sorted.
pub(crate) fn actions(plan: &Value) -> Vec<String> {
    let word = |change: &Value, key: &str| change[key].as_str().unwrap_or_default().to_owned();
    let changes = plan["changes"].as_array().unwrap().iter();
    let mut lines: Vec<String> = changes
        .map(|change| format!("{} {} {}", word(change, "address"), word(change, "action"), word(change, "reason")))
        .collect();
    lines.sort();
    lines
}

/// The writes that the cloud saw, without those of the lease; forgets them.
#[track_caller]
pub(crate) fn writes(world: &World) -> Vec<String> {
    let said = boto3(world, "print(json.dumps(writes()))\nask('DELETE', '/_stack/calls')");
    serde_json::from_str(&said).unwrap()
}

/// Replaces the faults of the cloud; `faults` is a list in Python.
#[track_caller]
pub(crate) fn faults(world: &World, faults: &str) {
    boto3(world, &format!("ask('PUT', '/_stack/faults', {{'faults': {faults}}})"));
}

#[track_caller]
pub(crate) fn has(ran: &Ran, words: &[&str]) {
    let all = ran.all();
    let missing: Vec<_> = words.iter().filter(|word| !all.contains(**word)).collect();
    assert!(missing.is_empty(), "without {missing:?}:\n{all}");
}

#[test]
fn a_saved_plan_is_applied_exactly_or_not_at_all() {
    let world = small("saved-plan");
    let shown = [
        world.stack(&["plan", "--out", "first.json"]).exits(0).all(),
        world.stack(&["plan", "--markdown"]).exits(0).all(),
        plan(&world, &["--detailed-exitcode"], 2).to_string(),
        std::fs::read_to_string(world.folder().join("first.json")).unwrap(),
    ];
    for text in &shown {
        assert!(text.contains("small-input") || text.contains("bucket.input"), "{text}");
        assert!(!text.contains("hunter2"), "a secret is shown: {text}");
    }
    assert_eq!(writes(&world), Vec::<String>::new(), "a plan writes nothing");
    let done = world.stack(&["up", "first.json", "--yes"]).exits(0);
    has(&done, &["done: 5"]);
    plan(&world, &["--detailed-exitcode"], 0);

    edit::edit(&shipped_file(&world), &[("lambda.reader", "memory_mib", "512")]);
    world.stack(&["plan", "--out", "second.json"]).exits(0);
    boto3(&world, r#"client("logs").put_retention_policy(logGroupName="/aws/lambda/small-reader", retentionInDays=1)"#);
    writes(&world);
    let by_hand = world.stack(&["--yes", "up", "second.json"]).exits(1);
    has(&by_hand, &["different now: bring log_group.reader", "stack plan --out"]);
    edit::edit(
        &shipped_file(&world),
        &[("lambda.reader", "log_retention_days", "1"), ("lambda.reader", "memory_mib", "640")],
    );
    let by_file = world.stack(&["--yes", "up", "second.json"]).exits(1);
    has(&by_file, &["bring lambda.reader"]);
    // What is hidden differs, too, although it looks the same.
    edit::edit(
        &shipped_file(&world),
        &[("lambda.reader", "memory_mib", "512"), ("lambda.reader", "log_retention_days", "14")],
    );
    boto3(
        &world,
        r#"client("logs").put_retention_policy(logGroupName="/aws/lambda/small-reader", retentionInDays=14)"#,
    );
    writes(&world);
    edit::edit(&shipped_file(&world), &[("lambda.reader.environment", "DB_PASSWORD", "\"swordfish\"")]);
    world.stack(&["--yes", "up", "second.json"]).exits(1);
    assert_eq!(writes(&world), Vec::<String>::new(), "what was refused has written nothing");

    edit::edit(&shipped_file(&world), &[("lambda.reader.environment", "DB_PASSWORD", "\"hunter2\"")]);
    let done = world.stack(&["--yes", "up", "second.json"]).exits(0);
    has(&done, &["done: 1"]);
    let again = world.stack(&["--yes", "up", "second.json"]).exits(1);
    has(&again, &["has changed since the plan was saved"]);

    world.file("broken.json", b"{");
    world.file("foreign.json", br#"{"version": 1, "resources": []}"#);
    let newer = std::fs::read_to_string(world.folder().join("second.json")).unwrap();
    world.file("newer.json", newer.replace("\"version\": 1", "\"version\": 2").as_bytes());
    for name in ["broken.json", "foreign.json", "newer.json", "absent.json"] {
        let refused = world.stack(&["--yes", "up", name]).exits(64);
        has(&refused, &[name, "is no saved plan"]);
    }
    let other = newer.replace("\"stack\": \"small\"", "\"stack\": \"other\"");
    world.file("other.json", other.as_bytes());
    has(&world.stack(&["--yes", "up", "other.json"]).exits(1), &["the plan was made for stack `other`"]);
}

#[test]
fn a_plan_for_programs_and_for_pull_requests() {
    let world = small("plan-json");
    world.stack(&["--yes", "up"]).exits(0);
    plan(&world, &["--detailed-exitcode"], 0);
    edit::edit(&shipped_file(&world), &[("lambda.reader", "memory_mib", "512")]);
    edit::remove(&shipped_file(&world), &["database.tables"]);
    let text = std::fs::read_to_string(shipped_file(&world)).unwrap();
    std::fs::write(shipped_file(&world), text + "\n[role.more]\nname = \"small-more\"\nservice = \"glue\"\n").unwrap();
    boto3(&world, r#"client("s3").delete_public_access_block(Bucket="small-input")"#);

    let seen = plan(&world, &["--detailed-exitcode"], 2);
    let expected = [
        "bucket.input update drifted",
        "database.tables delete removed",
        "lambda.reader update file_changed",
        "role.more create new",
    ];
    assert_eq!(actions(&seen), expected);
    assert_eq!((&seen["version"], &seen["stack"]), (&Value::from(1), &Value::from("small")));
    let changes = seen["changes"].as_array().unwrap();
    let of = |address: &str| changes.iter().find(|change| change["address"] == address).unwrap();
    for change in changes {
        for key in ["address", "kind", "name", "action", "reason", "fields", "usd_per_hour"] {
            assert!(change.get(key).is_some(), "{key} in {change}");
        }
    }
    let memory = serde_json::json!([
        { "field": "memory_mib", "seen": "256", "want": "512", "effect": "in_place", "why": null }
    ]);
    assert_eq!(of("lambda.reader")["fields"], memory);
    assert_eq!(of("lambda.reader")["name"], "small-reader");
    assert_eq!(of("database.tables")["kind"], "database");

    // A table stands for its log group, too.
    boto3(&world, r#"client("logs").put_retention_policy(logGroupName="/aws/lambda/small-reader", retentionInDays=1)"#);
    let only = plan(&world, &["--only", "lambda.reader"], 0);
    assert_eq!(actions(&only), ["lambda.reader update file_changed", "log_group.reader update drifted"]);
    let only = plan(&world, &["--only", "role.more", "--only", "database.tables"], 0);
    assert_eq!(actions(&only), ["database.tables delete removed", "role.more create new"]);
    let except = plan(&world, &["--except", "lambda.reader", "--except", "database.tables"], 0);
    assert_eq!(actions(&except), ["bucket.input update drifted", "role.more create new"]);
    for flag in ["--only", "--except"] {
        let unknown = world.stack(&["plan", flag, "bucket.nothing"]).exits(64);
        has(&unknown, &["there is no resource `bucket.nothing`"]);
    }
    let markdown = world.stack(&["plan", "--markdown"]).exits(0).stdout;
    let widths: Vec<usize> =
        markdown.lines().filter(|line| line.starts_with('|')).map(|line| line.matches('|').count()).collect();
    assert!(widths.len() > 5 && widths.iter().all(|width| *width == widths[0]), "{markdown}");
    assert!(markdown.contains("| memory_mib | `256` | `512` |"), "{markdown}");

    world.stack(&["--yes", "up", "--only", "role.more"]).exits(0);
    let rest = actions(&plan(&world, &[], 0));
    assert!(rest.len() == 4 && !rest.join(" ").contains("role.more"), "{rest:?}");
    world.stack(&["--yes", "up"]).exits(0);
    plan(&world, &["--detailed-exitcode"], 0);
}

const SETTINGS: &str = r#"
s3, logs = client("s3"), client("logs")
group = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/small")["logGroups"][0]
database = client("glue").get_database(Name="small_tables")["Database"]
print(s3.get_bucket_versioning(Bucket="small-input").get("Status"), group.get("retentionInDays"),
      database["Description"], s3.get_public_access_block(Bucket="small-input")["PublicAccessBlockConfiguration"],
      [pair for pair in s3.get_bucket_tagging(Bucket="small-input")["TagSet"] if pair["Key"] == "owner"])
"#;

#[test]
fn what_exists_is_adopted_as_it_is() {
    let world = small("adoption");
    boto3(
        &world,
        r#"
s3 = client("s3")
s3.create_bucket(Bucket="small-input", CreateBucketConfiguration={"LocationConstraint": "us-east-2"})
s3.put_bucket_versioning(Bucket="small-input", VersioningConfiguration={"Status": "Enabled"})
s3.put_bucket_tagging(Bucket="small-input", Tagging={"TagSet": [{"Key": "owner", "Value": "ana"}]})
client("logs").create_log_group(logGroupName="/aws/lambda/small-reader")
client("glue").create_database(DatabaseInput={"Name": "small_tables", "Description": "by hand"})
"#,
    );
    let before = boto3(&world, SETTINGS);
    writes(&world);
    let refused = world.stack(&["--yes", "up"]).exits(1);
    has(&refused, &["stack adopt bucket.input", "stack adopt log_group.reader", "stack adopt database.tables"]);
    has(&world.stack(&["plan"]).exits(1), &["`small-input` exists and is not of this stack"]);
    has(&world.stack(&["--yes", "adopt", "lambda.reader"]).exits(1), &["does not exist"]);
    has(&world.stack(&["--yes", "adopt", "bucket.nothing"]).exits(1), &["is not in the stack file"]);
    has(&world.stack(&["adopt", "bucket.input"]).exits(1), &["--yes"]);
    assert_eq!(writes(&world), Vec::<String>::new());

    let adopted = world.stack(&["--yes", "adopt", "bucket.input"]).exits(0);
    has(&adopted, &["versioning: `true` -> `false`"]);
    assert_eq!(writes(&world), ["s3:PutBucketTagging"]);
    has(&world.stack(&["--yes", "adopt", "bucket.input"]).exits(1), &["is ours already"]);
    world.stack(&["--yes", "adopt", "--all"]).exits(0);
    let mut tags = writes(&world);
    tags.sort();
    assert_eq!(tags, ["glue:TagResource", "logs:TagResource"], "only tags are written");
    assert_eq!(boto3(&world, SETTINGS), before, "what differs stays as it is");
    has(&world.stack(&["--yes", "adopt", "--all"]).exits(0), &["nothing to adopt"]);

    let seen = plan(&world, &[], 0);
    let expected = [
        "bucket.input update adopted",
        "database.tables update adopted",
        "lambda.reader create new",
        "log_group.reader update adopted",
        "role.reader create new",
    ];
    assert_eq!(actions(&seen), expected);
    world.stack(&["--yes", "up"]).exits(0);
    plan(&world, &["--detailed-exitcode"], 0);
    let after = boto3(&world, SETTINGS);
    assert!(after.starts_with("Suspended 14 of a test"), "{after}");
    assert!(after.contains("'ana'"), "the tags of others stay: {after}");
    another_stack_and_a_network(&world);
}

fn another_stack_and_a_network(world: &World) {
    const NETWORK: &str = "[stack]\nname = \"other\"\nregion = \"us-east-2\"\n\n[network]\ncidr = \"10.9.0.0/16\"\n\
                           zones = [\"us-east-2a\", \"us-east-2b\"]\n";
    let file = world.file("other.toml", format!("{NETWORK}\n[bucket.input]\nname = \"small-input\"\n").as_bytes());
    for arguments in [&["up"][..], &["adopt", "--all"], &["adopt", "bucket.input"]] {
        let taken = world.stack(&[&["--yes", "--stack", &file], arguments].concat()).exits(1);
        has(&taken, &["belongs to the stack `small`"]);
    }

    let file = world.file("other.toml", NETWORK.as_bytes());
    let vpc = boto3(world, r#"print(client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])"#);
    writes(world);
    let adopted = world.stack(&["--yes", "--stack", &file, "adopt", "vpc.main", "--id", &vpc]).exits(0);
    has(&adopted, &["dns_hostnames: `false` -> `true`"]);
    assert_eq!(writes(world), ["ec2:CreateTags"]);
    world.stack(&["--yes", "--stack", &file, "up"]).exits(0);
    world.stack(&["--stack", &file, "plan", "--detailed-exitcode"]).exits(0);
    let subnets = format!(
        r#"print(len(client("ec2").describe_subnets(Filters=[{{"Name": "vpc-id", "Values": ["{vpc}"]}}])["Subnets"]))"#
    );
    assert_eq!(boto3(world, &subnets), "2", "the network was built in the adopted VPC");
    world.stack(&["--yes", "--stack", &file, "destroy"]).exits(0);
}

#[test]
fn a_renamed_table_keeps_what_it_stands_for() {
    let world = small("renames");
    world.stack(&["--yes", "up"]).exits(0);
    let text = SMALL.replace("[bucket.input]", "[bucket.incoming]");
    std::fs::write(shipped_file(&world), &text).unwrap();
    writes(&world);
    let refused = world.stack(&["--yes", "up"]).exits(1);
    has(&refused, &["[[moved]]", "from = \"bucket.input\"", "to = \"bucket.incoming\""]);
    let text = text + "\n[[moved]]\nfrom = \"bucket.input\"\nto = \"bucket.incoming\"\n";
    std::fs::write(shipped_file(&world), &text).unwrap();
    let seen = plan(&world, &["--detailed-exitcode"], 2);
    assert_eq!(actions(&seen), ["bucket.incoming update moved"]);
    assert_eq!(seen["changes"][0]["moved_from"], "bucket.input");
    assert_eq!(writes(&world), Vec::<String>::new());
    world.stack(&["--yes", "up"]).exits(0);
    assert_eq!(writes(&world), ["s3:PutBucketTagging"], "it is only tagged anew");
    plan(&world, &["--detailed-exitcode"], 0);

    let text = text.replace("[database.tables]", "[database.others]").replace("small_tables", "other_tables");
    std::fs::write(shipped_file(&world), text).unwrap();
    let proposed = world.stack(&["plan"]).exits(0);
    has(&proposed, &["hint: if `database.others` is `database.tables` under another name", "[[moved]]"]);
    let seen = plan(&world, &[], 0);
    assert_eq!(actions(&seen), ["database.others create new", "database.tables delete removed"]);
    let proposals = serde_json::json!([{ "from": "database.tables", "to": "database.others" }]);
    assert_eq!(seen["moved_proposals"], proposals);
}
