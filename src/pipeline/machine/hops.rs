//! Staging and the warehouse: their rows counted and compared, and statements run.

use serde_json::{Value, json};

use super::names::{Names, output};
use super::states::Piece;

/// How long to wait between two looks at a statement of Redshift, in seconds.
const LOOK: u32 = 5;

/// Runs queries of Athena, one after the other.
pub(super) fn queries(piece: &mut Piece, names: &Names<'_>, queries: &[String]) {
    for (position, query) in queries.iter().enumerate() {
        let is_last = position + 1 == queries.len();
        let next = if is_last { piece.next() } else { piece.state(&(position + 2).to_string()) };
        let word = if position == 0 { String::new() } else { (position + 1).to_string() };
        piece.task(&word, "athena:startQueryExecution.sync", query_state(names, query, next));
    }
}

fn query_state(names: &Names<'_>, query: &str, next: String) -> Value {
    json!({
        "Parameters": { "QueryString": query, "WorkGroup": names.workgroup() },
        "ResultPath": "$.query", "Next": next,
    })
}

/// Counts the rows of staging and goes on to the state `next`.
fn count_staging(piece: &mut Piece, names: &Names<'_>, next: &str) {
    let (database, table) = (names.staging_database(), &names.pipeline.staging.table);
    let query = format!("SELECT COUNT(*) FROM \"{database}\".\"{table}\"");
    piece.task("", "athena:startQueryExecution.sync", query_state(names, &query, piece.state("rows of staging")));
    // The first row holds the names of the columns.
    let count = "States.StringToJson($.ResultSet.Rows[1].Data[0].VarCharValue)";
    let state = json!({
        "Parameters": { "QueryExecutionId.$": "$.query.QueryExecution.QueryExecutionId" },
        "ResultSelector": { "rows.$": count }, "ResultPath": "$.staging", "Next": piece.state(next),
    });
    piece.task("rows of staging", "athena:getQueryResults", state);
}

/// Staging must hold rows. What MySQL holds cannot be asked without a function inside the network.
pub(super) fn check_staging(piece: &mut Piece, names: &Names<'_>) {
    count_staging(piece, names, "compare");
    let some = json!({ "Variable": "$.staging.rows", "NumericGreaterThan": 0, "Next": piece.next() });
    piece.add("compare", json!({ "Type": "Choice", "Choices": [some], "Default": piece.state("failed") }));
    let (database, table) = (names.staging_database(), &names.pipeline.staging.table);
    piece.fail("StagingEmpty", &format!("staging, `{database}.{table}`, holds no rows"));
}

/// The warehouse must hold as many rows as staging.
pub(super) fn check_warehouse(piece: &mut Piece, names: &Names<'_>) {
    count_staging(piece, names, "ask Redshift");
    let table = &names.pipeline.warehouse.table;
    let count = format!("SELECT COUNT(*) FROM {table}");
    run(piece, names, "ask Redshift", &[count], piece.state("rows of Redshift"));
    let state = json!({
        "Parameters": { "Id.$": "$.statement.Id" }, "ResultSelector": { "rows.$": "$.Records[0][0].LongValue" },
        "ResultPath": "$.warehouse", "Next": piece.state("compare"),
    });
    piece.task("rows of Redshift", "aws-sdk:redshiftdata:getStatementResult", state);
    let same = json!({ "Variable": "$.warehouse.rows", "NumericEqualsPath": "$.staging.rows", "Next": piece.next() });
    piece.add("compare", json!({ "Type": "Choice", "Choices": [same], "Default": piece.state("failed") }));
    let staging = format!("{}.{}", names.staging_database(), names.pipeline.staging.table);
    let warehouse = format!("{}.{table}", names.warehouse_database());
    let cause = format!(
        "staging, `{staging}`, and Redshift, `{warehouse}`, hold different numbers of rows, or cannot be asked"
    );
    piece.fail("RowsDiffer", &cause);
}

/// Runs statements of Redshift as one transaction.
pub(super) fn statements(piece: &mut Piece, names: &Names<'_>, statements: &[String]) {
    run(piece, names, "", statements, piece.next());
    piece.fail("StatementFailed", "Redshift refused a statement; DescribeStatement of its id tells why");
}

/// Sends statements in the state `word` and waits for their end.
fn run(piece: &mut Piece, names: &Names<'_>, word: &str, statements: &[String], next: String) {
    let cluster = &names.pipeline.warehouse.cluster;
    let mut request = json!({
        "ClusterIdentifier": names.cluster(), "Database": names.warehouse_database(),
        "SecretArn": output("redshift", cluster, "secret_arn"),
    });
    let operation = match statements {
        [only] => {
            request["Sql"] = json!(only);
            "executeStatement"
        }
        several => {
            request["Sqls"] = json!(several);
            "batchExecuteStatement"
        }
    };
    let state = json!({ "Parameters": request, "ResultPath": "$.statement", "Next": piece.state("wait") });
    piece.task(word, &format!("aws-sdk:redshiftdata:{operation}"), state);
    piece.add("wait", json!({ "Type": "Wait", "Seconds": LOOK, "Next": piece.state("look") }));
    let state = json!({
        "Parameters": { "Id.$": "$.statement.Id" }, "ResultPath": "$.statement", "Next": piece.state("ended"),
    });
    piece.task("look", "aws-sdk:redshiftdata:describeStatement", state);
    let is =
        |value: &str, next: String| json!({ "Variable": "$.statement.Status", "StringEquals": value, "Next": next });
    let choices = [is("FINISHED", next), is("FAILED", piece.state("failed")), is("ABORTED", piece.state("failed"))];
    piece.add("ended", json!({ "Type": "Choice", "Choices": choices, "Default": piece.state("wait") }));
}
