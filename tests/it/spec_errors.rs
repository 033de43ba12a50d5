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
    insta::assert_snapshot!(ran.all(), @"");
}

#[test]
fn an_unknown_key_is_placed_and_the_nearest_is_suggested() {
    insta::assert_snapshot!(spoiled(&[("memory_mib = 512", "memory_mb = 512")]), @"");
}

#[test]
fn an_unknown_table_is_placed_and_the_nearest_is_suggested() {
    insta::assert_snapshot!(spoiled(&[("[dashboard.main]", "[dashbord.main]")]), @"");
}

#[test]
fn a_dangling_reference_is_placed_and_the_nearest_is_suggested() {
    insta::assert_snapshot!(spoiled(&[("connection = \"rds_mysql\", path", "connection = \"rds_mysq\", path")]), @"");
}

#[test]
fn a_dangling_output_is_found_inside_a_text() {
    insta::assert_snapshot!(spoiled(&[("\"${bucket.output.name}\"", "\"${bucket.outputs.name}\"")]), @"");
}

#[test]
fn a_name_that_is_used_twice_is_found() {
    insta::assert_snapshot!(spoiled(&[("name = \"s3_crawler\"", "name = \"rds_crawler\"")]), @"");
}

#[test]
fn an_invalid_bucket_name_gets_the_valid_one() {
    let change = ("\"uk-ecommerce-data-input\"", "\"uk-ecommerce-data-Input\"");
    insta::assert_snapshot!(spoiled(&[change]), @"");
}

#[test]
fn a_missing_script_is_found_before_anything_is_made() {
    insta::assert_snapshot!(spoiled(&[("glue/rds_to_s3.py", "glue/rds_to_s4.py")]), @"");
}

#[test]
fn a_wrong_type_is_placed() {
    insta::assert_snapshot!(spoiled(&[("storage_gib = 20", "storage_gib = \"twenty\"")]), @"");
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
    insta::assert_snapshot!(spoiled(&[("name = \"ecommerce\"", "name = \"ecommerce")]), @"");
}
