//! Text files as their SerDe reads them: first every value as text, then the declared types.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_glue::types::{SerDeInfo, Table};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::functions::core::expr_fn::{coalesce, nullif};
use datafusion::logical_expr::{Expr, cast, lit, try_cast};

/// How a text file is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Serde {
    /// Quoted values; nothing is ever NULL, and everything is text unless the table says otherwise.
    Open { delimiter: u8, quote: u8, escape: u8 },
    /// No quotes; `\N` is NULL, and what does not fit its type is NULL too.
    Lazy { delimiter: u8, null: String },
}

impl Serde {
    /// Reads the SerDe of a table; `None` if it is for another kind of file.
    pub(super) fn of(serde: &SerDeInfo) -> Option<Self> {
        let empty = HashMap::new();
        let parameters = serde.parameters().unwrap_or(&empty);
        let symbol = |name: &str| parameters.get(name).and_then(|text| text.bytes().next());
        let library = serde.serialization_library().unwrap_or_default();
        if library.ends_with("OpenCSVSerde") {
            return Some(Self::Open {
                delimiter: symbol("separatorChar").unwrap_or(b','),
                quote: symbol("quoteChar").unwrap_or(b'"'),
                escape: symbol("escapeChar").unwrap_or(b'\\'),
            });
        }
        library.ends_with("LazySimpleSerDe").then(|| Self::Lazy {
            delimiter: symbol("field.delim").or_else(|| symbol("serialization.format")).unwrap_or(1),
            null: parameters.get("serialization.null.format").cloned().unwrap_or_else(|| "\\N".to_owned()),
        })
    }

    /// Returns the format that makes text of every value.
    pub(super) fn format(&self, table: &Table, packed: bool) -> CsvFormat {
        let skipped = table.parameters().and_then(|parameters| parameters.get("skip.header.line.count"));
        let has_header = skipped.is_some_and(|count| count.trim() != "0");
        let format = CsvFormat::default().with_has_header(has_header).with_truncated_rows(true);
        let compression = if packed { FileCompressionType::GZIP } else { FileCompressionType::UNCOMPRESSED };
        let format = format.with_file_compression_type(compression);
        match self {
            Self::Open { delimiter, quote, escape } => format
                .with_delimiter(*delimiter)
                .with_quote(*quote)
                .with_escape((escape != quote).then_some(*escape))
                .with_newlines_in_values(true),
            // A byte that no text has stands for "no quotes".
            Self::Lazy { delimiter, .. } => format.with_delimiter(*delimiter).with_quote(0),
        }
    }

    /// Returns what makes the declared value out of the text of a column.
    pub(super) fn value(&self, name: &str, kind: &DataType) -> Expr {
        let text = Expr::Column(Column::from_name(name));
        let is_text = *kind == DataType::Utf8;
        let value = match self {
            // The reader makes NULL of what is empty, and here nothing is.
            Self::Open { .. } if is_text => coalesce(vec![text, lit("")]),
            Self::Open { .. } => cast(text, kind.clone()),
            Self::Lazy { null, .. } if is_text => {
                nullif(coalesce(vec![text, lit("")]), lit(ScalarValue::Utf8(Some(null.clone()))))
            }
            Self::Lazy { .. } => try_cast(text, kind.clone()),
        };
        value.alias(name)
    }
}

/// Returns the schema of the files: every column is text.
pub(super) fn text_schema(names: &[String]) -> SchemaRef {
    Arc::new(Schema::new(names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect::<Vec<_>>()))
}
