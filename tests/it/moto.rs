//! The same reconciling against moto, which imitates AWS by other hands: what it lacks stands in `moto_cloud/gaps.py`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::edit::{self, Edit};
use crate::judge::Judge;
use crate::support::{Ran, copy_of_the_stack, ran, root, stack};

/// Behind moto there are no servers: the pipeline cannot run, and tables cannot be made (the key `schema`).
const WITH_SERVERS: &[&str] = &["pipeline", "[pipeline.step]"];

/// moto takes no filter with an empty value.
const FILTERED: &[Edit] = &[("lambda.reader", "trigger", r#"{ bucket = "input", prefix = "in/", suffix = ".csv" }"#)];

/// The shipped stack at moto.
struct Moto {
    folder: tempfile::TempDir,
    file: PathBuf,
    judge: Judge,
}

impl Moto {
    fn new() -> Self {
        let (folder, file) = copy_of_the_stack();
        edit::remove(&file, WITH_SERVERS);
        edit::drop_key(&file, "schema");
        edit::edit(&file, FILTERED);
        Self { folder, file, judge: Judge::start("moto_cloud", &[], &[]) }
    }

    #[track_caller]
    fn stack(&self, arguments: &[&str], code: i32) -> Ran {
        let mut command = stack(self.folder.path());
        command.args(["--yes", "--endpoint-url", &self.judge.url]).args(arguments);
        command.env("STACK_TARGET", "local").env("STACK_PYTHON", root().join(".venv/bin/python"));
        ran(&mut command).exits(code)
    }

    /// Does by hand, with boto3, what `by_hand.py` calls `action`, and returns what it says.
    #[track_caller]
    fn by_hand(&self, action: &str) -> BTreeMap<String, Value> {
        let script = root().join("tests/judges/by_hand.py");
        let mut command = Command::new(root().join(".venv/bin/python"));
        let said = ran(command.arg(script).args([&self.judge.url, action])).exits(0);
        serde_json::from_str(&said.stdout).unwrap()
    }
}

#[test]
fn moto_agrees_that_the_stack_is_as_declared() {
    let mut moto = Moto::new();
    assert_eq!(moto.by_hand("show"), BTreeMap::new(), "nothing is there before");
    moto.stack(&["up"], 0);
    let made = moto.by_hand("show");
    assert_eq!(made["crawler"].as_object().map(serde_json::Map::len), Some(3));

    let again = moto.stack(&["up"], 0);
    assert!(again.stdout.contains("nothing to change"), "{}", again.all());
    moto.stack(&["plan", "--detailed-exitcode"], 0);

    let spoilt = moto.by_hand("spoil");
    let plan = moto.stack(&["plan", "--detailed-exitcode"], 2);
    let noticed = |address: &str| plan.stdout.lines().any(|line| line.split_whitespace().nth(1) == Some(address));
    let missed: Vec<_> = spoilt.iter().filter(|(address, _)| !noticed(address)).collect();
    assert!(missed.is_empty(), "not noticed: {missed:?}\n{}", plan.all());
    moto.stack(&["up"], 0);
    assert_eq!(differences(&made, &moto.by_hand("show")), "", "what was changed by hand is as before");

    edit::remove(&moto.file, &["crawler.s3", "layer.mysql", "workgroup.main"]);
    edit::edit(&moto.file, &[("lambda.reader", "layers", "[]")]);
    let orphans = moto.stack(&["up"], 0);
    for address in ["crawler.s3", "layer.mysql", "workgroup.main"] {
        assert!(orphans.all().contains(&format!("- {address} deleted")), "{}", orphans.all());
    }
    let left = moto.by_hand("show");
    assert_eq!(left["crawler"].as_object().map(serde_json::Map::len), Some(2));
    assert!(!left.contains_key("layer") && !left.contains_key("workgroup"), "{left:?}");

    moto.stack(&["down"], 0);
    moto.stack(&["plan", "--detailed-exitcode"], 0);
    moto.stack(&["start"], 0);
    moto.stack(&["destroy", "--delete-data"], 0);
    assert_eq!(moto.by_hand("show"), BTreeMap::new(), "nothing is left");
    print_gaps(&mut moto.judge);
}

/// Returns the lines of two listings that differ.
fn differences(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> String {
    let lines = |listing: &BTreeMap<String, Value>| serde_json::to_string_pretty(listing).unwrap();
    let (before, after) = (lines(before), lines(after));
    let changed: Vec<String> = before
        .lines()
        .zip(after.lines())
        .filter(|(one, other)| one != other)
        .take(40)
        .map(|(one, other)| format!("{} -> {}", one.trim(), other.trim()))
        .collect();
    changed.join("\n")
}

#[expect(clippy::print_stdout, reason = "the table is for whoever runs the test with `--nocapture`")]
fn print_gaps(judge: &mut Judge) {
    let table = judge.end();
    assert!(table.contains("glue:UpdateJob"), "{table}");
    println!("{table}");
}
