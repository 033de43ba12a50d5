//! Profiles of the three databases.

use super::Profile;
use super::dialect::Dialect;
use crate::pipeline::hop::{Answer, Hop};
use crate::pipeline::{PipelineError, StepCx};

/// Measures the rows of some loads, or of all finished loads.
///
/// # Errors
/// If the query fails.
pub(crate) async fn of_mysql(cx: &StepCx<'_>, loads: Option<&[u64]>) -> Result<Profile, PipelineError> {
    let hop = &cx.pipeline.mysql;
    let condition = match loads {
        Some(ids) => {
            let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
            format!(" WHERE LoadId IN ({})", ids.join(", "))
        }
        None => format!(" WHERE LoadId IN (SELECT LoadId FROM `{}` WHERE State = 'loaded')", hop.load_log),
    };
    let query = Dialect::Mysql.query(cx.pipeline, &format!("`{}`", hop.table), &condition);
    read(cx, "MySQL", &Hop::Mysql.query(cx, &query).await?)
}

/// Measures the warehouse table.
///
/// # Errors
/// If the query fails.
pub(crate) async fn of_warehouse(cx: &StepCx<'_>) -> Result<Profile, PipelineError> {
    let query = Dialect::Redshift.query(cx.pipeline, &cx.pipeline.warehouse.table, "");
    read(cx, "Redshift", &Hop::Warehouse.query(cx, &query).await?)
}

/// Measures the staging files through Athena, and returns how many bytes that read.
///
/// # Errors
/// If the query fails or does not end in time.
pub(crate) async fn of_staging(cx: &StepCx<'_>) -> Result<(Profile, Option<u64>), PipelineError> {
    let hop = &cx.pipeline.staging;
    let database = cx.output("database", &hop.database, "name")?;
    let query = Dialect::Athena.query(cx.pipeline, &format!("\"{database}\".\"{}\"", hop.table), "");
    let answer = Hop::Staging.query(cx, &query).await?;
    Ok((read(cx, "staging", &answer)?, answer.scanned_bytes))
}

fn read(cx: &StepCx<'_>, what: &str, answer: &Answer) -> Result<Profile, PipelineError> {
    let profile = answer.rows.first().and_then(|row| Profile::from_row(cx.pipeline, row));
    profile.ok_or_else(|| PipelineError::Ended {
        what: format!("the profile of {what}"),
        state: "unreadable".into(),
        why: format!("unexpected answer {:?}", answer.rows),
        log: None,
    })
}
