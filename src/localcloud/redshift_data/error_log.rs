//! What went wrong with a load, said in the error and kept in `sys_load_error_detail`.

use super::run::Session;
use crate::localcloud::engine::postgres;

/// A line that could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadLine {
    /// `s3://bucket/key`.
    pub(super) file: String,
    /// Counted from 1, header included.
    pub(super) line: u64,
    /// The column, if one is to blame.
    pub(super) column: String,
    /// Its type.
    pub(super) kind: String,
    /// Redshift's number of the error.
    pub(super) code: i32,
    /// What is wrong.
    pub(super) reason: String,
}

/// Notes a bad line and returns the error of the statement.
pub(super) async fn report(session: &Session<'_>, table: &str, bad: &BadLine) -> String {
    if let Err(error) = note(session, table, bad).await {
        tracing::warn!(%error, "could not note a load error");
    }
    let column = if bad.column.is_empty() { String::new() } else { format!(", column {}", bad.column) };
    format!(
        "ERROR: Load into table '{table}' failed.  Check 'sys_load_error_detail' system table for details. [{} line \
         {}{column}: {}]",
        bad.file, bad.line, bad.reason
    )
}

/// In a connection of its own: the transaction of the load is rolled back.
async fn note(session: &Session<'_>, table: &str, bad: &BadLine) -> Result<(), tokio_postgres::Error> {
    let client = postgres::connect(session.door.port, &session.door.admin_password, &session.order.database).await?;
    let line = i64::try_from(bad.line).unwrap_or(i64::MAX);
    let number = i64::try_from(session.number).unwrap_or(i64::MAX);
    let statement = "INSERT INTO pg_catalog.sys_load_error_detail
        (query_id, table_id, start_time, file_name, line_number, column_name, column_type, error_code, error_message)
        VALUES ($1, to_regclass($2)::oid::integer, now() AT TIME ZONE 'UTC', left($3, 256), $4, left($5, 127), \
        left($6, 64), $7, left($8, 512))";
    client
        .execute(statement, &[&number, &table, &bad.file, &line, &bad.column, &bad.kind, &bad.code, &bad.reason])
        .await
        .map(|_| ())
}
