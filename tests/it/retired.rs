//! What AWS has retired is answered with what, since when and the line to paste, and `--fix` writes that line.

use std::path::{Path, PathBuf};

use stack::kinds::retired;

use crate::support::{Ran, copy_of_the_stack, root, run};

/// The day by which these tests judge.
const TODAY: &str = "2026-11-22";

/// A folder with both shipped stacks.
fn old_stack() -> (tempfile::TempDir, PathBuf) {
    let (folder, _) = copy_of_the_stack();
    let file = folder.path().join("stacks/ecommerce-2021.toml");
    std::fs::copy(root().join("stacks/ecommerce-2021.toml"), &file).unwrap();
    (folder, file)
}

fn validate(folder: &Path, arguments: &[&str]) -> Ran {
    let fixed = ["--stack", "stacks/ecommerce-2021.toml", "validate", "--as-of", TODAY];
    run(folder, &[&fixed, arguments].concat())
}

/// Validates the shipped stack after `change`, as it is and after a repair.
fn repaired(change: impl Fn(&str) -> String) -> (Ran, Ran, String) {
    let (folder, file) = copy_of_the_stack();
    let text = change(&std::fs::read_to_string(&file).unwrap());
    std::fs::write(&file, &text).unwrap();
    let before = run(folder.path(), &["validate", "--as-of", TODAY]);
    let after = run(folder.path(), &["validate", "--fix", "--as-of", TODAY]);
    (before, after, std::fs::read_to_string(&file).unwrap())
}

/// Puts a retired value where a value of today stands; a server parameter is added.
fn with(text: &str, key: &str, value: &str) -> String {
    if key == "parameters" {
        return text.replacen("local_infile = 1", &format!("{value} = 1\nlocal_infile = 1"), 1);
    }
    let line = text.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap();
    text.replacen(line, &format!("{key} = \"{value}\""), 1)
}

#[test]
fn every_line_of_2021_that_has_been_retired_is_answered() {
    let (folder, file) = old_stack();
    let all = validate(folder.path(), &[]).exits(65).stderr;
    let text = std::fs::read_to_string(file).unwrap();
    let retired = [
        "access = ",
        "name = \"uk-ecommerce-data-Input\" ",
        "name = \"uk-ecommerce-data-Output\" ",
        "block_public_access",
        "FullAccess",
        "class = \"db.",
        "version = ",
        "innodb_log_file_size",
        "query_cache_type",
        "node_type",
        "runtime",
        "glue_version",
        "s3://uk-ecommerce-data-Output/",
        "REJECTS_BUCKET",
    ];
    for mark in retired {
        let lines: Vec<usize> =
            text.lines().enumerate().filter(|(_, line)| line.contains(mark)).map(|(at, _)| at + 1).collect();
        assert!(!lines.is_empty(), "`{mark}` is not in the file");
        for line in lines {
            assert!(all.contains(&format!("ecommerce-2021.toml:{line}:")), "line {line} is not answered:\n{all}");
        }
    }
    for since in ["2018-03-01", "2024-02-29", "April 2024", "2024-10-14", "2027-02-01", "2026-04-01", "June 2025"] {
        assert!(all.contains(since), "no answer says {since}:\n{all}");
    }
}

#[test]
fn a_repair_says_what_it_changed_and_what_it_left() {
    let (folder, file) = old_stack();
    let before = std::fs::read_to_string(&file).unwrap();
    let ran = validate(folder.path(), &["--fix"]).exits(0);
    insta::assert_snapshot!(ran.stdout, @r#"
    stacks/ecommerce-2021.toml:20: name = "uk-ecommerce-data-Input" -> name = "uk-ecommerce-data-input"
    stacks/ecommerce-2021.toml:25: name = "uk-ecommerce-data-Output" -> name = "uk-ecommerce-data-output"
    stacks/ecommerce-2021.toml:60: class = "db.t2.micro" -> class = "db.t4g.micro"
    stacks/ecommerce-2021.toml:61: version = "5.7.30" -> version = "8.4"
    stacks/ecommerce-2021.toml:73: innodb_log_file_size = 268435456 -> innodb_redo_log_capacity = 536870912
    stacks/ecommerce-2021.toml:75: query_cache_type = 0 -> taken out
    stacks/ecommerce-2021.toml:80: node_type = "dc2.large" -> node_type = "ra3.large"
    stacks/ecommerce-2021.toml:89: runtime = "python3.8" -> runtime = "python3.13"
    stacks/ecommerce-2021.toml:95: runtime = "python3.8" -> runtime = "python3.13"
    stacks/ecommerce-2021.toml:112: REJECTS_BUCKET = "uk-ecommerce-data-Output" -> REJECTS_BUCKET = "uk-ecommerce-data-output"
    stacks/ecommerce-2021.toml:119: runtime = "python3.8" -> runtime = "python3.13"
    stacks/ecommerce-2021.toml:163: path = "s3://uk-ecommerce-data-Output/Output/" -> path = "s3://uk-ecommerce-data-output/Output/"
    stacks/ecommerce-2021.toml:177: glue_version = "2.0" -> glue_version = "5.0"
    stacks/ecommerce-2021.toml:200: glue_version = "2.0" -> glue_version = "5.0"
    stacks/ecommerce-2021.toml:219: results = "s3://uk-ecommerce-data-Output/athena/" -> results = "s3://uk-ecommerce-data-output/athena/"
    stacks/ecommerce-2021.toml:92: `lambda.reader.name` still says `uk-ecommerce-data-Input`; it may be a name of its own
    stacks/ecommerce-2021.toml:116: `lambda.output_reader.name` still says `uk-ecommerce-data-Output`; it may be a name of its own
    15 lines fixed; `stacks/ecommerce-2021.toml` is valid: 42 resources, 13 warnings
    "#);
    let after = std::fs::read_to_string(&file).unwrap();
    let comments = |text: &str| -> Vec<String> {
        let comment = |line: &str| line.split_once('#').map(|(before, comment)| format!("{} {comment}", before.len()));
        text.lines().filter_map(comment).collect()
    };
    assert_eq!(comments(&after), comments(&before), "comments stay, and in their columns");
    validate(folder.path(), &[]).exits(0);
    let again = validate(folder.path(), &["--fix"]).exits(0);
    assert!(again.stdout.starts_with("nothing to fix; "), "{}", again.all());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), after);
}

#[test]
fn every_retired_value_gets_a_line_that_is_valid() {
    for (key, value) in retired::every() {
        let (before, after, text) = repaired(|text| with(text, key, value));
        assert!(
            before.stderr.contains("= hint: write `") || before.stderr.contains("= hint: take `"),
            "{}",
            before.all()
        );
        assert_eq!(after.code, 0, "{key} {value}:\n{}", after.all());
        assert!(after.stdout.contains("0 warnings"), "{key} {value}:\n{}", after.all());
        let line = before.stderr.split("hint: write `").nth(1).and_then(|hint| hint.split('`').next());
        assert!(line.is_none_or(|line| text.contains(line)), "`{line:?}` was not written:\n{text}");
    }
}

#[test]
fn what_needs_a_decision_stays_a_warning_with_its_line() {
    let opened = |text: &str| {
        let text = text.replace("access = [\"my-ip\"]", "access = [\"0.0.0.0/0\"]");
        text.replacen("versioning = true", "versioning = true\nblock_public_access = false", 1)
    };
    let (before, after, text) = repaired(opened);
    for line in ["write `access = [\"my-ip\"]`", "write `block_public_access = true`"] {
        assert!(before.stderr.contains(line), "{}", before.all());
    }
    insta::assert_snapshot!(after.stdout, @r"
    nothing to fix; `stacks/ecommerce.toml` is valid: 44 resources, 2 warnings
    ");
    assert!(text.contains("0.0.0.0/0") && text.contains("block_public_access = false"));
}

#[test]
fn a_repair_goes_as_far_as_it_can() {
    let (_, after, text) = repaired(|text| with(text, "class", "db.t2.micro").replace("nodes = 1", "nods = 1"));
    assert!(text.contains("class = \"db.t4g.micro\""));
    insta::assert_snapshot!(after.all(), @r#"
    exit 65
    stacks/ecommerce.toml:40: class = "db.t2.micro" -> class = "db.t4g.micro"
    1 line fixed; `stacks/ecommerce.toml` is not valid yet
    error: `redshift.warehouse` has no `nodes`
      --> stacks/ecommerce.toml:58:11
       |
    58 | [redshift.warehouse]
       |           ^^^^^^^^^ `nodes` is missing
    error: unknown key `nods` in `redshift.warehouse`
      --> stacks/ecommerce.toml:61:1
       |
    61 | nods = 1
       | ^^^^ unknown key
       |
       = hint: did you mean `nodes`?
    "#);
}

#[test]
fn a_file_that_is_no_toml_is_left_alone() {
    let spoil = |text: &str| with(text, "class", "db.t2.micro").replace("nodes = 1", "nodes = ");
    let (_, after, text) = repaired(spoil);
    assert_eq!(after.code, 65);
    assert!(text.contains("db.t2.micro"));
}

#[test]
fn a_repair_in_json_lists_its_changes() {
    let (folder, file) = copy_of_the_stack();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, with(&text, "class", "db.t2.micro")).unwrap();
    let ran = run(folder.path(), &["--json", "validate", "--fix"]).exits(0);
    insta::assert_snapshot!(ran.stdout, @r#"
    {
      "diagnostics": [],
      "fixed": [
        {
          "key": "mysql.sales.class",
          "line": 40,
          "new": "class = \"db.t4g.micro\"",
          "old": "class = \"db.t2.micro\""
        }
      ],
      "left": [],
      "resources": 44,
      "valid": true,
      "version": 1,
      "warnings": 0
    }
    "#);
}

#[cfg(unix)]
#[test]
fn a_repair_keeps_permissions_and_links() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, file) = old_stack();
    let real = folder.path().join("stacks/real.file");
    std::fs::rename(&file, &real).unwrap();
    std::os::unix::fs::symlink(&real, &file).unwrap();
    std::fs::set_permissions(&real, PermissionsExt::from_mode(0o640)).unwrap();
    validate(folder.path(), &["--fix"]).exits(0);
    assert!(file.is_symlink());
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert!(std::fs::read_to_string(real).unwrap().contains("db.t4g.micro"));
    assert_eq!(std::fs::read_dir(folder.path().join("stacks")).unwrap().count(), 3, "nothing else is left behind");
}

#[test]
fn the_day_decides_between_a_warning_and_an_error() {
    let (folder, file) = copy_of_the_stack();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, with(&text, "runtime", "python3.8")).unwrap();
    run(folder.path(), &["validate", "--as-of", "2024-10-13"]).exits(0);
    insta::assert_snapshot!(run(folder.path(), &["validate", "--as-of", "2027-01-31"]).all(), @r#"
    exit 0
    `stacks/ecommerce.toml` is valid: 44 resources, 1 warning
    warning: `layer.mysql.runtime`: `python3.8` is deprecated since 2024-10-14; from 2027-02-01 on AWS refuses it
      --> stacks/ecommerce.toml:69:11
       |
    69 | runtime = "python3.8"
       |           ^^^^^^^^^^^
       |
       = hint: write `runtime = "python3.13"`
    "#);
    insta::assert_snapshot!(run(folder.path(), &["validate", "--as-of", "2027-02-01"]).all(), @r#"
    exit 65
    error: `layer.mysql.runtime`: AWS refuses new functions with `python3.8` since 2027-02-01
      --> stacks/ecommerce.toml:69:11
       |
    69 | runtime = "python3.8"
       |           ^^^^^^^^^^^
       |
       = hint: write `runtime = "python3.13"`
    "#);
}

#[test]
fn among_several_files_one_must_be_named() {
    let (folder, _) = old_stack();
    insta::assert_snapshot!(run(folder.path(), &["validate"]).all(), @r"
    exit 64
    error: several stack files: `stacks/ecommerce-2021.toml`, `stacks/ecommerce.toml`
     |
     = hint: choose one with `--stack FILE`, or for the whole shell with `export STACK_FILE=FILE`
    ");
}
