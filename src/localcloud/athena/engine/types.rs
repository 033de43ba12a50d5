//! The catalog's types as arrow's.

use datafusion::arrow::datatypes::{DataType, TimeUnit};

/// Returns arrow's type; what is not known is text.
pub(super) fn arrow(kind: &str) -> DataType {
    let kind = kind.trim().to_lowercase();
    let (name, rest) = kind.split_once('(').unwrap_or((&kind, ""));
    match name.trim() {
        "boolean" => DataType::Boolean,
        "tinyint" => DataType::Int8,
        "smallint" => DataType::Int16,
        "int" | "integer" => DataType::Int32,
        "bigint" | "long" => DataType::Int64,
        "float" | "real" => DataType::Float32,
        "double" => DataType::Float64,
        "date" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Millisecond, None),
        "binary" => DataType::Binary,
        "decimal" => decimal(rest.trim_end_matches(')')),
        _ => DataType::Utf8,
    }
}

fn decimal(arguments: &str) -> DataType {
    let mut numbers = arguments.split(',').map(|number| number.trim().parse::<u8>().ok());
    let precision = numbers.next().flatten().unwrap_or(10).clamp(1, 38);
    let scale = numbers.next().flatten().unwrap_or(0).min(precision);
    DataType::Decimal128(precision, i8::try_from(scale).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_precision_and_scale() {
        assert_eq!(arrow("decimal(18,4)"), DataType::Decimal128(18, 4));
        assert_eq!(arrow("DECIMAL"), DataType::Decimal128(10, 0));
        assert_eq!(arrow("varchar(20)"), DataType::Utf8);
    }
}
