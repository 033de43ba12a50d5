//! One statement: planned over the catalog, run, and written row by row.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::config::Dialect;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;
use futures::StreamExt;
use serde_json::Value;

use super::catalog::GlueCatalogs;
use super::{columns, failure, functions, render};
use crate::localcloud::athena::results::Writer;
use crate::localcloud::cloud::Context;

/// The catalog that Glue's databases are in.
pub(in crate::localcloud::athena) const CATALOG: &str = "awsdatacatalog";

/// What is asked, and where unqualified names are looked up.
pub(in crate::localcloud::athena) struct Question<'a> {
    pub(in crate::localcloud::athena) sql: &'a str,
    pub(in crate::localcloud::athena) catalog: &'a str,
    pub(in crate::localcloud::athena) database: &'a str,
}

/// What a finished statement leaves beside its rows.
pub(in crate::localcloud::athena) struct Answered {
    pub(in crate::localcloud::athena) columns: Vec<Value>,
    pub(in crate::localcloud::athena) scanned_bytes: u64,
}

/// Runs a statement; the error is what Athena would give as the reason.
pub(in crate::localcloud::athena) async fn answer(
    question: &Question<'_>,
    context: &Context,
    region: &str,
    writer: &mut Writer,
) -> Result<Answered, String> {
    let scanned = Arc::new(AtomicU64::new(0));
    let catalogs = GlueCatalogs::open(context, region, Arc::clone(&scanned)).await;
    let session = session(question, catalogs);
    let state = session.state();
    let mut statement =
        state.sql_to_statement(question.sql, &Dialect::Generic).map_err(|error| failure::planning(&error))?;
    check(&statement)?;
    columns::name(&mut statement);
    let plan = state.statement_to_plan(statement).await.map_err(|error| failure::planning(&error))?;
    let frame = session.execute_logical_plan(plan).await.map_err(|error| failure::planning(&error))?;
    let mut stream = frame.execute_stream().await.map_err(|error| failure::running(&error))?;
    let schema = stream.schema();
    let write = |error: std::io::Error| format!("INTERNAL_ERROR: {error}");
    let names: Vec<Option<String>> = schema.fields().iter().map(|field| Some(field.name().clone())).collect();
    writer.row(&names).map_err(write)?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| failure::running(&error))?;
        let cells = render::Columns::of(&batch).map_err(|error| failure::running(&error))?;
        for row in 0..batch.num_rows() {
            writer.row(&cells.row(row)).map_err(write)?;
        }
    }
    Ok(Answered { columns: columns::describe(&schema), scanned_bytes: scanned.load(Ordering::Relaxed) })
}

fn session(question: &Question<'_>, catalogs: GlueCatalogs) -> SessionContext {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema(question.catalog, question.database)
        .with_create_default_catalog_and_schema(false);
    // Text stays plain `Utf8`, which is what the functions of this room are written for.
    config.options_mut().sql_parser.map_string_types_to_utf8view = false;
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_default_features()
        .with_catalog_list(Arc::new(catalogs))
        .build();
    let session = SessionContext::new_with_state(state);
    for function in functions::all() {
        session.register_udf(function);
    }
    session
}

/// Lets only questions pass: nothing here writes to the catalog or the buckets.
fn check(statement: &Statement) -> Result<(), String> {
    let passes = match statement {
        Statement::Statement(statement) => matches!(**statement, ast::Statement::Query(_)),
        _ => false,
    };
    match passes {
        true => Ok(()),
        false => Err("NOT_SUPPORTED: the local Athena runs SELECT statements only".to_owned()),
    }
}
