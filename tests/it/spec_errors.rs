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
    `stacks/ecommerce.toml` is valid: 44 resources, 0 warnings
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
    error: `bucket.input.name`: `uk-ecommerce-data-Input` is no valid bucket name: no region allows upper-case letters since 2018-03-01
      --> stacks/ecommerce.toml:16:8
       |
    16 | name = "uk-ecommerce-data-Input"
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: write `name = "uk-ecommerce-data-input"`
    "#);
}

#[test]
fn a_table_or_key_that_is_there_twice_is_told_once() {
    let table = ("[bucket.output]", "[bucket.input]");
    let key = ("class = \"db.t4g.micro\"", "class = \"db.t4g.micro\"\nclass = \"db.t4g.small\"");
    insta::assert_snapshot!(spoiled(&[table, key]), @r#"
    exit 65
    error: `[bucket.input]` is declared twice
      --> stacks/ecommerce.toml:20:9
       |
    20 | [bucket.input]
       |         ^^^^^
       |
       = hint: it is there before, in line 15
    error: `class` is there twice in `[mysql.sales]`
      --> stacks/ecommerce.toml:41:1
       |
    41 | class = "db.t4g.small"
       | ^^^^^
       |
       = hint: it is there before, in line 40
    "#);
}

#[test]
fn a_place_in_a_list_is_counted_as_people_count() {
    insta::assert_snapshot!(
        spoiled(&[
            ("layers = [\"mysql\"]", "layers = [\"mysql\", \"pandas\"]"),
            ("function = \"reader\"", "functions = \"reader\""),
            ("type = \"integer\"", "type = \"integr\""),
        ]),
        @r#"
    exit 65
    error: the 2nd of `lambda.reader.layers` refers to `layer.pandas`, which is not declared
      --> stacks/ecommerce.toml:79:20
       |
    79 | layers = ["mysql", "pandas"]
       |                    ^^^^^^^^ there is no `[layer.pandas]`
       |
       = hint: declared: mysql
    error: `type` of the 4th `pipeline.columns` cannot be `integr`
       --> stacks/ecommerce.toml:209:31
        |
    209 |   { name = "Quantity", type = "integr", warehouse = "quantity" },
        |                               ^^^^^^^^ not one of the allowed words
        |
        = hint: did you mean `integer`?
    error: `load` of the 2nd `pipeline.step` has no `function`
       --> stacks/ecommerce.toml:225:1
        |
    225 | load = { functions = "reader" }
        | ^^^^ `function` is missing
    error: unknown key `functions` in `load` of the 2nd `pipeline.step`
       --> stacks/ecommerce.toml:225:10
        |
    225 | load = { functions = "reader" }
        |          ^^^^^^^^^ unknown key
        |
        = hint: did you mean `function`?
    "#
    );
}

#[test]
fn a_region_that_does_not_fit_the_zones_is_told_with_the_zones() {
    let (folder, _) = copy_of_the_stack();
    insta::assert_snapshot!(run(folder.path(), &["--region", "eu-west-1", "validate"]).all(), @r#"
    exit 65
    error: the 1st of `network.zones`: zone `us-east-2a` is not in region `eu-west-1`
      --> stacks/ecommerce.toml:11:10
       |
    11 | zones = ["us-east-2a", "us-east-2b"]
       |          ^^^^^^^^^^^^
       |
       = hint: the region is that of `[stack]`, or the one that `--region` says instead
    error: the 2nd of `network.zones`: zone `us-east-2b` is not in region `eu-west-1`
      --> stacks/ecommerce.toml:11:24
       |
    11 | zones = ["us-east-2a", "us-east-2b"]
       |                        ^^^^^^^^^^^^
       |
       = hint: the region is that of `[stack]`, or the one that `--region` says instead
    "#);
    insta::assert_snapshot!(run(folder.path(), &["--region", "Ireland", "validate"]).all(), @r"
    exit 64
    error: `--region Ireland` is no AWS region
     |
     = hint: such as `us-east-2`
    ");
}

/// Adds a list of moves to the shipped stack.
#[track_caller]
fn moved(moves: &[(&str, &str)]) -> crate::support::Ran {
    let (folder, file) = copy_of_the_stack();
    let entry = |(from, to): &(&str, &str)| format!("\n[[moved]]\nfrom = \"{from}\"\nto = \"{to}\"\n");
    let text = std::fs::read_to_string(&file).unwrap() + &moves.iter().map(entry).collect::<String>();
    std::fs::write(&file, text).unwrap();
    run(folder.path(), &["validate"])
}

#[test]
fn a_table_may_move_in_several_steps() {
    moved(&[("mysql.b", "mysql.sales"), ("mysql.a", "mysql.b"), ("bucket.in", "bucket.input")]).exits(0);
}

#[test]
fn a_wrong_move_is_placed() {
    insta::assert_snapshot!(
        moved(&[
            ("mysql.orders", "mysql.sals"),
            ("bucket.output", "bucket.input"),
            ("bucket.old", "mysql.sales"),
            ("network.main", "bukket.input"),
        ]).exits(65).all(),
        @r#"
    exit 65
    error: `to` of the 1st `moved` refers to `mysql.sals`, which is not declared
       --> stacks/ecommerce.toml:257:6
        |
    257 | to = "mysql.sals"
        |      ^^^^^^^^^^^^ there is no `[mysql.sals]`
        |
        = hint: did you mean `sales`?
    error: `from` of the 2nd `moved`: `bucket.output` is still declared
       --> stacks/ecommerce.toml:260:8
        |
    260 | from = "bucket.output"
        |        ^^^^^^^^^^^^^^^
        |
        = hint: a table that has moved is no longer there under its old name
    error: `to` of the 3rd `moved`: `bucket.old` cannot become `mysql.sales`: a table keeps its kind
       --> stacks/ecommerce.toml:265:6
        |
    265 | to = "mysql.sales"
        |      ^^^^^^^^^^^^^
        |
        = hint: such as `bucket.sales`
    error: `from` of the 4th `moved`: `[network]` has no name of its own, so it cannot move
       --> stacks/ecommerce.toml:268:8
        |
    268 | from = "network.main"
        |        ^^^^^^^^^^^^^^
    error: `to` of the 4th `moved`: `bukket.input` names no table
       --> stacks/ecommerce.toml:269:6
        |
    269 | to = "bukket.input"
        |      ^^^^^^^^^^^^^^
        |
        = hint: did you mean `bucket.input`?
    "#
    );
}

#[test]
fn moves_in_a_circle_and_two_to_one_place_are_refused() {
    insta::assert_snapshot!(
        moved(&[
            ("mysql.a", "mysql.b"),
            ("mysql.b", "mysql.a"),
            ("bucket.a", "bucket.input"),
            ("bucket.a", "bucket.output"),
            ("bucket.b", "bucket.output"),
        ]).exits(65).all(),
        @r#"
    exit 65
    error: `from` of the 1st `moved`: `mysql.a` moves in a circle
       --> stacks/ecommerce.toml:256:8
        |
    256 | from = "mysql.a"
        |        ^^^^^^^^^
    error: `from` of the 2nd `moved`: `mysql.b` moves in a circle
       --> stacks/ecommerce.toml:260:8
        |
    260 | from = "mysql.b"
        |        ^^^^^^^^^
    error: `from` of the 4th `moved`: `bucket.a` has moved twice
       --> stacks/ecommerce.toml:268:8
        |
    268 | from = "bucket.a"
        |        ^^^^^^^^^^
    error: `to` of the 5th `moved`: two tables have moved to `bucket.output`
       --> stacks/ecommerce.toml:273:6
        |
    273 | to = "bucket.output"
        |      ^^^^^^^^^^^^^^^
        |
        = hint: for two renames in a row write both steps: from a to b, from b to c
    "#
    );
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
