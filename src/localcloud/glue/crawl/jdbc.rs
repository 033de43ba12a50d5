//! Databases behind a JDBC connection.

use serde_json::{Map, Value, json};

use super::found::{Column, Format, Found};
use super::glob::is_excluded;
use super::task::CrawlError;
use super::{mysql, postgres};
use crate::localcloud::sdk;

/// Why a connection leads nowhere.
#[derive(Debug, thiserror::Error)]
pub(in crate::localcloud::glue) enum ConnectError {
    /// The connection's own properties are wrong.
    #[error("{0}")]
    Properties(String),
    /// The secret cannot be had.
    #[error("could not read the secret {name}: {why}")]
    Secret { name: String, why: String },
    /// The server refused or did not answer.
    #[error("could not connect to {host}:{port}: {why}")]
    Server { host: String, port: u16, why: String },
}

/// The engines that are reached by JDBC here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    MySql,
    Redshift,
    PostgreSql,
}

impl Engine {
    /// Returns the word that Glue writes as a table's classification.
    fn classification(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::Redshift => "redshift",
            Self::PostgreSql => "postgresql",
        }
    }
}

/// A server with the credentials to read it.
#[derive(Debug, Clone)]
pub(in crate::localcloud::glue) struct Endpoint {
    pub(super) engine: Engine,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) database: String,
    pub(super) user: String,
    pub(super) password: String,
}

/// A table in the words of its database.
#[derive(Debug)]
pub(super) struct SourceTable {
    /// The schema, where the engine has them.
    pub(super) schema: Option<String>,
    pub(super) name: String,
    pub(super) is_view: bool,
    pub(super) columns: Vec<Column>,
}

impl Endpoint {
    /// Reads a connection, and its secret through Secrets Manager.
    pub(in crate::localcloud::glue) async fn resolve(
        connection: &Value,
        cloud: &str,
        region: &str,
    ) -> Result<Self, ConnectError> {
        let properties = &connection["ConnectionProperties"];
        let text = |member: &str| properties[member].as_str().filter(|text| !text.is_empty());
        let url = match (text("JDBC_CONNECTION_URL"), text("JDBC_ENGINE"), text("HOST"), text("PORT")) {
            (Some(url), ..) => url.to_owned(),
            (None, Some(engine), Some(host), Some(port)) => format!("jdbc:{engine}://{host}:{port}/"),
            _ => return Err(ConnectError::Properties("the connection has no JDBC_CONNECTION_URL".to_owned())),
        };
        let mut endpoint = parse_url(&url).ok_or_else(|| ConnectError::Properties(format!("cannot read {url}")))?;
        match (text("SECRET_ID"), text("USERNAME")) {
            (Some(secret), _) => (endpoint.user, endpoint.password) = credentials(secret, cloud, region).await?,
            (None, Some(user)) => {
                endpoint.user = user.to_owned();
                endpoint.password = text("PASSWORD").unwrap_or_default().to_owned();
            }
            _ => return Err(ConnectError::Properties("the connection has neither SECRET_ID nor USERNAME".to_owned())),
        }
        Ok(endpoint)
    }

    /// Connects and asks nothing.
    pub(in crate::localcloud::glue) async fn test(&self) -> Result<(), ConnectError> {
        match self.engine {
            Engine::MySql => mysql::test(self).await,
            Engine::Redshift | Engine::PostgreSql => postgres::test(self).await,
        }
    }

    pub(super) fn refused(&self, error: &dyn std::error::Error) -> ConnectError {
        let chain = std::iter::successors(Some(error), |error| error.source());
        let why = chain.last().map_or_else(String::new, ToString::to_string);
        ConnectError::Server { host: self.host.clone(), port: self.port, why }
    }
}

/// Reads `jdbc:mysql://host:port/database?options`.
fn parse_url(url: &str) -> Option<Endpoint> {
    let (engine, rest) = url.strip_prefix("jdbc:")?.split_once("://")?;
    let (engine, port) = match engine {
        "mysql" | "mariadb" => (Engine::MySql, 3306),
        "redshift" => (Engine::Redshift, 5439),
        "postgresql" => (Engine::PostgreSql, 5432),
        _ => return None,
    };
    let (server, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = match server.rsplit_once(':') {
        Some((host, given)) => (host, given.parse().ok()?),
        None => (server, port),
    };
    let database = database.split(['?', ';']).next().unwrap_or_default().to_owned();
    Some(Endpoint { engine, host: host.to_owned(), port, database, user: String::new(), password: String::new() })
}

async fn credentials(secret: &str, cloud: &str, region: &str) -> Result<(String, String), ConnectError> {
    use aws_sdk_secretsmanager::error::{DisplayErrorContext, ProvideErrorMetadata};
    let failed = |why: String| ConnectError::Secret { name: secret.to_owned(), why };
    let client = aws_sdk_secretsmanager::Client::new(&sdk::config(cloud, region).await);
    let read = client.get_secret_value().secret_id(secret).send().await.map_err(|error| {
        failed(error.message().map_or_else(|| DisplayErrorContext(&error).to_string(), str::to_owned))
    })?;
    let content: Value = serde_json::from_str(read.secret_string().unwrap_or_default())
        .map_err(|_| failed("it is no JSON object".to_owned()))?;
    match (content["username"].as_str(), content["password"].as_str()) {
        (Some(user), Some(password)) => Ok((user.to_owned(), password.to_owned())),
        _ => Err(failed("it lacks `username` or `password`".to_owned())),
    }
}

/// Returns the tables under an include path: `database/table`, `database/%` or, with schemas, `database/schema/%`.
pub(super) async fn tables(
    endpoint: &Endpoint,
    connection: &str,
    path: &str,
    exclusions: &[String],
) -> Result<Vec<Found>, CrawlError> {
    let words: Vec<&str> = path.trim_matches('/').split('/').collect();
    let read = |error: ConnectError| CrawlError::Read { what: path.to_owned(), why: error.to_string() };
    let (database, sources) = match (endpoint.engine, words.as_slice()) {
        (Engine::MySql, [database]) => (*database, mysql::tables(endpoint, database, "%").await.map_err(read)?),
        (Engine::MySql, [database, table]) => {
            (*database, mysql::tables(endpoint, database, table).await.map_err(read)?)
        }
        (Engine::Redshift | Engine::PostgreSql, [database, rest @ ..]) if rest.len() <= 2 => {
            let schema = rest.first().copied().unwrap_or("%");
            let table = rest.get(1).copied().unwrap_or("%");
            (*database, postgres::tables(endpoint, database, schema, table).await.map_err(read)?)
        }
        _ => return Err(CrawlError::Setup(format!("{path} is no include path of this engine"))),
    };
    let kept = sources.into_iter().filter(|table| {
        let schema = table.schema.as_deref().map(|schema| format!("{schema}/")).unwrap_or_default();
        !is_excluded(&format!("{schema}{}", table.name), exclusions)
    });
    Ok(kept.map(|table| found(endpoint.engine, connection, database, table)).collect())
}

fn found(engine: Engine, connection: &str, database: &str, table: SourceTable) -> Found {
    let words: Vec<&str> = [Some(database), table.schema.as_deref(), Some(&table.name)].into_iter().flatten().collect();
    let mut parameters = Map::new();
    let facts = [
        ("classification", engine.classification()),
        ("compressionType", "none"),
        ("connectionName", connection),
        ("typeOfData", if table.is_view { "view" } else { "table" }),
    ];
    for (key, value) in facts {
        parameters.insert(key.to_owned(), json!(value));
    }
    Found {
        name: words.join("_"),
        location: words.join("."),
        columns: table.columns,
        format: Format::default(),
        parameters,
        partition_keys: vec![],
        partitions: vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_with_and_without_port_and_options() {
        let endpoint = parse_url("jdbc:mysql://127.0.0.1:3307/Shop?useSSL=false").expect("it is whole");
        assert_eq!((endpoint.engine, endpoint.port, endpoint.database.as_str()), (Engine::MySql, 3307, "Shop"));
        assert_eq!(parse_url("jdbc:redshift://warehouse/dw").map(|endpoint| endpoint.port), Some(5439));
        assert!(parse_url("jdbc:oracle:thin://@h:1/x").is_none());
    }
}
