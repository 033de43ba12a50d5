//! Profiles of the three databases.

use std::time::Duration;

use aws_sdk_athena::types::{QueryExecutionState, QueryExecutionStatus};

use super::Profile;
use super::dialect::Dialect;
use crate::aws::{AwsError, Sorted};
use crate::kinds::mysql::Mysql as MysqlKind;
use crate::pipeline::{PipelineError, StepCx, warehouse};
use crate::sql::{self, Mysql, MysqlTarget, Row};
use crate::wait::{Backoff, Probe, until};

/// How long Athena may take.
const LIMIT: Duration = Duration::from_secs(900);

/// Connects to the MySQL server of the pipeline.
///
/// # Errors
/// If it does not exist or cannot be reached.
pub(crate) async fn connect_mysql(cx: &StepCx<'_>) -> Result<Mysql, PipelineError> {
    let server = &cx.pipeline.mysql.server;
    let output = |name: &str| cx.output("mysql", server, name);
    let declared = cx.stack.declared.get::<MysqlKind>(server);
    let authorities = declared.and_then(|server| server.certificate_authorities.as_ref());
    let target = MysqlTarget {
        host: output("endpoint")?,
        port: output("port")?.parse().unwrap_or_default(),
        credentials: sql::fetch_credentials(&cx.cx.aws, &output("secret_arn")?).await?,
        database: declared.map(|server| server.database.clone()),
        certificate_authorities: authorities.map(|file| cx.stack.declared.path(file)),
    };
    Ok(Mysql::connect(&target).await?)
}

/// Measures the rows of one load, or of all finished loads.
///
/// # Errors
/// If the query fails.
pub(crate) async fn of_mysql(cx: &StepCx<'_>, load: Option<u64>) -> Result<Profile, PipelineError> {
    let hop = &cx.pipeline.mysql;
    let condition = match load {
        Some(id) => format!(" WHERE LoadId = {id}"),
        None => format!(" WHERE LoadId IN (SELECT LoadId FROM `{}` WHERE State = 'loaded')", hop.load_log),
    };
    let query = Dialect::Mysql.query(cx.pipeline, &format!("`{}`", hop.table), &condition);
    let mut mysql = connect_mysql(cx).await?;
    let rows = mysql.query(&query).await?;
    mysql.close().await;
    read(cx, "MySQL", &rows)
}

/// Measures the warehouse table.
///
/// # Errors
/// If the query fails.
pub(crate) async fn of_warehouse(cx: &StepCx<'_>) -> Result<Profile, PipelineError> {
    let query = Dialect::Redshift.query(cx.pipeline, &cx.pipeline.warehouse.table, "");
    let rows = warehouse(cx.cx, cx.pipeline)?.query(&query).await?;
    read(cx, "Redshift", &rows)
}

/// Measures the staging files through Athena.
///
/// # Errors
/// If the query fails or does not end in time.
pub(crate) async fn of_staging(cx: &StepCx<'_>) -> Result<Profile, PipelineError> {
    let hop = &cx.pipeline.staging;
    let database = cx.output("database", &hop.database, "name")?;
    let query = Dialect::Athena.query(cx.pipeline, &format!("\"{database}\".\"{}\"", hop.table), "");
    let call = cx.cx.aws.athena.start_query_execution().query_string(query);
    let call = call.work_group(cx.output("workgroup", &hop.workgroup, "name")?);
    let id = call.send().await.named("athena:StartQueryExecution")?.query_execution_id;
    let id = id.ok_or_else(|| AwsError::incomplete("athena:StartQueryExecution", "query id"))?;
    let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    let ended = until(LIMIT, backoff, || look(cx, &id)).await;
    ended.map_err(|error| PipelineError::of_wait(error, "the Athena query", None))?;
    let answer = cx.cx.aws.athena.get_query_results().query_execution_id(&id).send().await;
    let set = answer.named("athena:GetQueryResults")?.result_set;
    // The first row holds the names of the columns.
    let rows = set.and_then(|set| set.rows).unwrap_or_default().into_iter().skip(1);
    let text = |row: aws_sdk_athena::types::Row| {
        row.data.unwrap_or_default().into_iter().map(|datum| datum.var_char_value).collect::<Row>()
    };
    read(cx, "staging", &rows.map(text).collect::<Vec<_>>())
}

async fn look(cx: &StepCx<'_>, id: &str) -> Result<Probe<()>, PipelineError> {
    let answer = cx.cx.aws.athena.get_query_execution().query_execution_id(id).send().await;
    let status = answer.named("athena:GetQueryExecution")?.query_execution.and_then(|query| query.status);
    let Some(QueryExecutionStatus { state: Some(state), state_change_reason, .. }) = status else {
        return Ok(Probe::Pending("unknown".into()));
    };
    Ok(match state {
        QueryExecutionState::Succeeded => Probe::Ready(()),
        QueryExecutionState::Failed | QueryExecutionState::Cancelled => {
            Probe::Failed(state_change_reason.unwrap_or_else(|| "no reason was given".into()))
        }
        state => Probe::Pending(state.as_str().to_owned()),
    })
}

fn read(cx: &StepCx<'_>, what: &str, rows: &[Row]) -> Result<Profile, PipelineError> {
    let profile = rows.first().and_then(|row| Profile::from_row(cx.pipeline, row));
    profile.ok_or_else(|| PipelineError::Ended {
        what: format!("the profile of {what}"),
        state: "unreadable".into(),
        why: format!("unexpected answer {rows:?}"),
        log: None,
    })
}
