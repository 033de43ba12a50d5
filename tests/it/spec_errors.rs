//! Every mistake in a stack file has its place, its cause and a hint, and all of them come at once.

use crate::support::{copy_of_the_stack, run};

/// Replaces `from` by `to` in the shipped stack and validates the result.
#[track_caller]
fn spoiled(changes: &[(&str, &str)]) -> String {
    let (folder, file) = copy_of_the_stack();
    let mut text = std::fs::read_to_string(&file).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "`{from}` is not in the stack file");
        text = text.replacen(from, to, 1);
    }
    std::fs::write(&file, text).unwrap();
    run(folder.path(), &["validate"]).exits(65).all()
}

#[test]
fn the_shipped_stack_is_valid() {
    let (folder, _) = copy_of_the_stack();
    let ran = run(folder.path(), &["validate"]).exits(0);
    insta::assert_snapshot!(ran.all(), @r"
    exit 0
    `stacks/ecommerce.toml` is valid: 40 resources, 0 warnings
    ");
}

#[test]
fn an_unknown_key_is_placed_and_the_nearest_is_suggested() {
    insta::assert_snapshot!(spoiled(&[("memory_mib = 512", "memory_mb = 512")]), @r"
    exit 65
    error: `lambda.reader` has no `memory_mib`
      --> stacks/ecommerce.toml:71:9
       |
    71 | [lambda.reader]
       |         ^^^^^^ `memory_mib` is missing
    error: unknown key `memory_mb` in `lambda.reader`
      --> stacks/ecommerce.toml:77:1
       |
    77 | memory_mb = 512
       | ^^^^^^^^^ unknown key
       |
       = hint: did you mean `memory_mib`?
    ");
}

#[test]
fn an_unknown_table_is_placed_and_the_nearest_is_suggested() {
    insta::assert_snapshot!(spoiled(&[("[dashboard.main]", "[dashbord.main]")]), @r"
    exit 65
    error: unknown table `[dashbord]`
       --> stacks/ecommerce.toml:188:2
        |
    188 | [dashbord.main]
        |  ^^^^^^^^ unknown table
        |
        = hint: did you mean `[dashboard]`?
    ");
}

#[test]
fn a_dangling_reference_is_placed_and_the_nearest_is_suggested() {
    insta::assert_snapshot!(spoiled(&[("connection = \"rds_mysql\", path", "connection = \"rds_mysq\", path")]), @r#"
    exit 65
    error: `crawler.rds.source.connection` refers to `connection.rds_mysq`, which is not declared
       --> stacks/ecommerce.toml:125:25
        |
    125 | source = { connection = "rds_mysq", path = "ECommerce_Database/Uk_Ecommerce_Data" }
        |                         ^^^^^^^^^^ there is no `[connection.rds_mysq]`
        |
        = hint: did you mean `rds_mysql`?
    "#);
}

#[test]
fn a_dangling_output_is_found_inside_a_text() {
    insta::assert_snapshot!(spoiled(&[("\"${bucket.output.name}\"", "\"${bucket.outputs.name}\"")]), @r#"
    exit 65
    error: `lambda.reader.environment.REJECTS_BUCKET` refers to `bucket.outputs`, which is not declared
      --> stacks/ecommerce.toml:92:18
       |
    92 | REJECTS_BUCKET = "${bucket.outputs.name}"
       |                  ^^^^^^^^^^^^^^^^^^^^^^^^ there is no `[bucket.outputs]`
       |
       = hint: did you mean `output`?
    "#);
}

#[test]
fn an_output_that_does_not_exist_is_found() {
    insta::assert_snapshot!(spoiled(&[("${mysql.sales.endpoint}", "${mysql.sales.endpint}")]), @r#"
    exit 65
    error: `lambda.reader.environment.DB_HOST` uses `endpint`, which `mysql` does not offer
      --> stacks/ecommerce.toml:85:11
       |
    85 | DB_HOST = "${mysql.sales.endpint}"
       |           ^^^^^^^^^^^^^^^^^^^^^^^^ there is no output `endpint`
       |
       = hint: did you mean `endpoint`?
    "#);
}

#[test]
fn a_name_that_is_used_twice_is_found() {
    insta::assert_snapshot!(spoiled(&[("name = \"s3_crawler\"", "name = \"rds_crawler\"")]), @r#"
    exit 65
    error: `crawler.s3` and `crawler.rds` have the same name `rds_crawler`
       --> stacks/ecommerce.toml:128:8
        |
    128 | name = "rds_crawler"
        |        ^^^^^^^^^^^^^ used twice
        |
        = hint: AWS knows them by name
    "#);
}

#[test]
fn an_invalid_bucket_name_gets_the_valid_one() {
    let change = ("\"uk-ecommerce-data-input\"", "\"uk-ecommerce-data-Input\"");
    insta::assert_snapshot!(spoiled(&[change]), @r#"
    exit 65
    error: `bucket.input.name`: `uk-ecommerce-data-Input` is no valid bucket name: upper-case letters are not allowed
      --> stacks/ecommerce.toml:16:8
       |
    16 | name = "uk-ecommerce-data-Input"
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: write `uk-ecommerce-data-input`
    "#);
}

#[test]
fn a_missing_script_is_found_before_anything_is_made() {
    insta::assert_snapshot!(spoiled(&[("glue/rds_to_s3.py", "glue/rds_to_s4.py")]), @r#"
    exit 65
    error: `job.rds_to_s3.script`: there is no file `../templates/glue/rds_to_s4.py`
       --> stacks/ecommerce.toml:143:10
        |
    143 | script = "../templates/glue/rds_to_s4.py"
        |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        |
        = hint: relative paths begin at the folder of the stack file
    "#);
}

#[test]
fn a_wrong_type_is_placed() {
    insta::assert_snapshot!(spoiled(&[("storage_gib = 20", "storage_gib = \"twenty\"")]), @r#"
    exit 65
    error: `mysql.sales.storage_gib` has a wrong value
      --> stacks/ecommerce.toml:42:15
       |
    42 | storage_gib = "twenty"
       |               ^^^^^^^^ invalid type: string "twenty", expected a whole number
    "#);
}

#[test]
fn all_mistakes_come_at_once() {
    let all = spoiled(&[
        ("memory_mib = 512", "memory_mb = 512"),
        ("nodes = 1", "nodes = \"one\""),
        ("role = \"glue\"", "role = \"glu\""),
        ("class = \"db.t4g.micro\"\n", ""),
        ("node_type = \"ra3.large\"", "node_type = \"dc2.large\""),
    ]);
    for part in ["memory_mb", "nodes", "`memory_mib`", "glu", "`class`"] {
        assert!(all.contains(part), "`{part}` is not in:\n{all}");
    }
}

#[test]
fn broken_toml_is_placed() {
    insta::assert_snapshot!(spoiled(&[("name = \"ecommerce\"", "name = \"ecommerce")]), @r#"
    exit 65
    error: invalid basic string, expected `"`
     --> stacks/ecommerce.toml:5:18
      |
    5 | name = "ecommerce
      |                  ^
    "#);
}
