//! Tables of Redshift, which on this machine is PostgreSQL.

use tokio_postgres::{Client, Config, NoTls, Row};

use super::found::Column;
use super::jdbc::{ConnectError, Endpoint, SourceTable};

const QUESTION: &str = "SELECT c.table_schema::text, c.table_name::text, t.table_type::text = 'VIEW', \
    c.column_name::text, c.data_type::text, c.numeric_precision::int, c.numeric_scale::int \
    FROM information_schema.columns c JOIN information_schema.tables t \
    ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
    WHERE c.table_schema LIKE $1 AND c.table_name LIKE $2 \
    AND c.table_schema NOT IN ('information_schema', 'pg_catalog') \
    ORDER BY c.table_schema, c.table_name, c.ordinal_position";

async fn connect(endpoint: &Endpoint, database: &str) -> Result<Client, ConnectError> {
    let mut config = Config::new();
    config.host(&endpoint.host).port(endpoint.port).user(&endpoint.user).password(&endpoint.password);
    config.dbname(database).application_name("AWSGlue");
    let (client, connection) = config.connect(NoTls).await.map_err(|error| endpoint.refused(&error))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a crawler's connection ended early");
        }
    });
    Ok(client)
}

pub(super) async fn test(endpoint: &Endpoint) -> Result<(), ConnectError> {
    connect(endpoint, &endpoint.database).await.map(drop)
}

/// Returns the tables whose schema and name fit patterns in which `%` stands for anything.
pub(super) async fn tables(
    endpoint: &Endpoint,
    database: &str,
    schema: &str,
    table: &str,
) -> Result<Vec<SourceTable>, ConnectError> {
    let client = connect(endpoint, database).await?;
    let pattern = |text: &str| text.replace('\\', "\\\\").replace('_', "\\_");
    let rows = client.query(QUESTION, &[&pattern(schema), &pattern(table)]).await;
    let mut tables: Vec<SourceTable> = vec![];
    for row in rows.map_err(|error| endpoint.refused(&error))? {
        let (schema, name): (String, String) = (row.get(0), row.get(1));
        let column = Column::new(row.get(3), kind(&row));
        match tables.last_mut().filter(|last| last.name == name && last.schema.as_ref() == Some(&schema)) {
            Some(last) => last.columns.push(column),
            None => tables.push(SourceTable { schema: Some(schema), name, is_view: row.get(2), columns: vec![column] }),
        }
    }
    Ok(tables)
}

/// Returns the catalog's type for a column.
fn kind(row: &Row) -> String {
    let (precision, scale): (Option<i32>, Option<i32>) = (row.get(5), row.get(6));
    let named = match row.get::<_, &str>(4) {
        "smallint" => "smallint",
        "integer" => "int",
        "bigint" => "bigint",
        "boolean" => "boolean",
        "real" => "float",
        "double precision" => "double",
        "date" => "date",
        "bytea" => "binary",
        kind if kind.starts_with("timestamp") => "timestamp",
        "numeric" => return format!("decimal({},{})", precision.unwrap_or(38), scale.unwrap_or(18)),
        _ => "string",
    };
    named.to_owned()
}
