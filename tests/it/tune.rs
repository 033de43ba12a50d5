//! `stack tune`: suggestions with reasons, written into the stack file, and what the server makes of them.

use serde_json::Value;

use crate::support::{copy_of_the_stack, run};
#[cfg(feature = "local")]
use crate::world::World;

/// The parameters of a `stack tune mysql --json`, by name.
fn parameters(answer: &str) -> impl Fn(&str) -> Value {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let all = answer["parameters"].as_array().unwrap().clone();
    move |name| all.iter().find(|one| one["name"] == name).cloned().unwrap_or_default()
}

#[test]
fn parameters_are_suggested_with_reasons_and_written_with_comments_kept() {
    let (folder, file) = copy_of_the_stack();
    let before = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, before.replace("local_infile = 1", "local_infile = 1  # the loader needs it")).unwrap();
    let data = folder.path().join("large.csv");
    // The size alone counts; the file has a hole and takes no room.
    std::fs::File::create(&data).unwrap().set_len(450 * 1024 * 1024).unwrap();
    let data = data.display().to_string();
    let shown = run(folder.path(), &["tune", "mysql", "--data", &data]).exits(0);
    insta::assert_snapshot!(shown.stdout, @r#"
      innodb_buffer_pool_size    402653184 (as it is)
        3/8 of the 1 GiB of `db.t4g.micro`: the system, RDS's own processes and connections need the rest, and the three quarters that RDS takes by itself would make a small class swap
    ~ innodb_redo_log_capacity   536870912 -> 1073741824
        the load writes about 765 MiB of redo log (170% of the file), which must stay below 75% of this, or the load waits for checkpoints
      innodb_log_buffer_size     67108864 (as it is)
        a load is one transaction: what does not fit is written in between; at most a sixteenth of the memory, 64 MiB
    ~ max_allowed_packet         1073741824 -> 67108864
        a packet is held in memory whole, and 1 GiB are more than a quarter of the 1 GiB of `db.t4g.micro`; rows of a load come in packets far below 64 MiB
      local_infile               1 (as it is)
        without it the server refuses `LOAD DATA LOCAL INFILE`, by which the loader loads
    ~ net_read_timeout           not set -> 120
        the loader reads from S3 while it sends, and S3 may keep it waiting for 60 s; after 30 s, the default, the server would end the load
    ~ log_output                 not set -> "FILE"
        slow queries go to a file, which `stack logs` shows, and not to a table

    [mysql.sales.parameters]
    innodb_redo_log_capacity = 1073741824
    max_allowed_packet = 67108864
    net_read_timeout = 120
    log_output = "FILE"

    4 values suggested; `--write` puts them into `stacks/ecommerce.toml`
    "#);
    let json = run(folder.path(), &["--json", "tune", "mysql", "mysql.sales", "--data", &data]).exits(0);
    let of = parameters(&json.stdout);
    assert_eq!(of("innodb_redo_log_capacity")["suggested"], 1_073_741_824);
    assert_eq!(of("innodb_buffer_pool_size")["change"], false);
    assert_eq!(std::fs::read_to_string(&file).unwrap().matches("the loader needs it").count(), 1);

    let written = run(folder.path(), &["tune", "mysql", "--data", &data, "--write"]).exits(0);
    assert!(
        written.stdout.contains("innodb_redo_log_capacity = 1073741824 (was innodb_redo_log_capacity = 536870912)")
    );
    let after = std::fs::read_to_string(&file).unwrap();
    for line in
        ["max_allowed_packet = 67108864\n", "local_infile = 1  # the loader needs it\n", "log_output = \"FILE\"\n"]
    {
        assert!(after.contains(line), "{line} is not in {after}");
    }
    run(folder.path(), &["validate"]).exits(0);
    let again = run(folder.path(), &["tune", "mysql", "--data", &data, "--write"]).exits(0);
    assert!(again.stdout.contains("the stack file says what is suggested"), "{}", again.all());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), after);

    for (wrong, said) in [
        (&["tune", "mysql", "mysql.orders"][..], "name one of `mysql.sales`"),
        (&["tune", "mysql", "--data", "nowhere.csv"], "cannot read `nowhere.csv`"),
    ] {
        let refused = run(folder.path(), wrong).exits(64);
        assert!(refused.stderr.contains(said), "{}", refused.all());
    }
}

#[test]
fn the_size_of_log_files_is_translated_to_a_capacity() {
    let (folder, file) = copy_of_the_stack();
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("innodb_redo_log_capacity = 536870912", "innodb_log_file_size = 268435456");
    std::fs::write(&file, &text).unwrap();
    let warned = run(folder.path(), &["validate", "--as-of", "2026-11-22"]).exits(0);
    let line = "write `innodb_redo_log_capacity = 536870912`";
    assert!(warned.stderr.contains(line), "{}", warned.all());
    run(folder.path(), &["validate", "--fix"]).exits(0);
    assert!(std::fs::read_to_string(&file).unwrap().contains("\ninnodb_redo_log_capacity = 536870912\n"));
}

/// What is written reaches the server: at once where it can, with a restart where it must.
#[cfg(feature = "local")]
#[test]
fn parameters_reach_the_server_and_static_ones_restart_it() {
    const STACK: &str = r#"[stack]
name = "small"
region = "us-east-2"

[network]
cidr = "10.0.0.0/16"
zones = ["us-east-2a", "us-east-2b"]

[mysql.sales]
identifier = "small-sales"
class = "db.t4g.micro"
version = "8.4"
storage_gib = 20
port = 33062
database = "sales"

[mysql.sales.parameters]
innodb_redo_log_capacity = 134217728  # too small
max_allowed_packet = 1073741824
"#;
    let world = World::new("tune");
    let file = crate::team::shipped_file(&world);
    std::fs::write(&file, STACK).unwrap();
    world.stack(&["--yes", "up"]).exits(0);
    assert_eq!(world.mysql("SELECT @@innodb_log_file_size"), "134217728");
    world.stack(&["tune", "mysql", "--write"]).exits(0);
    let plan = world.stack(&["plan"]).exits(0);
    assert!(!plan.all().contains("restart"), "all of them are dynamic: {}", plan.all());
    world.stack(&["--yes", "up"]).exits(0);
    let now = world.mysql(
        "SELECT CONCAT_WS(' ', @@innodb_log_file_size, @@max_allowed_packet, @@net_read_timeout, @@local_infile)",
    );
    assert_eq!(now, "268435456 67108864 120 ON");

    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}back_log = 123\n")).unwrap();
    let plan = world.stack(&["plan"]).exits(0);
    assert!(plan.all().contains("back_log") && plan.all().contains("restart"), "{}", plan.all());
    world.stack(&["--yes", "up"]).exits(0);
    assert_eq!(world.mysql("SELECT @@back_log"), "123");
    world.stack(&["plan", "--detailed-exitcode"]).exits(0);
}

/// The loader is run at two sizes; then nothing is left of it but the figures.
#[cfg(feature = "local")]
#[test]
fn the_loader_is_tried_at_several_sizes_and_nothing_is_left_of_it() {
    use crate::team::boto3;
    let world = World::new("tune-lambda");
    let file = crate::team::shipped_file(&world);
    let text = std::fs::read_to_string(&file).unwrap();
    // What the loader needs; the rest of the stack would only take time.
    let text = text.replace("port = 3306", "port = 33063");
    std::fs::write(&file, text).unwrap();
    let needed = ["--only", "trigger.reader", "--only", "bucket.output", "--only", "mysql_schema.sales"];
    world.stack(&[&["--yes", "up"][..], &needed].concat()).exits(0);
    let data = world.sample(2_000);
    let command = ["--json", "tune", "lambda", "--data", &data, "--sizes", "256,1024", "--plot", "sizes.svg"];
    let nobody = world.stack(&command).exits(1);
    assert!(nobody.stderr.contains("add `--yes`"), "{}", nobody.all());
    let ran = world.stack(&[&command[..], &["--yes", "--write"]].concat()).exits(0);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    let sizes = answer["sizes"].as_array().unwrap();
    assert_eq!(sizes.len(), 2);
    for size in sizes {
        assert!(size["seconds"].as_f64().unwrap() > 0.0 && size["usd"].as_f64().unwrap() > 0.0, "{answer}");
        assert!(size["used_mib"].as_u64().unwrap() > 20, "{answer}");
    }
    assert!(ran.stderr.contains("gives every size the same processor"), "{}", ran.all());
    let best = answer["suggested_mib"].as_i64().unwrap();
    assert!(std::fs::read_to_string(&file).unwrap().contains(&format!("memory_mib = {best}")));
    assert!(std::fs::read_to_string(world.folder().join("sizes.svg")).unwrap().contains("<polyline"));
    assert_eq!(world.mysql("SELECT COUNT(*) FROM ECommerce_Database.Uk_Ecommerce_Data"), "0");
    assert_eq!(world.mysql("SELECT COUNT(*) FROM ECommerce_Database.Load_Log"), "0");
    // One that failed leaves nothing either: this size is too small for the loader.
    let small = world.stack(&["--yes", "tune", "lambda", "lambda.reader", "--data", &data, "--sizes", "128"]);
    assert!(small.code == 0 || small.stdout.contains("failed: "), "{}", small.all());
    let left = boto3(
        &world,
        r#"
versions = client("s3").list_object_versions(Bucket="uk-ecommerce-data-input")
print([entry["Key"] for entry in versions.get("Versions", []) if "tune" in entry["Key"]],
      [entry["Key"] for entry in client("s3").list_objects_v2(Bucket="uk-ecommerce-data-output").get("Contents", [])
       if "Rejects" in entry["Key"]],
      client("lambda").get_function_configuration(FunctionName="uk-ecommerce-data-input_Reader")["MemorySize"])
"#,
    );
    assert_eq!(left, "[] [] 512");
}
