//! Steps of every kind, failed checks, runs that are killed and taken up again, and what is kept of them.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::team::{faults, has, shipped_file};
use crate::world::World;

/// Takes the place of the steps of the shipped stack.
fn with_steps(world: &World, steps: &str) {
    let file = shipped_file(world);
    let text = std::fs::read_to_string(&file).unwrap();
    let (head, _) = text.split_once("[[pipeline.step]]").unwrap();
    std::fs::write(&file, format!("{head}{steps}")).unwrap();
}

const LOAD: &str = r#"
[[pipeline.step]]
name = "upload"
upload = { bucket = "input", key = "sales.csv" }

[[pipeline.step]]
name = "load"
load = { function = "reader" }
"#;

/// One step of each kind that needs no Spark.
const EVERY_KIND: &str = r#"
[[pipeline.step]]
name = "sound"
[pipeline.step.check]
on = "mysql"
not_null = ["Country"]
unique = ["LoadId", "LineNumber"]
range = { Quantity = { min = -100000, max = 100000 } }
rows = { min = 2000, max = 2000 }
sql = "SELECT COUNT(DISTINCT LoadId) FROM Uk_Ecommerce_Data"
expect = 1

[[pipeline.step]]
name = "only a warning"
severity = "warn"
check = { on = "mysql", in_set = { Country = ["Atlantis"] }, fresh = { column = "InvoiceDate", within = "36h" } }

[[pipeline.step]]
name = "by country"
writes = ["countries"]
[pipeline.step.sql]
on = "mysql"
statement = """
DROP TABLE IF EXISTS Countries;
CREATE TABLE Countries AS SELECT Country, SUM(Quantity) AS Pieces FROM Uk_Ecommerce_Data GROUP BY Country;
"""

[[pipeline.step]]
name = "same pieces"
reads = ["countries"]
[[pipeline.step.check.equal]]
on = "mysql"
sql = "SELECT SUM(Pieces), COUNT(*) FROM Countries"
[[pipeline.step.check.equal]]
on = "mysql"
sql = "SELECT SUM(Quantity), COUNT(DISTINCT Country) FROM Uk_Ecommerce_Data"

[[pipeline.step]]
name = "a table of its own"
writes = ["numbers"]
sql = { on = "warehouse", file = "numbers.sql" }

[[pipeline.step]]
name = "unload"
reads = ["numbers"]
writes = ["files"]
unload = { query = "SELECT n, word FROM numbers WHERE word <> 'it''s'", to = "s3://${bucket.output.name}/numbers/", role = "redshift" }

[[pipeline.step]]
name = "copy"
reads = ["files"]
writes = ["copied"]
[pipeline.step.copy]
table = "copied"
from = "s3://${bucket.output.name}/numbers/"
role = "redshift"
mode = "merge"
keys = ["n"]

[[pipeline.step]]
name = "two rows"
reads = ["copied"]
check = { on = "warehouse", table = "copied", rows = { min = 2, max = 2 }, unique = ["n"] }

[[pipeline.step]]
name = "tell"
after = ["two rows"]
[pipeline.step.command]
run = ["sh", "-c", "echo \"to $PLACE\" > told.txt"]
environment = { PLACE = "${bucket.output.name}" }

[[pipeline.step]]
name = "report"
after = ["tell"]
report = { bucket = "output", key = "reports/sales.json" }
"#;

const NUMBERS: &str = "
DROP TABLE IF EXISTS numbers;
CREATE TABLE numbers (n INT, word VARCHAR(20));
INSERT INTO numbers VALUES (1, 'one'), (2, 'a;b'), (3, 'it''s');
CREATE TABLE IF NOT EXISTS copied (n INT, word VARCHAR(20));
";

#[track_caller]
fn run(world: &World, arguments: &[&str], code: i32) -> Value {
    let ran = world.stack(&[&["--json", "run-pipeline", "--keep-running"], arguments].concat()).exits(code);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.all()))
}

fn state<'a>(run: &'a Value, step: &str) -> &'a str {
    let steps = run["steps"].as_array().unwrap();
    let found = steps.iter().find(|one| one["name"] == step);
    found.and_then(|one| one["state"].as_str()).unwrap_or_else(|| panic!("no step {step} in {run}"))
}

fn error<'a>(run: &'a Value, step: &str) -> &'a str {
    let steps = run["steps"].as_array().unwrap();
    steps.iter().find(|one| one["name"] == step).and_then(|one| one["error"].as_str()).unwrap_or_default()
}

#[test]
fn steps_of_every_kind_run_and_a_failed_check_stops_only_what_follows() {
    let world = World::new("steps");
    let data = world.sample(2_000);
    world.file("stacks/numbers.sql", NUMBERS.as_bytes());
    with_steps(&world, &format!("{LOAD}{EVERY_KIND}"));
    world.stack(&["--yes", "up"]).exits(0);
    let first = run(&world, &["--data", &data], 0);
    for step in first["steps"].as_array().unwrap() {
        let expected = if step["name"] == "only a warning" { "warned" } else { "done" };
        assert_eq!(step["state"], expected, "{step:#}");
    }
    let warning = error(&first, "only a warning");
    assert!(
        warning.contains("2000 rows have another `Country` than allowed") && warning.contains("older than 36h"),
        "{warning}"
    );
    assert_eq!(
        std::fs::read_to_string(world.folder().join("stacks/told.txt")).unwrap(),
        "to uk-ecommerce-data-output\n"
    );
    // Everything may be done twice.
    let second = run(&world, &["--from", "a table of its own"], 0);
    assert_eq!((state(&second, "upload"), state(&second, "two rows")), ("left_out", "done"));

    failed_checks(&world, &data);
    let listed = world.stack(&["runs"]).exits(0).stdout;
    assert_eq!(listed.lines().count(), 5, "{listed}");
    let shown = world.stack(&["runs", "show", first["id"].as_str().unwrap()]).exits(0).stdout;
    for part in ["upload", "2,000", "sample.csv", "another `Country`", "/aws/lambda/"] {
        assert!(shown.contains(part), "no {part} in\n{shown}");
    }
    has(&world.stack(&["runs", "show", "nothing"]).exits(64), &["there is no run `nothing`"]);
}

const UNSOUND: &str = r#"
[[pipeline.step]]
name = "unsound"
check = { on = "mysql", not_null = ["Description"], range = { UnitPrice = { min = 1000 } } }

[[pipeline.step]]
name = "uses the rows"
sql = { on = "mysql", statement = "SELECT 1" }

[[pipeline.step]]
name = "follows"
after = ["uses the rows"]
command = { run = ["true"] }

[[pipeline.step]]
name = "stands alone"
writes = ["elsewhere"]
command = { run = ["true"] }
"#;

fn failed_checks(world: &World, data: &str) {
    with_steps(world, &format!("{LOAD}{UNSOUND}"));
    let failed = run(world, &["--data", data], 1);
    let states = ["load", "unsound", "uses the rows", "follows", "stands alone"].map(|step| state(&failed, step));
    assert_eq!(states, ["done", "failed", "skipped", "skipped", "done"]);
    // The same on a screen, with a few of the rows.
    let told = world.stack(&["run-pipeline", "--keep-running", "--only", "unsound"]).exits(1);
    has(&told, &["rows have `UnitPrice` out of range", "for example", "--resume"]);
    let wrong = "name = \"wrong\"\nafter = [\"load\"]\nsql = { on = \"mysql\", statement = \"SELEC 1\" }\n";
    with_steps(world, &format!("{LOAD}[[pipeline.step]]\n{wrong}"));
    let refused = world.stack(&["--json", "run-pipeline", "--keep-running", "--resume"]).exits(1);
    let refused: Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!(refused["steps"][2]["attempts"], 1, "wrong SQL is not tried again: {refused:#}");
}

#[test]
fn wrong_steps_are_refused_with_their_place() {
    let world = World::with("wrong-steps", &[("STACK_LOCAL_ENGINES", "off")]);
    for (steps, told) in [
        (
            "[[pipeline.step]]\nname = \"a\"\nreads = [\"x\"]\nwrites = [\"y\"]\ncommand = { run = [\"true\"] }\n\
          [[pipeline.step]]\nname = \"b\"\nreads = [\"y\"]\nwrites = [\"x\"]\ncommand = { run = [\"true\"] }\n",
            "these steps wait for each other: a, b",
        ),
        ("[[pipeline.step]]\nname = \"a\"\nafter = [\"b\"]\ncommand = { run = [\"true\"] }\n", "there is no step `b`"),
        ("[[pipeline.step]]\nname = \"a\"\ncheck = { on = \"mysql\" }\n", "there is no rule"),
        ("[[pipeline.step]]\nname = \"a\"\ncheck = { on = \"moon\", unique = [\"a\"] }\n", "cannot be `moon`"),
        (
            "[[pipeline.step]]\nname = \"a\"\nsql = { on = \"mysql\", file = \"none.sql\" }\n",
            "there is no file `none.sql`",
        ),
        ("[[pipeline.step]]\nname = \"a\"\nsql = { on = \"staging\", statement = \"SELECT 1\" }\n", "through Athena"),
        ("[[pipeline.step]]\nname = \"a\"\nupload = { bucket = \"moon\", key = \"a\" }\n", "moon"),
    ] {
        with_steps(&world, steps);
        let refused = world.stack(&["validate"]).exits(65);
        has(&refused, &[told, "stacks/ecommerce.toml:"]);
    }
}

/// A load, and one Spark job.
const ONE_JOB: &str = r#"
[[pipeline.step]]
name = "crawl"
crawl = { crawler = "rds", reads = "mysql" }

[[pipeline.step]]
name = "job"
job = { job = "rds_to_s3", reads = "mysql" }
"#;

#[test]
fn a_killed_run_joins_the_job_that_it_started() {
    let world = World::new("resume");
    let data = world.sample(1_000);
    with_steps(&world, &format!("{LOAD}{ONE_JOB}"));
    world.stack(&["--yes", "up"]).exits(0);
    // Throttled once too often for the SDK: the step itself tries again.
    faults(&world, r#"[{"service": "glue", "operation": "StartCrawler", "does": "throttle", "times": 9}]"#);
    let mut killed = world.command(&["run-pipeline", "--keep-running", "--data", &data]);
    let mut killed = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(100);
    while !world.log().contains("operation=\"StartJobRun\"") {
        assert!(Instant::now() < until, "the job was not started");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(300));
    killed.kill().unwrap();
    killed.wait().unwrap();
    let resumed = run(&world, &["--resume"], 0);
    assert_eq!((&resumed["resumed"], &resumed["state"]), (&1.into(), &"done".into()), "{resumed:#}");
    assert_eq!(world.log().matches("operation=\"StartJobRun\"").count(), 1, "no second run of the job was started");
    let loads = world.mysql("SELECT COUNT(*) FROM ECommerce_Database.Load_Log");
    assert_eq!(loads, "1", "what is done stays done");
    has(&world.stack(&["run-pipeline", "--resume"]).exits(64), &["is done, nothing is left of it"]);
    let told = world.stack(&["--json", "run-pipeline", "--dry-run"]).exits(0).stdout;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert!(told["seconds"].as_f64().unwrap() > 1.0 && told["usd"].as_f64().unwrap() > 0.0, "{told:#}");
    two_files(&world);
}

/// Several files in one run, which say the same in different ways.
fn two_files(world: &World) {
    let folder = world.folder().join("days");
    std::fs::create_dir(&folder).unwrap();
    let head = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
    let one = format!("\u{feff}{head}\r\n1,A,\"two\r\nlines\",1,12/31/2010 08:26,2.5,,France\r\n");
    std::fs::write(folder.join("one.csv"), one).unwrap();
    let two = format!("{head}\n2,B,caf\u{e9},3,1/2/2011 8:26,1.25,7,Spain\n");
    let two: Vec<u8> = two.chars().map(|letter| letter as u8).collect();
    std::fs::write(folder.join("two.csv"), two).unwrap();
    with_steps(world, LOAD);
    let both = run(world, &["--data", folder.to_str().unwrap()], 0);
    assert_eq!((&both["steps"][1]["rows_in"], &both["steps"][1]["rows_out"]), (&2.into(), &2.into()), "{both:#}");
    let texts = world.mysql(
        "SELECT GROUP_CONCAT(Description ORDER BY InvoiceNo SEPARATOR '|') FROM ECommerce_Database.Uk_Ecommerce_Data \
         WHERE InvoiceNo IN ('1', '2')",
    );
    assert_eq!(texts, "two\r\nlines|caf\u{e9}");
    // The loader is asked for the same file a second time, as S3 may do.
    let again = run(world, &["--data", folder.to_str().unwrap()], 0);
    assert_eq!(again["steps"][1]["rows_out"], 2);
    let count = world.mysql("SELECT COUNT(*) FROM ECommerce_Database.Uk_Ecommerce_Data WHERE InvoiceNo IN ('1', '2')");
    assert_eq!(count, "2", "the same files twice leave the same rows");
}
