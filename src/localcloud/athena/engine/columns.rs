//! Names and types of result columns, as Athena gives them.

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;
use serde_json::{Value, json};

/// Names the columns of a question that are neither columns of a table nor named: `_col0`, `_col1`.
pub(super) fn name(statement: &mut Statement) {
    let Statement::Statement(statement) = statement else { return };
    let ast::Statement::Query(query) = statement.as_mut() else { return };
    name_body(query.body.as_mut());
}

fn name_body(body: &mut ast::SetExpr) {
    match body {
        ast::SetExpr::Select(select) => {
            for (index, item) in select.projection.iter_mut().enumerate() {
                if let ast::SelectItem::UnnamedExpr(expression) = item
                    && !matches!(expression, ast::Expr::Identifier(_) | ast::Expr::CompoundIdentifier(_))
                {
                    let alias = ast::Ident::new(format!("_col{index}"));
                    *item = ast::SelectItem::ExprWithAlias { expr: expression.clone(), alias };
                }
            }
        }
        ast::SetExpr::Query(query) => name_body(query.body.as_mut()),
        // The first branch names the columns of a union.
        ast::SetExpr::SetOperation { left, .. } => name_body(left.as_mut()),
        _ => {}
    }
}

/// Returns the `ColumnInfo` of every column.
pub(super) fn describe(schema: &Schema) -> Vec<Value> {
    schema.fields().iter().map(|field| column_info(field)).collect()
}

fn column_info(field: &Field) -> Value {
    let (kind, precision, scale) = kind(field.data_type());
    json!({
        "CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": field.name(), "Label": field.name(),
        "Type": kind, "Precision": precision, "Scale": scale, "Nullable": "UNKNOWN",
        "CaseSensitive": kind == "varchar",
    })
}

/// Returns Athena's name of a type with its precision and scale.
fn kind(kind: &DataType) -> (&'static str, i64, i64) {
    match kind {
        DataType::Boolean => ("boolean", 0, 0),
        DataType::Int8 => ("tinyint", 3, 0),
        DataType::Int16 | DataType::UInt8 => ("smallint", 5, 0),
        DataType::Int32 | DataType::UInt16 => ("integer", 10, 0),
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => ("bigint", 19, 0),
        DataType::Float32 => ("float", 17, 0),
        DataType::Float64 => ("double", 17, 0),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            ("decimal", i64::from(*precision), i64::from(*scale))
        }
        DataType::Date32 | DataType::Date64 => ("date", 0, 0),
        DataType::Timestamp(_, None) => ("timestamp", 3, 0),
        DataType::Timestamp(_, Some(_)) => ("timestamp with time zone", 3, 0),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => ("varbinary", 1_073_741_824, 0),
        DataType::List(_) => ("array", 0, 0),
        DataType::Struct(_) => ("row", 0, 0),
        _ => ("varchar", 2_147_483_647, 0),
    }
}
