//! The door of the Data API.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::describe::{accepted, described, listed};
use super::request::{Refusal, identifier, order};
use super::statements::{Order, Statement, Statements, Status, User};
use crate::localcloud::engine::uuid;
use crate::localcloud::master_secret;
use crate::localcloud::redshift::sql::{SqlError, translate};
use crate::localcloud::redshift::{Closed, Warehouse};
use crate::localcloud::service::Service;
use crate::localcloud::{Call, Context, Reply};

const POLL: Duration = Duration::from_millis(20);

/// The Redshift Data API.
pub(crate) struct RedshiftData {
    inner: Arc<Inner>,
}

/// What requests and running statements share.
pub(super) struct Inner {
    pub(super) context: Context,
    pub(super) warehouse: Warehouse,
    statements: Mutex<Statements>,
}

impl RedshiftData {
    /// Opens the door to the clusters.
    pub(crate) fn new(context: &Context, warehouse: Warehouse) -> Self {
        let statements = Mutex::new(Statements::default());
        Self { inner: Arc::new(Inner { context: context.clone(), warehouse, statements }) }
    }
}

impl Inner {
    /// Returns the statements, locked.
    pub(super) fn statements(&self) -> MutexGuard<'_, Statements> {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn execute(self: &Arc<Self>, call: &Call) -> Result<Value, Refusal> {
        let order = order(call)?;
        check_texts(&order)?;
        if let Some(token) = &order.client_token
            && let Some(known) = self.statements().with_token(token)
        {
            return Ok(accepted(known));
        }
        let door = self.warehouse.door(&order.region, &order.cluster).await.map_err(|closed| match closed {
            Closed::Missing => Refusal::validation("Redshift endpoint doesn't exist in this region."),
            Closed::NotAvailable => {
                Refusal::validation(format!("Cluster {} is not available; it may be paused.", order.cluster))
            }
        })?;
        let login = match &order.user {
            User::Secret(arn) => {
                let found = master_secret::read(&self.context, &order.region, arn).await;
                Some(found.map_err(|error| Refusal::validation(error.to_string()))?)
            }
            User::Database(_) | User::Identity => None,
        };
        let statement = self.statements().add(uuid(), order);
        let (inner, id) = (Arc::clone(self), statement.id.clone());
        tokio::spawn(async move { inner.run(&id, door, login).await });
        self.wait(&statement.id, &call.json()).await;
        Ok(accepted(&statement))
    }

    /// Waits until a statement is over, as long as the request allows.
    async fn wait(&self, id: &str, request: &Value) {
        let limit = Duration::from_secs(request["WaitTimeSeconds"].as_u64().unwrap_or(0).min(30));
        let begun = Instant::now();
        while begun.elapsed() < limit && self.statements().get(id).is_some_and(|found| !found.status.is_final()) {
            tokio::time::sleep(POLL).await;
        }
    }

    fn find<R>(&self, id: &str, look: impl FnOnce(&Statement) -> R) -> Result<R, Refusal> {
        self.statements().get(id).map(look).ok_or_else(|| Refusal::not_found("Query does not exist."))
    }

    async fn describe(&self, call: &Call) -> Result<Value, Refusal> {
        let (id, _) = identifier(&call.json())?;
        self.wait(&id, &call.json()).await;
        self.find(&id, described)
    }

    async fn result(&self, call: &Call) -> Result<Value, Refusal> {
        let request = call.json();
        let (id, part) = identifier(&request)?;
        self.wait(&id, &request).await;
        let bad_token = || Refusal::validation("NextToken is not valid.");
        let start = match request["NextToken"].as_str() {
            Some(token) => token.parse::<usize>().map_err(|_| bad_token())?,
            None => 0,
        };
        self.find(&id, |statement| {
            let done = statement.parts.get(part - 1).filter(|_| statement.status == Status::Finished);
            let result = done.and_then(|part| part.result.as_ref());
            let none = "Query does not have result. Please check query status with DescribeStatement.";
            let result = result.ok_or_else(|| Refusal::not_found(none))?;
            let (records, next) = result.page(start);
            let metadata: Vec<Value> = result.columns.iter().map(super::results::Column::metadata).collect();
            let mut answer =
                json!({ "Records": records, "ColumnMetadata": metadata, "TotalNumRows": result.rows.len() });
            if let Some(next) = next {
                answer["NextToken"] = json!(next.to_string());
            }
            Ok(answer)
        })?
    }

    fn list(&self, call: &Call) -> Result<Value, Refusal> {
        let request = call.json();
        let status = request["Status"].as_str().unwrap_or("ALL");
        let most = request["MaxResults"].as_u64().filter(|most| *most > 0).map_or(100, |most| most.min(100));
        let most = usize::try_from(most).unwrap_or(100);
        let before = request["NextToken"].as_str().and_then(|token| token.parse::<u64>().ok()).unwrap_or(u64::MAX);
        let statements = self.statements();
        let wanted = statements.newest_first(&call.region).into_iter().filter(|statement| {
            let name = request["StatementName"].as_str();
            statement.number < before
                && (status == "ALL" || statement.status.word() == status)
                && name.is_none_or(|name| statement.order.name.as_deref().is_some_and(|it| it.starts_with(name)))
                && request["Database"].as_str().is_none_or(|database| database == statement.order.database)
                && request["ClusterIdentifier"].as_str().is_none_or(|cluster| cluster == statement.order.cluster)
        });
        let found: Vec<&Statement> = wanted.collect();
        let mut answer = json!({ "Statements": found.iter().take(most).map(|it| listed(it)).collect::<Vec<_>>() });
        if found.len() > most {
            answer["NextToken"] = json!(found[most - 1].number.to_string());
        }
        Ok(answer)
    }

    async fn cancel(&self, call: &Call) -> Result<Value, Refusal> {
        let (id, _) = identifier(&call.json())?;
        let status = self.find(&id, |statement| statement.status)?;
        if status.is_final() {
            return Err(Refusal::validation(format!(
                "Could not cancel a query that is already in {} state.",
                status.word()
            )));
        }
        let token = self.statements().take_cancel(&id);
        self.statements().update(&id, |statement| {
            statement.status = Status::Aborted;
            statement.parts.iter_mut().for_each(|part| part.status = Status::Aborted);
        });
        if let Some(token) = token
            && let Err(error) = token.cancel_query(tokio_postgres::NoTls).await
        {
            tracing::warn!(id, %error, "could not cancel a statement");
        }
        Ok(json!({ "Status": true }))
    }
}

/// Refuses at once what AWS refuses before it runs anything.
fn check_texts(order: &Order) -> Result<(), Refusal> {
    for text in &order.texts {
        // What else is wrong with it, the statement itself will tell.
        if let Err(error @ (SqlError::Several | SqlError::Empty | SqlError::Parameter(_))) =
            translate(text, &order.parameters_of(text))
        {
            return Err(Refusal::validation(error.to_string()));
        }
    }
    Ok(())
}

#[async_trait]
impl Service for RedshiftData {
    fn signing_names(&self) -> &'static [&'static str] {
        &["redshift-data"]
    }

    async fn handle(&self, call: Call) -> Reply {
        let inner = &self.inner;
        let answer = match call.operation.as_str() {
            "ExecuteStatement" | "BatchExecuteStatement" => inner.execute(&call).await,
            "DescribeStatement" => inner.describe(&call).await,
            "GetStatementResult" => inner.result(&call).await,
            "ListStatements" => inner.list(&call),
            "CancelStatement" => inner.cancel(&call).await,
            other => Err(Refusal::validation(format!("the local cloud's Data API has no operation {other}"))),
        };
        match answer {
            Ok(answer) => Reply::json(&answer),
            Err(refusal) => refusal.reply(),
        }
    }
}
