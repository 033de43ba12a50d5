//! The statements that were sent, in memory: AWS too forgets them after a day.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio_postgres::CancelToken;

use super::results::ResultSet;

/// How long a statement can be asked for.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// How far a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Submitted,
    Started,
    Finished,
    Failed,
    Aborted,
}

impl Status {
    /// Returns the word on the wire.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Started => "STARTED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Aborted => "ABORTED",
        }
    }

    /// Returns whether nothing more will happen.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Aborted)
    }
}

/// Who runs a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum User {
    /// User and password are in a secret.
    Secret(String),
    /// A database user, for whom AWS makes temporary credentials.
    Database(String),
    /// The identity that signed the request.
    Identity,
}

/// What was asked for.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) region: String,
    pub(super) cluster: String,
    pub(super) database: String,
    pub(super) user: User,
    pub(super) name: Option<String>,
    pub(super) texts: Vec<String>,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) is_batch: bool,
    pub(super) client_token: Option<String>,
}

impl Order {
    /// Returns the parameters of one text: all of a single one's, and those that a text of a batch names.
    pub(super) fn parameters_of(&self, text: &str) -> BTreeMap<String, String> {
        let named = |name: &String| !self.is_batch || text.contains(&format!(":{name}"));
        self.parameters
            .iter()
            .filter(|(name, _)| named(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// One SQL text of a statement, and what came of it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) status: Status,
    pub(super) error: Option<String>,
    pub(super) rows: i64,
    pub(super) result: Option<ResultSet>,
    pub(super) took: Duration,
    pub(super) created: jiff::Timestamp,
    pub(super) updated: jiff::Timestamp,
}

/// A statement: one text, or the several of a batch.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) id: String,
    pub(super) number: u64,
    pub(super) order: Order,
    pub(super) status: Status,
    pub(super) error: Option<String>,
    pub(super) parts: Vec<Part>,
    pub(super) took: Duration,
    pub(super) created: jiff::Timestamp,
    pub(super) updated: jiff::Timestamp,
}

/// All statements.
#[derive(Default)]
pub(super) struct Statements {
    by_id: BTreeMap<String, Statement>,
    cancels: BTreeMap<String, CancelToken>,
    last_number: u64,
}

impl Statements {
    /// Finds the statement that was sent with the same token.
    pub(super) fn with_token(&self, token: &str) -> Option<&Statement> {
        self.by_id.values().find(|statement| statement.order.client_token.as_deref() == Some(token))
    }

    /// Takes a new statement in and forgets those that are too old.
    pub(super) fn add(&mut self, id: String, order: Order) -> Statement {
        let now = jiff::Timestamp::now();
        self.by_id.retain(|_, statement| {
            !statement.status.is_final() || now.duration_since(statement.created).unsigned_abs() < KEPT
        });
        self.last_number += 1;
        let part = |text: &String| Part {
            text: text.clone(),
            status: Status::Submitted,
            error: None,
            rows: -1,
            result: None,
            took: Duration::ZERO,
            created: now,
            updated: now,
        };
        let statement = Statement {
            id: id.clone(),
            number: self.last_number,
            status: Status::Submitted,
            error: None,
            parts: order.texts.iter().map(part).collect(),
            took: Duration::ZERO,
            created: now,
            updated: now,
            order,
        };
        self.by_id.insert(id, statement.clone());
        statement
    }

    /// Finds a statement.
    pub(super) fn get(&self, id: &str) -> Option<&Statement> {
        self.by_id.get(id)
    }

    /// Returns all statements of a region, newest first.
    pub(super) fn newest_first(&self, region: &str) -> Vec<&Statement> {
        let mut found: Vec<&Statement> =
            self.by_id.values().filter(|statement| statement.order.region == region).collect();
        found.sort_by_key(|statement| std::cmp::Reverse(statement.number));
        found
    }

    /// Changes a statement that is not over; what was aborted stays so.
    pub(super) fn update(&mut self, id: &str, change: impl FnOnce(&mut Statement)) {
        let Some(statement) = self.by_id.get_mut(id).filter(|statement| !statement.status.is_final()) else { return };
        change(statement);
        statement.updated = jiff::Timestamp::now();
        if statement.status.is_final() {
            let lasted = statement.updated.duration_since(statement.created).unsigned_abs();
            statement.took = lasted;
            self.cancels.remove(id);
        }
    }

    /// Keeps what a running statement can be cancelled with.
    pub(super) fn can_cancel(&mut self, id: &str, token: CancelToken) {
        self.cancels.insert(id.to_owned(), token);
    }

    /// Takes what a running statement can be cancelled with.
    pub(super) fn take_cancel(&mut self, id: &str) -> Option<CancelToken> {
        self.cancels.remove(id)
    }
}
