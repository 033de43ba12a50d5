//! What the footer of a Parquet file says about its columns.

use bytes::Bytes;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::parquet::arrow::parquet_to_arrow_schema;
use datafusion::parquet::file::metadata::ParquetMetaDataReader;
use serde_json::{Map, json};

use super::csv::Sampled;
use super::found::{Column, Format};

/// The last bytes of a file: four of length and four of magic.
pub(super) const TAIL_BYTES: u64 = 8;

/// Returns how long the footer is, if the file is Parquet.
pub(super) fn footer_bytes(tail: &[u8]) -> Option<u64> {
    let (length, magic) = tail.split_first_chunk::<4>()?;
    (magic == b"PAR1").then(|| u64::from(u32::from_le_bytes(*length)))
}

/// Reads the columns out of a footer.
pub(super) fn columns(footer: &Bytes) -> Option<Sampled> {
    let metadata = ParquetMetaDataReader::decode_metadata(footer).ok()?;
    let file = metadata.file_metadata();
    let schema: Schema = parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata()).ok()?;
    let columns = schema.fields().iter().map(|field| Column::new(field.name(), kind(field.data_type()))).collect();
    let mut parameters = Map::new();
    parameters.insert("classification".to_owned(), json!("parquet"));
    let mut serde_parameters = Map::new();
    serde_parameters.insert("serialization.format".to_owned(), json!("1"));
    let format = Format {
        input: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        output: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        serde: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        serde_parameters,
    };
    Some(Sampled { columns, format, parameters })
}

/// Returns the catalog's type for a file's type.
fn kind(kind: &DataType) -> String {
    match kind {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 | DataType::UInt8 => "smallint".to_owned(),
        DataType::Int32 | DataType::UInt16 => "int".to_owned(),
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => "bigint".to_owned(),
        DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Timestamp(_, _) => "timestamp".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "binary".to_owned()
        }
        DataType::List(item) | DataType::LargeList(item) => format!("array<{}>", self::kind(item.data_type())),
        DataType::Struct(fields) => {
            let members: Vec<String> =
                fields.iter().map(|field| format!("{}:{}", field.name(), self::kind(field.data_type()))).collect();
            format!("struct<{}>", members.join(","))
        }
        _ => "string".to_owned(),
    }
}
