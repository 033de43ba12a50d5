//! Rows of a query, and how the Data API says them.

use serde_json::{Value, json};
use tokio_postgres::Column as ServerColumn;
use tokio_postgres::types::Type;

/// One page of a result, in bytes of its values.
const PAGE_BYTES: usize = 1024 * 1024;

/// The largest result that the Data API keeps, in bytes of its values.
pub(super) const MOST_BYTES: usize = 100 * 1024 * 1024;

/// Which member of a field carries a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Text,
    Long,
    Double,
    Boolean,
}

/// A column of a result.
#[derive(Debug, Clone)]
pub(super) struct Column {
    name: String,
    type_name: String,
    carrier: Carrier,
    precision: i32,
    scale: i32,
    length: i32,
}

/// The result of a query.
#[derive(Debug, Clone, Default)]
pub(super) struct ResultSet {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Option<String>>>,
    pub(super) bytes: usize,
}

impl Column {
    /// Describes a column as Redshift would.
    pub(super) fn of(column: &ServerColumn) -> Self {
        let kind = column.type_();
        let modifier = column.type_modifier();
        let (precision, scale) = match *kind {
            Type::NUMERIC if modifier >= 4 => (((modifier - 4) >> 16) & 0xffff, (modifier - 4) & 0xffff),
            Type::NUMERIC => (38, 0),
            Type::INT2 => (5, 0),
            Type::INT4 => (10, 0),
            Type::INT8 => (19, 0),
            Type::FLOAT4 => (8, 8),
            Type::FLOAT8 => (17, 17),
            Type::VARCHAR | Type::BPCHAR if modifier >= 4 => (modifier - 4, 0),
            Type::TIMESTAMP => (29, 6),
            Type::DATE => (13, 0),
            _ => (0, 0),
        };
        let carrier = match *kind {
            Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => Carrier::Long,
            Type::FLOAT4 | Type::FLOAT8 => Carrier::Double,
            Type::BOOL => Carrier::Boolean,
            // Decimals too: a double would lose digits.
            _ => Carrier::Text,
        };
        let type_name = if *kind == Type::TEXT { "varchar" } else { kind.name() };
        let name = column.name().to_owned();
        Self { name, type_name: type_name.to_owned(), carrier, precision, scale, length: 0 }
    }

    /// Returns the column as `ColumnMetadata` says it.
    pub(super) fn metadata(&self) -> Value {
        json!({
            "name": self.name,
            "label": self.name,
            "typeName": self.type_name,
            "precision": self.precision,
            "scale": self.scale,
            "length": self.length,
            "nullable": 1,
            "isCaseSensitive": self.carrier == Carrier::Text,
            "isCurrency": false,
            "isSigned": self.carrier != Carrier::Text && self.carrier != Carrier::Boolean,
            "schemaName": "",
            "tableName": "",
        })
    }

    /// Returns a value as the Data API says it.
    fn field(&self, value: Option<&str>) -> Value {
        let Some(value) = value else { return json!({ "isNull": true }) };
        match self.carrier {
            Carrier::Long => match value.parse::<i64>() {
                Ok(number) => json!({ "longValue": number }),
                Err(_) => json!({ "stringValue": value }),
            },
            Carrier::Double => match value.parse::<f64>() {
                Ok(number) if number.is_finite() => json!({ "doubleValue": number }),
                _ => json!({ "stringValue": value }),
            },
            Carrier::Boolean => json!({ "booleanValue": value == "t" }),
            Carrier::Text => json!({ "stringValue": value }),
        }
    }
}

impl ResultSet {
    /// Returns the rows from `start` that fit on a page, and where the next page starts.
    pub(super) fn page(&self, start: usize) -> (Vec<Value>, Option<usize>) {
        let mut records = Vec::new();
        let mut bytes = 0;
        for row in self.rows.iter().skip(start) {
            if bytes > PAGE_BYTES {
                break;
            }
            bytes += row.iter().flatten().map(String::len).sum::<usize>() + 16 * row.len();
            let fields = row.iter().zip(&self.columns).map(|(value, column)| column.field(value.as_deref()));
            records.push(Value::Array(fields.collect()));
        }
        let next = start + records.len();
        (records, (next < self.rows.len()).then_some(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(carrier: Carrier) -> Column {
        Column { name: "c".into(), type_name: "t".into(), carrier, precision: 0, scale: 0, length: 0 }
    }

    #[test]
    fn fields_are_typed() {
        assert_eq!(column(Carrier::Long).field(Some("7")), json!({ "longValue": 7 }));
        assert_eq!(column(Carrier::Text).field(Some("9747747.934")), json!({ "stringValue": "9747747.934" }));
        assert_eq!(column(Carrier::Boolean).field(Some("t")), json!({ "booleanValue": true }));
        assert_eq!(column(Carrier::Double).field(None), json!({ "isNull": true }));
    }

    #[test]
    fn pages_cover_every_row_once() {
        let rows: Vec<_> = (0..5000).map(|number| vec![Some(format!("{number:0>1000}"))]).collect();
        let whole = ResultSet { columns: vec![column(Carrier::Text)], rows, bytes: 0 };
        let (mut seen, mut next, mut pages) = (0, Some(0), 0);
        while let Some(start) = next {
            let (records, following) = whole.page(start);
            seen += records.len();
            next = following;
            pages += 1;
        }
        assert_eq!((seen, pages), (5000, 5));
    }
}
