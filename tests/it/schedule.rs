//! The scheduled run: deployed with the stack, fired by the Scheduler when the clock gets there, done without this
//! computer's help, and gone with the line in the file.

use serde_json::Value;

use crate::edit;
use crate::team::{actions, boto3, plan};
use crate::world::World;

const FILE: &str = "stacks/ecommerce.toml";

/// Steps without Spark, which takes long to start.
const STEPS: &str = r#"[[pipeline.step]]
name = "upload the file"
upload = { bucket = "input", key = "online-retail.csv" }

[[pipeline.step]]
name = "crawl S3"
crawl = { crawler = "s3", reads = "staging" }

[[pipeline.step]]
name = "check staging"
check = "staging"

[[pipeline.step]]
name = "check Redshift"
check = "warehouse"
"#;

/// Two rows in staging, and as many in Redshift as are asked for.
const ROWS: &str = r#"
client("s3").put_object(Bucket="uk-ecommerce-data-output", Key="Output/part.csv",
                        Body=b"InvoiceNo,Quantity\n1,5\n2,7\n")
data = client("redshift-data")
secret = client("redshift").describe_clusters()["Clusters"][0]["MasterPasswordSecretArn"]
def run(sql):
    one = data.execute_statement(ClusterIdentifier="data-engineering-aws-redshift", Database="dw_ecommerce",
                                 SecretArn=secret, Sql=sql)
    until(lambda: data.describe_statement(Id=one["Id"])["Status"] in ("FINISHED", "FAILED"))
    assert data.describe_statement(Id=one["Id"])["Status"] == "FINISHED", data.describe_statement(Id=one["Id"])
run("DELETE FROM sales")
for line in range(rows):
    run("INSERT INTO sales VALUES (1, %d, '1', 'a', 'b', 1, '2026-01-01', 1, 1, 'c', 1, 'p', false, 'd', 'm', 1, 1, 1, "
        "'s', 2026)" % line)
"#;

/// Lets a day go by, and after it all the time that the run waits for.
const NIGHT: &str = r#"
import urllib.request
def forward(span):
    body = json.dumps({"forward": span}).encode()
    request = urllib.request.Request(ENDPOINT + "/_stack/clock", data=body, method="PUT")
    return json.load(urllib.request.urlopen(request))
states = client("stepfunctions")
[machine] = states.list_state_machines()["stateMachines"]
def executions():
    return states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
before = len(executions())
forward("PT24H")
def ended():
    forward("PT5S")
    return len(executions()) == before + 1 and executions()[0]["status"] != "RUNNING"
until(ended)
night = states.describe_execution(executionArn=executions()[0]["executionArn"])
history = states.get_execution_history(executionArn=night["executionArn"])["events"]
entered = [event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event]
print(json.dumps({"status": night["status"], "error": night.get("error"), "cause": night.get("cause"),
                  "input": night["input"], "entered": entered}))
"#;

/// Lets moto's parser of the language, which is by other hands, read the definition.
const PARSE: &str = r#"
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
[machine] = client("stepfunctions").list_state_machines()["stateMachines"]
described = client("stepfunctions").describe_state_machine(stateMachineArn=machine["stateMachineArn"])
program = AmazonStateLanguageParser.parse(described["definition"])[0]
print(type(program).__name__)
"#;

/// What is there of the four kinds, and of roles for state machines.
const LISTING: &str = r#"
print([one["name"] for one in client("stepfunctions").list_state_machines()["stateMachines"]],
      [one["Name"] for one in client("scheduler").list_schedule_groups()["ScheduleGroups"] if one["Name"] != "default"],
      [one["Name"] for one in client("scheduler").list_schedules()["Schedules"]],
      [one["RoleName"] for one in client("iam").list_roles()["Roles"] if one["RoleName"] == "ecommerce-pipeline"])
"#;

fn night(world: &World) -> Value {
    serde_json::from_str(&boto3(world, &format!("import json\n{NIGHT}"))).unwrap()
}

fn rows(world: &World, rows: usize) {
    boto3(world, &format!("rows = {rows}\n{ROWS}"));
}

#[test]
fn a_night_without_this_computer() {
    let world = World::new("schedule");
    let file = world.folder().join(FILE);
    let text = std::fs::read_to_string(&file).unwrap();
    let (head, _) = text.split_once("[[pipeline.step]]").unwrap();
    std::fs::write(&file, format!("{head}{STEPS}")).unwrap();
    edit::edit(
        &file,
        // Two nights go by, in the first of which the servers run.
        &[
            ("billing", "auto_stop", r#""7d""#),
            ("pipeline", "schedule_time_zone", r#""Europe/London""#),
            ("pipeline", "schedule", r#""cron(0 2 * * ? *)""#),
        ],
    );
    let checked = world.stack(&["validate"]).exits(0);
    assert!(checked.all().contains("leaves out what needs this computer: `upload the file`"), "{}", checked.all());
    world.stack(&["--yes", "up"]).exits(0);
    let stops = "'auto-stop-mysql-sales', 'auto-stop-redshift-warehouse'";
    let all = format!("['ecommerce-pipeline'] ['ecommerce'] [{stops}, 'pipeline'] ['ecommerce-pipeline']");
    assert_eq!(boto3(&world, LISTING), all);
    let again = world.stack(&["--yes", "up"]).exits(0);
    assert!(again.stdout.contains("nothing to change"), "{}", again.all());

    assert_eq!(boto3(&world, PARSE), "Program");

    nights(&world);
    drift(&world);

    edit::drop_key(&file, "schedule");
    edit::drop_key(&file, "schedule_time_zone");
    let gone = plan(&world, &["--detailed-exitcode"], 2);
    // A schedule carries no mark of its address: it goes by its own name.
    let deletes = ["role.pipeline", "schedule.ecommerce/pipeline", "state_machine.pipeline"];
    assert_eq!(actions(&gone), deletes.map(|address| format!("{address} delete removed")));
    world.stack(&["--yes", "up"]).exits(0);
    assert_eq!(boto3(&world, LISTING), format!("[] ['ecommerce'] [{stops}] []"));

    edit::edit(&file, &[("pipeline", "schedule", r#""rate(12 hours)""#)]);
    world.stack(&["--yes", "up"]).exits(0);
    let destroyed = world.stack(&["--yes", "destroy", "--delete-data"]).exits(0);
    assert!(destroyed.stdout.contains("nothing of this stack is left"), "{}", destroyed.all());
    assert_eq!(boto3(&world, LISTING), "[] [] [] []");
}

fn nights(world: &World) {
    rows(world, 2);
    let good = night(world);
    assert_eq!(good["status"], "SUCCEEDED", "{good}");
    assert!(good["input"].as_str().unwrap().contains("T02:00:00Z"), "{good}");
    let entered: Vec<&str> = good["entered"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(entered.contains(&"check Redshift: compare") && !entered.contains(&"start Redshift"), "{entered:?}");

    // What is stopped in the evening is started for the run, and stopped again after it.
    rows(world, 1);
    world.stack(&["down"]).exits(0);
    assert_eq!(world.servers(), 0);
    let bad = night(world);
    assert_eq!((&bad["status"], &bad["error"]), (&"FAILED".into(), &"RowsDiffer".into()), "{bad}");
    let cause = bad["cause"].as_str().unwrap();
    assert!(cause.contains("`s3_database.output`") && cause.contains("`dw_ecommerce.sales`"), "{cause}");
    boto3(
        world,
        r#"until(lambda: client("redshift").describe_clusters()["Clusters"][0]["ClusterStatus"] == "paused")"#,
    );
    assert_eq!(world.servers(), 0, "whatever becomes of the steps");

    // The schedule that stops Redshift every hour kept still in the meantime, and is on again.
    let entered: Vec<&str> = bad["entered"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let at =
        |state: &str| entered.iter().position(|entered| *entered == state).unwrap_or_else(|| panic!("{entered:?}"));
    assert!(at("pause the schedule of Redshift") < at("start Redshift"));
    assert!(at("stop Redshift") < at("let the schedule go on that stops Redshift"));
    let states = r#"
kept = client("scheduler").get_schedule(GroupName="ecommerce", Name="auto-stop-redshift-warehouse")
print(kept["State"], kept["ScheduleExpression"], kept["Target"]["Input"])
"#;
    assert_eq!(
        boto3(world, states),
        r#"ENABLED cron(0 * * * ? *) {"ClusterIdentifier":"data-engineering-aws-redshift"}"#
    );
    world.stack(&["plan", "--detailed-exitcode"]).exits(0);
}

/// A schedule that somebody switches off is switched on again.
fn drift(world: &World) {
    boto3(
        world,
        r#"
scheduler = client("scheduler")
one = scheduler.get_schedule(GroupName="ecommerce", Name="pipeline")
kept = ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")
scheduler.update_schedule(State="DISABLED", **{key: one[key] for key in kept})
"#,
    );
    let seen = plan(world, &["--detailed-exitcode"], 2);
    assert_eq!(actions(&seen), ["schedule.pipeline update differs"]);
    let fields = seen["changes"][0]["fields"].to_string();
    assert!(fields.contains("enabled") && fields.contains("time_zone"), "{fields}");
    world.stack(&["--yes", "up"]).exits(0);
    world.stack(&["plan", "--detailed-exitcode"]).exits(0);
}
