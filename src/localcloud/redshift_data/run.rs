//! Runs the statements.

use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::results::{Column, MOST_BYTES, ResultSet};
use super::service::Inner;
use super::statements::{Order, Statement as Known, Status, User};
use super::{load, unload};
use crate::localcloud::Context;
use crate::localcloud::engine::postgres::{self, quoted_name};
use crate::localcloud::master_secret::Login;
use crate::localcloud::redshift::Door;
use crate::localcloud::redshift::sql::{Statement, translate};

/// The database user of the identity that signs requests.
const IDENTITY: &str = "IAM:local";

/// Everything that one statement runs with.
pub(super) struct Session<'a> {
    pub(super) context: &'a Context,
    pub(super) door: &'a Door,
    pub(super) order: &'a Order,
    pub(super) client: &'a Client,
    /// Who runs it, for messages.
    pub(super) user: String,
    /// The number of the statement, as Redshift numbers queries.
    pub(super) number: u64,
}

/// What one SQL text gave.
struct Outcome {
    rows: i64,
    result: Option<ResultSet>,
}

impl Inner {
    /// Runs a statement to its end and notes what came of it.
    pub(super) async fn run(self: &Arc<Self>, id: &str, door: Door, login: Option<Login>) {
        let Some(known) = self.statements().get(id).cloned() else { return };
        self.statements().update(id, |statement| statement.status = Status::Started);
        let client = match connect(&known.order, &door, login.as_ref()).await {
            Ok(client) => client,
            Err(message) => return self.fail(id, 0, message),
        };
        self.statements().can_cancel(id, client.cancel_token());
        let user = match (&login, &known.order.user) {
            (Some(login), _) => login.username.clone(),
            (None, User::Database(user)) => user.clone(),
            (None, _) => IDENTITY.to_owned(),
        };
        let number = known.number;
        let session =
            Session { context: &self.context, door: &door, order: &known.order, client: &client, user, number };
        match self.run_parts(&known, &session).await {
            Ok(()) => self.statements().update(id, |statement| statement.status = Status::Finished),
            Err((place, message)) => self.fail(id, place, message),
        }
    }

    /// Runs the parts in order; those of a batch are one transaction.
    async fn run_parts(&self, known: &Known, session: &Session<'_>) -> Result<(), (usize, String)> {
        let control = async |statement: &str| {
            let done = if known.order.is_batch { session.client.batch_execute(statement).await } else { Ok(()) };
            done.map_err(|error| (known.parts.len() - 1, postgres::message(&error)))
        };
        control("BEGIN").await?;
        for (place, part) in known.parts.iter().enumerate() {
            let begun = Instant::now();
            self.statements().update(&known.id, |statement| statement.parts[place].status = Status::Started);
            let outcome = run_text(session, &part.text).await.map_err(|message| (place, message))?;
            self.statements().update(&known.id, |statement| {
                let part = &mut statement.parts[place];
                part.status = Status::Finished;
                part.rows = outcome.rows;
                part.result = outcome.result;
                part.took = begun.elapsed();
                part.updated = jiff::Timestamp::now();
            });
        }
        control("COMMIT").await
    }

    fn fail(&self, id: &str, place: usize, message: String) {
        self.statements().update(id, |statement| {
            for (other, part) in statement.parts.iter_mut().enumerate() {
                // What came before is rolled back, what comes after is not begun.
                part.status = if other == place { Status::Failed } else { Status::Aborted };
                part.result = None;
                part.updated = jiff::Timestamp::now();
            }
            statement.parts[place].error = Some(message.clone());
            statement.error = Some(message);
            statement.status = Status::Failed;
        });
    }
}

/// Connects as the user of the order.
async fn connect(order: &Order, door: &Door, login: Option<&Login>) -> Result<Client, String> {
    let said = |error: tokio_postgres::Error| postgres::message(&error).replacen("ERROR:", "FATAL:", 1);
    if let Some(login) = login {
        let connected = postgres::connect_as(door.port, &login.username, &login.password, &order.database).await;
        return connected.map_err(said);
    }
    let client = postgres::connect(door.port, &door.admin_password, &order.database).await.map_err(said)?;
    let user = match &order.user {
        User::Database(user) => user.as_str(),
        User::Secret(_) | User::Identity => IDENTITY,
    };
    let found = client.query_opt("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&user]).await.map_err(said)?;
    if found.is_none() {
        if user != IDENTITY {
            return Err(format!("FATAL: user \"{user}\" does not exist"));
        }
        // Redshift makes the user of an identity when it first comes.
        let create = format!("CREATE ROLE {}", quoted_name(user));
        if let Err(error) = client.batch_execute(&create).await {
            tracing::debug!(%error, "the user of the identity came to be meanwhile");
        }
    }
    let become_user = format!("SET SESSION AUTHORIZATION {}", quoted_name(user));
    client.batch_execute(&become_user).await.map_err(said)?;
    Ok(client)
}

async fn run_text(session: &Session<'_>, text: &str) -> Result<Outcome, String> {
    let without_result = |rows: u64| Outcome { rows: i64::try_from(rows).unwrap_or(i64::MAX), result: None };
    match translate(text, &session.order.parameters_of(text)).map_err(|error| error.to_string())? {
        Statement::Plain(sql) => run_plain(session.client, &sql).await,
        Statement::Copy(copy) => load::copy(session, &copy).await.map(without_result),
        Statement::Unload(unload) => unload::unload(session, &unload).await.map(without_result),
        Statement::Nothing => Ok(without_result(0)),
    }
}

/// Runs SQL; values come as text, so that decimals keep every digit.
async fn run_plain(client: &Client, sql: &str) -> Result<Outcome, String> {
    let said = |error: tokio_postgres::Error| postgres::message(&error);
    let prepared = client.prepare(sql).await.map_err(said)?;
    let columns: Vec<Column> = prepared.columns().iter().map(Column::of).collect();
    let mut result = ResultSet { columns, ..ResultSet::default() };
    let mut affected = 0;
    let mut messages = std::pin::pin!(client.simple_query_raw(sql).await.map_err(said)?);
    while let Some(message) = messages.next().await {
        match message.map_err(said)? {
            SimpleQueryMessage::Row(row) => {
                let values: Vec<Option<String>> = (0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect();
                result.bytes += values.iter().flatten().map(String::len).sum::<usize>();
                result.rows.push(values);
            }
            SimpleQueryMessage::CommandComplete(rows) => affected = rows,
            _ => {}
        }
        if result.bytes > MOST_BYTES {
            return Err("ERROR: the result is larger than the 100 MB that the Data API keeps".to_owned());
        }
    }
    let rows = i64::try_from(affected).unwrap_or(i64::MAX);
    if result.columns.is_empty() {
        return Ok(Outcome { rows, result: None });
    }
    Ok(Outcome { rows: i64::try_from(result.rows.len()).unwrap_or(i64::MAX), result: Some(result) })
}
