//! MySQL over its own protocol.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, SslOpts, Value};

use super::error::shorten;
use super::{Credentials, Row, SqlError};

/// How long a server may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);

/// Where a MySQL server is.
#[derive(Debug, Clone)]
pub struct MysqlTarget {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User and password.
    pub credentials: Credentials,
    /// The database to begin in.
    pub database: Option<String>,
    /// The certificate authorities that the server's certificate must come from.
    pub certificate_authorities: Option<PathBuf>,
}

/// An open connection.
pub struct Mysql {
    connection: Conn,
}

impl Mysql {
    /// Connects, with TLS unless the server is on this machine.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses the user.
    pub async fn connect(target: &MysqlTarget) -> Result<Self, SqlError> {
        let options = OptsBuilder::default()
            .ip_or_hostname(&target.host)
            .tcp_port(target.port)
            .user(Some(&target.credentials.username))
            .pass(Some(target.credentials.password.expose()))
            .db_name(target.database.as_deref())
            .prefer_socket(false)
            .ssl_opts(tls(target));
        let failed =
            |source| SqlError::Connect { host: target.host.clone(), port: target.port, source: Box::new(source) };
        match tokio::time::timeout(CONNECT_LIMIT, Conn::new(options)).await {
            Ok(connected) => Ok(Self { connection: connected.map_err(failed)? }),
            Err(_) => Err(failed(mysql_async::Error::Io(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))),
        }
    }

    /// Runs one statement and drops its rows.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn execute(&mut self, statement: &str) -> Result<(), SqlError> {
        self.connection.query_drop(statement).await.map_err(|error| refused(statement, &error))
    }

    /// Runs statements as one transaction; what MySQL cannot take back, such as changes of tables, it keeps.
    ///
    /// # Errors
    /// If the server refuses one of them; those before it are taken back.
    pub async fn transaction(&mut self, statements: &[String]) -> Result<(), SqlError> {
        self.execute("START TRANSACTION").await?;
        for statement in statements {
            if let Err(error) = self.execute(statement).await {
                // The first error tells more than one about taking it back, which closing the connection does, too.
                drop(self.execute("ROLLBACK").await);
                return Err(error);
            }
        }
        self.execute("COMMIT").await
    }

    /// Runs one query and returns its rows as text.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn query(&mut self, statement: &str) -> Result<Vec<Row>, SqlError> {
        let rows: Vec<mysql_async::Row> =
            self.connection.query(statement).await.map_err(|error| refused(statement, &error))?;
        Ok(rows.into_iter().map(|row| row.unwrap().into_iter().map(text).collect()).collect())
    }

    /// Closes the connection.
    pub async fn close(self) {
        if let Err(error) = self.connection.disconnect().await {
            tracing::debug!(%error, "MySQL connection did not close cleanly");
        }
    }
}

fn tls(target: &MysqlTarget) -> Option<SslOpts> {
    let is_loopback = target.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_loopback {
        return None;
    }
    Some(match &target.certificate_authorities {
        Some(file) => SslOpts::default().with_root_certs(vec![file.clone().into()]),
        // RDS signs with authorities of its own that no system knows: encrypted, but not authenticated.
        None => SslOpts::default().with_danger_accept_invalid_certs(true),
    })
}

fn refused(statement: &str, error: &mysql_async::Error) -> SqlError {
    SqlError::Statement { database: "MySQL", statement: shorten(statement), message: error.to_string() }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}
