//! Files that people really have, and a machine that is not as it should be.

use std::net::TcpListener;

use crate::support::{root, stack};
use crate::world::World;

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
const GOOD: &str = "536365,85123A,WHITE LANTERN ,6,12/1/2010 8:26,2.55,17850,United Kingdom\n";

/// Runs the pipeline on a file with this content, which must fail with `code` and say every one of `words`.
#[track_caller]
fn refused(world: &World, content: &[u8], words: &[&str]) {
    let data = world.file("bad.csv", content);
    let ran = world.stack(&["run-pipeline", "--keep-running", "--data", &data]);
    assert!(ran.code == 1 || ran.code == 64, "{}", ran.all());
    for word in words {
        assert!(ran.stderr.contains(word), "`{word}` is not in:\n{}", ran.all());
    }
}

#[test]
fn csv_files_with_flaws() {
    let world = World::new("wrong-input");
    world.stack(&["--yes", "up"]).exits(0);

    refused(&world, b"", &["empty"]);
    refused(&world, GOOD.as_bytes(), &["header"]);
    refused(&world, b"InvoiceNo,StockCode\n1,2\n", &["header", "InvoiceNo,StockCode,Description"]);
    refused(&world, HEADER.as_bytes(), &["no row"]);
    let missing = world.stack(&["run-pipeline", "--data", "nowhere.csv"]).exits(64);
    assert!(missing.stderr.contains("nowhere.csv"), "{}", missing.all());

    let flawed = format!(
        "{HEADER}{GOOD}\
         536365,71053,SHORT ROW\n\
         536365,71053,BAD DATE,6,13/1/2010 8:26,3.39,17850,United Kingdom\n\
         536365,71053,BAD NUMBER,six,12/1/2010 8:26,3.39,17850,United Kingdom\n\
         536365,71053,BAD PRICE,6,12/1/2010 8:26,3.39001,17850,United Kingdom\n\
         536365,71053,\"QUOTED, \"\"SET\"\"\",6,12/1/2010 8:26,3.39,,United Kingdom\n"
    );
    let data = world.file("flawed.csv", flawed.as_bytes());
    let ran = world.stack(&["run-pipeline", "--keep-running", "--data", &data]).exits(0);
    assert!(ran.stdout.contains("6 rows in = 2 loaded + 4 rejected, 0 lost"), "{}", ran.all());
    let uri = ran.stdout.lines().find_map(|line| line.split("line and reason: ").nth(1)).unwrap();
    let rejects = world.boto3(&format!(
        r#"
import boto3
bucket, key = "{uri}".removeprefix("s3://").split("/", 1)
s3 = boto3.client("s3", endpoint_url=ENDPOINT, region_name="us-east-2", aws_access_key_id="x", aws_secret_access_key="y")
print(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())
"#
    ));
    for (line, what) in [("3,", "field"), ("4,", "date"), ("5,", "Quantity"), ("6,", "UnitPrice")] {
        let row = rejects.lines().find(|row| row.starts_with(line));
        assert!(row.is_some_and(|row| row.contains(what)), "line {line} has no reason with {what}:\n{rejects}");
    }

    let utf8 = format!("\u{feff}{HEADER}536366,22633,CAF\u{c9} \u{a3}5,6,12/1/2010 8:28,1.85,17850,EIRE\n");
    let data = world.file("utf8.csv", utf8.as_bytes());
    world.stack(&["run-pipeline", "--keep-running", "--data", &data]).exits(0);
    let letters =
        world.mysql("SELECT HEX(Description) FROM ECommerce_Database.Uk_Ecommerce_Data WHERE InvoiceNo = '536366'");
    assert_eq!(letters, "434146C38920C2A335", "the letters arrived as UTF-8");

    a_mangled_value_fails_the_run(&world);
}

/// A description that loses its trailing blank on the way is found, though counts and totals stay the same. The
/// option is Spark's own default, so leaving it out is the mistake that people really make.
fn a_mangled_value_fails_the_run(world: &World) {
    let script = world.folder().join("templates/glue/rds_to_s3.py");
    let text = std::fs::read_to_string(&script).unwrap();
    let spoiled = text.replace("\"ignoreTrailingWhiteSpace\": \"false\"", "\"ignoreTrailingWhiteSpace\": \"true\"");
    assert_ne!(text, spoiled);
    std::fs::write(&script, spoiled).unwrap();
    let up = world.stack(&["--yes", "up"]).exits(0);
    assert!(up.stderr.contains("object.rds_to_s3"), "{}", up.all());
    let content = format!("{HEADER}{GOOD}{GOOD}");
    refused(world, content.as_bytes(), &["MySQL and staging differ", "content of Description"]);
}

#[test]
fn servers_that_are_not_installed_are_named_with_their_packages() {
    let world = World::with("not-installed", &[("STACK_ENGINES", "/nowhere")]);
    let ran = world.stack(&["--yes", "up"]).exits(1);
    for part in ["mariadb-server", "postgresql", "stack doctor --fix", "not begun"] {
        assert!(ran.stderr.contains(part), "`{part}` is not in:\n{}", ran.all());
    }
}

#[test]
fn the_local_cloud_does_not_run() {
    let mut command = stack(root());
    command.args(["--stack", "stacks/ecommerce.toml", "plan", "--endpoint-url", "http://127.0.0.1:1"]);
    command.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "y").env("AWS_MAX_ATTEMPTS", "1");
    let ran = crate::support::ran(&mut command).exits(1);
    assert!(ran.stderr.contains("got no answer"), "{}", ran.all());
    assert!(ran.stderr.contains("stack local up"), "{}", ran.all());
}

#[test]
fn a_taken_port_is_named_with_the_way_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = stack(folder.path());
    command.args(["local", "up"]).env("STACK_LOCAL_HOME", folder.path());
    command.env("STACK_LOCAL_PORT", listener.local_addr().unwrap().port().to_string());
    // The port is held by something that never answers.
    let ran = crate::support::ran(&mut command).exits(1);
    assert!(ran.stderr.contains("is taken"), "{}", ran.all());
    assert!(ran.stderr.contains("STACK_LOCAL_PORT"), "{}", ran.all());
}
