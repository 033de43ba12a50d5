//! The three databases of a pipeline, asked in their own SQL.

use std::time::Duration;

use aws_sdk_athena::types::{QueryExecution, QueryExecutionState};
use serde::Deserialize;

use super::{Dataset, PipelineError, StepCx, warehouse};
use crate::aws::{AwsError, Sorted};
use crate::kinds::mysql::Mysql as MysqlKind;
use crate::sql::{self, Mysql, MysqlTarget, Row};
use crate::wait::{Backoff, Probe, until};

/// How long Athena may take.
const LIMIT: Duration = Duration::from_secs(900);

/// A place that can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Hop {
    /// The MySQL server.
    Mysql,
    /// The staging files, through Athena.
    Staging,
    /// The Redshift cluster, through the Data API.
    Warehouse,
}

/// What a query returned.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// The rows, as text.
    pub rows: Vec<Row>,
    /// What Athena read for it, in bytes; that is what is billed.
    pub scanned_bytes: Option<u64>,
}

impl Hop {
    pub(crate) fn dataset(self) -> Dataset {
        match self {
            Self::Mysql => Dataset::MYSQL,
            Self::Staging => Dataset::STAGING,
            Self::Warehouse => Dataset::WAREHOUSE,
        }
    }

    /// Returns what must be there before it can be asked.
    pub(crate) fn reads(self) -> Vec<Dataset> {
        match self {
            Self::Staging => vec![Dataset::STAGING, Dataset::STAGING_TABLE],
            other => vec![other.dataset()],
        }
    }

    /// Runs one query.
    ///
    /// # Errors
    /// If it fails or does not end in time.
    pub(crate) async fn query(self, cx: &StepCx<'_>, statement: &str) -> Result<Answer, PipelineError> {
        match self {
            Self::Mysql => {
                let mut mysql = connect_mysql(cx).await?;
                let rows = mysql.query(statement).await;
                mysql.close().await;
                Ok(Answer { rows: rows?, scanned_bytes: None })
            }
            Self::Staging => athena(cx, statement).await,
            Self::Warehouse => {
                let rows = warehouse(cx.cx, cx.pipeline)?.query(statement).await?;
                Ok(Answer { rows, scanned_bytes: None })
            }
        }
    }
}

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

/// Runs a query in the pipeline's workgroup.
async fn athena(cx: &StepCx<'_>, statement: &str) -> Result<Answer, PipelineError> {
    let hop = &cx.pipeline.staging;
    let call = cx.cx.aws.athena.start_query_execution().query_string(statement);
    let call = call.work_group(cx.output("workgroup", &hop.workgroup, "name")?);
    let id = call.send().await.named("athena:StartQueryExecution")?.query_execution_id;
    let id = id.ok_or_else(|| AwsError::incomplete("athena:StartQueryExecution", "query id"))?;
    let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    let ended = until(LIMIT, backoff, || look(cx, &id)).await;
    let execution = ended.map_err(|error| PipelineError::of_wait(error, "the Athena query", None))?;
    let bytes = execution.statistics.and_then(|statistics| statistics.data_scanned_in_bytes);
    let mut pages = cx.cx.aws.athena.get_query_results().query_execution_id(&id).into_paginator().send();
    let mut rows: Vec<Row> = vec![];
    while let Some(page) = pages.next().await {
        let set = page.named("athena:GetQueryResults")?.result_set;
        let text = |row: aws_sdk_athena::types::Row| {
            row.data.unwrap_or_default().into_iter().map(|datum| datum.var_char_value).collect::<Row>()
        };
        rows.extend(set.and_then(|set| set.rows).unwrap_or_default().into_iter().map(text));
    }
    // The first row of the first page holds the names of the columns.
    let rows = rows.into_iter().skip(1).collect();
    Ok(Answer { rows, scanned_bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()) })
}

async fn look(cx: &StepCx<'_>, id: &str) -> Result<Probe<QueryExecution>, PipelineError> {
    let answer = cx.cx.aws.athena.get_query_execution().query_execution_id(id).send().await;
    let Some(query) = answer.named("athena:GetQueryExecution")?.query_execution else {
        return Ok(Probe::Pending("unknown".into()));
    };
    let status = query.status.clone();
    let (state, reason) = status.map_or((None, None), |status| (status.state, status.state_change_reason));
    Ok(match state {
        Some(QueryExecutionState::Succeeded) => Probe::Ready(query),
        Some(QueryExecutionState::Failed | QueryExecutionState::Cancelled) => {
            Probe::Failed(reason.unwrap_or_else(|| "no reason was given".into()))
        }
        state => Probe::Pending(state.map_or("unknown".to_owned(), |state| state.as_str().to_owned())),
    })
}
