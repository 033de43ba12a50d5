//! Redshift over the Data API: no network path to the cluster is needed, only permission.

use std::time::Duration;

use aws_sdk_redshiftdata::types::{Field, StatusString};

use super::error::shorten;
use super::{Row, SqlError};
use crate::aws::{AwsError, Clients, Sorted};
use crate::wait::{Backoff, Probe, WaitError, until};

const LIMIT: Duration = Duration::from_secs(900);

/// A database of a cluster.
#[derive(Debug, Clone)]
pub struct Redshift {
    /// The clients.
    pub clients: Clients,
    /// The cluster's identifier.
    pub cluster: String,
    /// The database.
    pub database: String,
    /// The secret with user and password.
    pub secret_arn: String,
}

impl Redshift {
    /// Runs one statement and drops its rows.
    ///
    /// # Errors
    /// If it fails or does not end in time.
    pub async fn execute(&self, statement: &str) -> Result<(), SqlError> {
        self.run(statement).await.map(drop)
    }

    /// Runs statements as one transaction.
    ///
    /// # Errors
    /// If one of them fails, and then none has happened; or if they do not end in time.
    pub async fn transaction(&self, statements: &[String]) -> Result<(), SqlError> {
        const OPERATION: &str = "redshift-data:BatchExecuteStatement";
        // The batch takes one or more.
        if statements.is_empty() {
            return Ok(());
        }
        let call = self
            .clients
            .redshift_data
            .batch_execute_statement()
            .cluster_identifier(&self.cluster)
            .database(&self.database)
            .secret_arn(&self.secret_arn)
            .set_sqls(Some(statements.to_vec()));
        let id = call.send().await.named(OPERATION)?.id.ok_or_else(|| AwsError::incomplete(OPERATION, "id"))?;
        self.end(&id, &statements.join("; ")).await
    }

    /// Runs one query and returns its rows as text.
    ///
    /// # Errors
    /// If it fails or does not end in time.
    pub async fn query(&self, statement: &str) -> Result<Vec<Row>, SqlError> {
        let id = self.run(statement).await?;
        let call = self.clients.redshift_data.get_statement_result().id(id);
        let mut pages = call.into_paginator().items().send();
        let mut rows = vec![];
        while let Some(record) = pages.next().await {
            rows.push(record.named("redshift-data:GetStatementResult")?.into_iter().map(text).collect());
        }
        Ok(rows)
    }

    async fn run(&self, statement: &str) -> Result<String, SqlError> {
        const OPERATION: &str = "redshift-data:ExecuteStatement";
        let call = self
            .clients
            .redshift_data
            .execute_statement()
            .cluster_identifier(&self.cluster)
            .database(&self.database)
            .secret_arn(&self.secret_arn)
            .sql(statement);
        let id = call.send().await.named(OPERATION)?.id.ok_or_else(|| AwsError::incomplete(OPERATION, "id"))?;
        self.end(&id, statement).await?;
        Ok(id)
    }

    /// Waits for the end of what was sent.
    async fn end(&self, id: &str, statement: &str) -> Result<(), SqlError> {
        let backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
        let ended = until(LIMIT, backoff, || self.look(id)).await;
        ended.map_err(|error| match error {
            WaitError::Failed(message) => {
                SqlError::Statement { database: "Redshift", statement: shorten(statement), message }
            }
            WaitError::TimedOut { limit, .. } => {
                SqlError::TimedOut { database: "Redshift", statement: shorten(statement), limit }
            }
            WaitError::Look(error) => error.into(),
        })
    }

    async fn look(&self, id: &str) -> Result<Probe<()>, AwsError> {
        let call = self.clients.redshift_data.describe_statement().id(id);
        let answer = call.send().await.named("redshift-data:DescribeStatement")?;
        Ok(match answer.status {
            Some(StatusString::Finished) => Probe::Ready(()),
            Some(StatusString::Failed | StatusString::Aborted) => {
                Probe::Failed(answer.error.unwrap_or_else(|| "no reason was given".into()))
            }
            status => Probe::Pending(status.map(|status| status.as_str().to_owned()).unwrap_or_default()),
        })
    }
}

fn text(field: Field) -> Option<String> {
    match field {
        Field::StringValue(text) => Some(text),
        Field::LongValue(number) => Some(number.to_string()),
        Field::DoubleValue(number) => Some(number.to_string()),
        Field::BooleanValue(value) => Some(value.to_string()),
        _ => None,
    }
}
