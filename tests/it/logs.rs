//! `stack logs`: what functions, jobs, crawlers and servers wrote, as one; and why a run failed, in a few lines.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::team::{SMALL, boto3, has, shipped_file};
use crate::world::World;

/// What the small stack has not: a job that fails, a crawler, and a real server that finds half a second slow.
const MORE: &str = r#"
[network]
cidr = "10.0.0.0/16"
zones = ["us-east-2a", "us-east-2b"]

[mysql.sales]
identifier = "small-sales"
class = "db.t4g.micro"
version = "8.4"
storage_gib = 20
port = 33061
database = "sales"

[mysql.sales.parameters]
slow_query_log = 1
long_query_time = 0.2

[role.glue]
name = "small-glue"
service = "glue"

[job.broken]
name = "small-broken"
role = "glue"
script = "../broken.py"
bucket = "input"
glue_version = "5.0"
worker_type = "G.1X"
workers = 2
retries = 0
timeout_minutes = 10
max_concurrent_runs = 1

[crawler.tables]
name = "small-crawler"
role = "glue"
database = "tables"
source = { path = "s3://${bucket.input.name}/nothing/" }
"#;

const BROKEN: &[u8] =
    b"rates = {'GBP': 1}\n\n\ndef convert(currency):\n    return rates[currency]\n\n\nconvert('EUR')\n";

/// Starts everything that writes a log, a job of somebody else among it, and prints the id of the run of ours.
const WORK: &str = r#"
glue = client("glue")
job = glue.get_job(JobName="small-broken")["Job"]
glue.create_job(Name="theirs", Role=job["Role"], Command=job["Command"], GlueVersion="5.0")
runs = {name: glue.start_job_run(JobName=name)["JobRunId"] for name in ("small-broken", "theirs")}
client("lambda").invoke(FunctionName="small-reader", Payload=b"{}")
glue.start_crawler(Name="small-crawler")
def ended():
    states = [glue.get_job_run(JobName=name, RunId=run)["JobRun"]["JobRunState"] for name, run in runs.items()]
    crawler = glue.get_crawler(Name="small-crawler")["Crawler"]
    return set(states) == {"FAILED"} and crawler["State"] == "READY" and "LastCrawl" in crawler
until(ended)
time.sleep(0.5)
print(runs["small-broken"])
"#;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn word<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key].as_str().unwrap_or_default()
}

#[test]
fn the_logs_of_a_stack_are_one() {
    let world = World::new("logs");
    world.file("broken.py", BROKEN);
    std::fs::write(shipped_file(&world), format!("{SMALL}{MORE}")).unwrap();
    let nothing = world.stack(&["logs"]).exits(0);
    assert_eq!(nothing.stdout, "");
    has(&nothing, &["nothing was written since"]);
    world.stack(&["--yes", "up"]).exits(0);
    let run = boto3(&world, WORK);
    assert_eq!(world.mysql("SELECT SLEEP(0.4)"), "0");

    let all = lines(&world.stack(&["logs", "--json"]).exits(0).stdout);
    let moments: Vec<&str> = all.iter().map(|line| word(line, "at")).collect();
    let as_times = |text: &&str| text.parse::<jiff::Timestamp>().unwrap();
    assert!(moments.iter().map(as_times).is_sorted(), "{moments:?}");
    for address in ["crawler.tables", "job.broken", "lambda.reader", "mysql.sales"] {
        assert!(all.iter().any(|line| word(line, "address") == address), "nothing of {address} in {all:?}");
    }
    let errors = all.iter().filter(|line| word(line, "message").starts_with("KeyError: 'EUR'")).count();
    let of_job = boto3(
        &world,
        &format!(
            r#"
events = client("logs").get_log_events(logGroupName="/aws-glue/jobs/error", logStreamName="{run}")["events"]
print(sum(event["message"].startswith("KeyError: 'EUR'") for event in events))
"#
        ),
    );
    assert_eq!(errors.to_string(), of_job, "each entry once, and none of a job that is not of this stack");

    let slow = world.stack(&["logs", "mysql.sales", "--grep", "SELECT sleep"]).exits(0).stdout;
    assert!(
        slow.lines().count() == 1 && slow.contains("slow query, 0.4") && slow.contains("admin@127.0.0.1"),
        "{slow}"
    );
    let started = world.stack(&["logs", "mysql.sales", "--grep", "ready for connections"]).exits(0).stdout;
    assert!(started.contains("mysql.sales  0 [Note]"), "{started}");
    let group = world.stack(&["logs", "log_group.reader", "--since", "1d"]).exits(0).stdout;
    assert!(group.contains("REPORT RequestId") && !group.contains("mysql.sales"), "{group}");
    let later = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60)).to_string();
    assert_eq!(world.stack(&["logs", "--since", &later]).exits(0).stdout, "");

    has(&world.stack(&["logs", "bucket.input"]).exits(64), &["writes no log", "`job.broken`"]);
    has(&world.stack(&["logs", "lambda.writer"]).exits(64), &["no resource `lambda.writer`", "`lambda.reader`"]);
    has(&world.stack(&["logs", "--since", "soon"]).exits(64), &["such as `30m`"]);

    why_it_failed(&world, &run);
    files_of_the_server(&world);
    follows(&world);
    // A server that is no more has no log.
    boto3(&world, r#"client("rds").delete_db_instance(DBInstanceIdentifier="small-sales", SkipFinalSnapshot=True)"#);
    world.stack(&["logs", "mysql.sales"]).exits(0);
}

/// A run that failed is told in two lines.
fn why_it_failed(world: &World, run: &str) {
    use stack::aws::{Clients, Target};
    use stack::logs::{Failed, failure};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let said = runtime.block_on(async {
        let endpoint_url = Some(world.endpoint());
        let region = "us-east-2".to_owned();
        let aws = Clients::connect(Target { region, endpoint_url, any_credentials: true, ..Target::default() }).await;
        let since = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
        let job = failure(&aws, Failed::JobRun(run), since).await.unwrap();
        let function = failure(&aws, Failed::Function("/aws/lambda/small-reader"), since).await.unwrap();
        let crawler = failure(&aws, Failed::Crawler("never ran"), since).await.unwrap();
        [job, function, crawler]
    });
    assert_eq!(said[0], ["KeyError: 'EUR'", "  at small-broken.py:5 in convert: return rates[currency]"]);
    assert!(said[1][0].starts_with("Runtime.ImportModuleError: Unable to import module 'handler'"), "{said:?}");
    assert_eq!(said[2], Vec::<String>::new());
}

/// RDS's own operations, as another client sees them.
fn files_of_the_server(world: &World) {
    let said = boto3(
        world,
        r#"
rds = client("rds")
files = rds.describe_db_log_files(DBInstanceIdentifier="small-sales")["DescribeDBLogFiles"]
print(sorted(file["LogFileName"] for file in files))
error = next(file for file in files if file["LogFileName"] == "error/mysql-error.log")
assert time.time() - 3600 < error["LastWritten"] / 1000 <= time.time() + 1 and error["Size"] > 100
late = rds.describe_db_log_files(DBInstanceIdentifier="small-sales", FileLastWritten=int(time.time() + 60) * 1000)
assert late["DescribeDBLogFiles"] == []
def read(**more):
    return rds.download_db_log_file_portion(
        DBInstanceIdentifier="small-sales", LogFileName="error/mysql-error.log", **more)
whole = read(Marker="0")
assert not whole["AdditionalDataPending"] and len(whole["LogFileData"]) == error["Size"]
text, marker, parts = "", "0", 0
while True:
    part = read(Marker=marker, NumberOfLines=7)
    text, marker, parts = text + part["LogFileData"], part["Marker"], parts + 1
    if not part["AdditionalDataPending"]:
        break
assert text == whole["LogFileData"] and parts > 2
assert read(NumberOfLines=2)["LogFileData"].splitlines() == text.splitlines()[-2:]
for more in ({"LogFileName": "../secret"}, {"DBInstanceIdentifier": "nobody"}):
    try:
        rds.download_db_log_file_portion(
            **{"DBInstanceIdentifier": "small-sales", "LogFileName": "error/mysql-error.log", **more})
    except rds.exceptions.ClientError as error:
        print(error.response["Error"]["Code"])
"#,
    );
    let expected =
        "['error/mysql-error.log', 'slowquery/mysql-slowquery.log']\nDBLogFileNotFoundFault\nDBInstanceNotFound";
    assert_eq!(said, expected);
}

/// What is written later is shown once, also if it comes late or while the endpoint refuses; Ctrl-C ends it.
fn follows(world: &World) {
    let mut command =
        world.command(&["--json", "logs", "lambda.reader", "--follow", "--since", "2m", "--grep", "BY-HAND"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    boto3(
        world,
        r#"
logs = client("logs")
group, stream = "/aws/lambda/small-reader", "theirs"
logs.create_log_stream(logGroupName=group, logStreamName=stream)
def put(*entries):
    now = int(time.time() * 1000)
    events = [{"timestamp": now - 1000 * age, "message": f"by-hand {name}"} for name, age in entries]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
def looks():
    return sum(call["operation"] == "FilterLogEvents" for call in ask("GET", "/_stack/calls")["calls"])
put(("one", 0), ("two", 0))
before = looks()
until(lambda: looks() > before + 1)
put(("late", 20), ("three", 0))
before = looks()
until(lambda: looks() > before + 1)
put(("four", 0))
before = looks()
until(lambda: looks() > before + 1)
"#,
    );
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    let said: Vec<String> = lines(&text).iter().map(|line| word(line, "message").to_owned()).collect();
    assert_eq!(said, ["by-hand one", "by-hand two", "by-hand late", "by-hand three", "by-hand four"]);
}
