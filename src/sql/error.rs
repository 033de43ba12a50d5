//! Why a statement or a connection failed.

use std::time::Duration;

use crate::aws::AwsError;
use crate::diag::{Class, Explain, Hint};

/// Why a statement or a connection failed.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// AWS refused, or no answer came.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The secret does not hold a user and a password.
    #[error("the secret `{arn}` does not hold `username` and `password`")]
    Secret {
        /// The secret.
        arn: String,
    },
    /// No connection to the server.
    #[error("cannot connect to MySQL at {host}:{port}")]
    Connect {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What the driver said.
        source: Box<mysql_async::Error>,
    },
    /// The server refused a statement.
    #[error("{database} refused `{statement}`: {message}")]
    Statement {
        /// Which database.
        database: &'static str,
        /// The beginning of the statement.
        statement: String,
        /// What the server said.
        message: String,
    },
    /// A statement did not end in time.
    #[error("{database} did not finish `{statement}` within {} s", limit.as_secs())]
    TimedOut {
        /// Which database.
        database: &'static str,
        /// The beginning of the statement.
        statement: String,
        /// How long was waited.
        limit: Duration,
    },
}

impl Explain for SqlError {
    fn class(&self) -> Class {
        Class::Failed
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Aws(error) => error.hints(),
            Self::Connect { .. } => vec![
                "is your address still the one in the security group? `stack up` puts the present one in".into(),
                "is the instance running? `stack start` starts it".into(),
            ],
            _ => vec![],
        }
    }
}

/// Returns the beginning of a statement, in one line, for messages.
pub(super) fn shorten(statement: &str) -> String {
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(70) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
