//! Tables of a MySQL server.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};

use super::found::Column;
use super::jdbc::{ConnectError, Endpoint, SourceTable};

const QUESTION: &str = "SELECT c.table_name, t.table_type = 'VIEW', c.column_name, c.data_type, c.column_type, \
    c.numeric_precision, c.numeric_scale \
    FROM information_schema.columns c JOIN information_schema.tables t \
    ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
    WHERE c.table_schema = ? AND c.table_name LIKE ? ORDER BY c.table_name, c.ordinal_position";

/// One column as `information_schema` describes it.
type Row = (String, bool, String, String, String, Option<u64>, Option<u64>);

async fn connect(endpoint: &Endpoint) -> Result<Conn, ConnectError> {
    let options = OptsBuilder::default()
        .ip_or_hostname(endpoint.host.clone())
        .tcp_port(endpoint.port)
        .user(Some(endpoint.user.clone()))
        .pass(Some(endpoint.password.clone()))
        // A socket would be another user's way in than the one that the connection names.
        .prefer_socket(false);
    Conn::new(options).await.map_err(|error| endpoint.refused(&error))
}

pub(super) async fn test(endpoint: &Endpoint) -> Result<(), ConnectError> {
    let connection = connect(endpoint).await?;
    connection.disconnect().await.map_err(|error| endpoint.refused(&error))
}

/// Returns the tables whose names fit a pattern in which `%` stands for anything.
pub(super) async fn tables(
    endpoint: &Endpoint,
    database: &str,
    pattern: &str,
) -> Result<Vec<SourceTable>, ConnectError> {
    let mut connection = connect(endpoint).await?;
    let pattern = pattern.replace('\\', "\\\\").replace('_', "\\_");
    let rows: Vec<Row> =
        connection.exec(QUESTION, (database, pattern)).await.map_err(|error| endpoint.refused(&error))?;
    connection.disconnect().await.map_err(|error| endpoint.refused(&error))?;
    let mut tables: Vec<SourceTable> = vec![];
    for (table, is_view, name, data_type, column_type, precision, scale) in rows {
        let column = Column::new(&name, kind(&data_type, &column_type, precision, scale));
        match tables.last_mut().filter(|last| last.name == table) {
            Some(last) => last.columns.push(column),
            None => tables.push(SourceTable { schema: None, name: table, is_view, columns: vec![column] }),
        }
    }
    Ok(tables)
}

/// Returns the catalog's type for a MySQL type.
fn kind(data_type: &str, column_type: &str, precision: Option<u64>, scale: Option<u64>) -> String {
    let unsigned = column_type.contains("unsigned");
    let named = match data_type.to_lowercase().as_str() {
        "tinyint" if column_type.starts_with("tinyint(1)") => "boolean",
        "bit" => "boolean",
        "tinyint" if !unsigned => "tinyint",
        "tinyint" | "smallint" if !unsigned || data_type == "tinyint" => "smallint",
        "smallint" | "mediumint" | "year" => "int",
        "int" | "integer" if !unsigned => "int",
        "int" | "integer" => "bigint",
        "bigint" if unsigned => "decimal(20,0)",
        "bigint" => "bigint",
        "float" => "float",
        "double" | "real" => "double",
        "date" => "date",
        "datetime" | "timestamp" => "timestamp",
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => "binary",
        "decimal" | "numeric" => return format!("decimal({},{})", precision.unwrap_or(10), scale.unwrap_or(0)),
        _ => "string",
    };
    named.to_owned()
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn types_keep_their_range() {
        assert_eq!(kind("int", "int(11)", None, None), "int");
        assert_eq!(kind("int", "int(10) unsigned", None, None), "bigint");
        assert_eq!(kind("tinyint", "tinyint(3) unsigned", None, None), "smallint");
        assert_eq!(kind("bigint", "bigint(20) unsigned", None, None), "decimal(20,0)");
        assert_eq!(kind("decimal", "decimal(18,4)", Some(18), Some(4)), "decimal(18,4)");
        assert_eq!(kind("varchar", "varchar(10)", None, None), "string");
    }
}
