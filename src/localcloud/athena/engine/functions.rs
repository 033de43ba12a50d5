//! Functions that Trino has and DataFusion lacks or spells otherwise.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, AsArray, BinaryBuilder, Int64Builder, StringBuilder, TimestampMillisecondBuilder,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMillisecondType};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr_fn::SimpleScalarUDF;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Signature, TypeSignature, Volatility};
use md5::{Digest, Md5};
use sha2::Sha256;

/// A function over whole columns.
type Body = fn(&[ArrayRef]) -> Result<ArrayRef>;

/// Returns all of them.
pub(super) fn all() -> Vec<ScalarUDF> {
    let moment = || DataType::Timestamp(TimeUnit::Millisecond, None);
    vec![
        function("to_utf8", vec![DataType::Utf8], DataType::Binary, to_utf8),
        function("from_utf8", vec![DataType::Binary], DataType::Utf8, from_utf8),
        function("md5", vec![DataType::Binary], DataType::Binary, digest::<Md5>),
        function("sha256", vec![DataType::Binary], DataType::Binary, digest::<Sha256>),
        function("to_hex", vec![DataType::Binary], DataType::Utf8, to_hex),
        function("from_hex", vec![DataType::Utf8], DataType::Binary, from_hex),
        function("from_base", vec![DataType::Utf8, DataType::Int64], DataType::Int64, from_base),
        overloaded("date_format", moments_and_format(), DataType::Utf8, date_format),
        function("date_parse", vec![DataType::Utf8, DataType::Utf8], moment(), date_parse),
    ]
}

/// Returns what `date_format` takes: a moment of any precision, or a day, and a format.
fn moments_and_format() -> Vec<TypeSignature> {
    let units = [TimeUnit::Nanosecond, TimeUnit::Microsecond, TimeUnit::Millisecond, TimeUnit::Second];
    let moments = units.map(|unit| DataType::Timestamp(unit, None)).into_iter().chain([DataType::Date32]);
    moments.map(|moment| TypeSignature::Exact(vec![moment, DataType::Utf8])).collect()
}

fn function(name: &str, arguments: Vec<DataType>, returns: DataType, body: Body) -> ScalarUDF {
    overloaded(name, vec![TypeSignature::Exact(arguments)], returns, body)
}

fn overloaded(name: &str, arguments: Vec<TypeSignature>, returns: DataType, body: Body) -> ScalarUDF {
    let run = move |values: &[ColumnarValue]| {
        let all_scalar = values.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let result = body(&ColumnarValue::values_to_arrays(values)?)?;
        match all_scalar {
            true => datafusion::scalar::ScalarValue::try_from_array(&result, 0).map(ColumnarValue::Scalar),
            false => Ok(ColumnarValue::Array(result)),
        }
    };
    let signature = Signature::one_of(arguments, Volatility::Immutable);
    ScalarUDF::from(SimpleScalarUDF::new_with_signature(name, signature, returns, Arc::new(run)))
}

fn to_utf8(columns: &[ArrayRef]) -> Result<ArrayRef> {
    Ok(cast(&columns[0], &DataType::Binary)?)
}

fn from_utf8(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let mut built = StringBuilder::new();
    for value in columns[0].as_binary::<i32>() {
        built.append_option(value.map(String::from_utf8_lossy));
    }
    Ok(Arc::new(built.finish()))
}

fn digest<D: Digest>(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let mut built = BinaryBuilder::new();
    for value in columns[0].as_binary::<i32>() {
        built.append_option(value.map(D::digest));
    }
    Ok(Arc::new(built.finish()))
}

fn to_hex(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let mut built = StringBuilder::new();
    for value in columns[0].as_binary::<i32>() {
        built.append_option(value.map(hex::encode_upper));
    }
    Ok(Arc::new(built.finish()))
}

fn from_hex(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let mut built = BinaryBuilder::new();
    for value in columns[0].as_string::<i32>() {
        let bytes = value.map(hex::decode).transpose();
        built.append_option(bytes.map_err(|error| wrong(format!("Invalid hex character: {error}")))?);
    }
    Ok(Arc::new(built.finish()))
}

fn from_base(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let mut built = Int64Builder::new();
    for (text, radix) in columns[0].as_string::<i32>().iter().zip(columns[1].as_primitive::<Int64Type>()) {
        let (Some(text), Some(radix)) = (text, radix) else {
            built.append_null();
            continue;
        };
        let radix = u32::try_from(radix).ok().filter(|radix| (2..=36).contains(radix));
        let radix = radix.ok_or_else(|| wrong("Radix must be between 2 and 36".to_owned()))?;
        let number = i64::from_str_radix(text, radix);
        built.append_value(number.map_err(|_| wrong(format!("Not a valid base-{radix} number: {text}")))?);
    }
    Ok(Arc::new(built.finish()))
}

fn date_format(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let mut built = StringBuilder::new();
    let moments = cast(&columns[0], &DataType::Timestamp(TimeUnit::Millisecond, None))?;
    let moments = moments.as_primitive::<TimestampMillisecondType>();
    for (moment, format) in moments.iter().zip(columns[1].as_string::<i32>()) {
        let (Some(moment), Some(format)) = (moment, format) else {
            built.append_null();
            continue;
        };
        let failed = |error: jiff::Error| wrong(error.to_string());
        let moment = jiff::Timestamp::from_millisecond(moment).map_err(failed)?.to_zoned(jiff::tz::TimeZone::UTC);
        built.append_value(jiff::fmt::strtime::format(pattern(format), &moment).map_err(failed)?);
    }
    Ok(Arc::new(built.finish()))
}

fn date_parse(columns: &[ArrayRef]) -> Result<ArrayRef> {
    let mut built = TimestampMillisecondBuilder::new();
    for (text, format) in columns[0].as_string::<i32>().iter().zip(columns[1].as_string::<i32>()) {
        let (Some(text), Some(format)) = (text, format) else {
            built.append_null();
            continue;
        };
        let parsed = jiff::fmt::strtime::parse(pattern(format), text)
            .and_then(|parsed| parsed.to_datetime().or_else(|_| parsed.to_date().map(|day| day.at(0, 0, 0, 0))))
            .and_then(|moment| moment.to_zoned(jiff::tz::TimeZone::UTC));
        let failed = |_| wrong(format!("Invalid format: \"{text}\" is malformed for \"{format}\""));
        built.append_value(parsed.map_err(failed)?.timestamp().as_millisecond());
    }
    Ok(Arc::new(built.finish()))
}

/// Turns MySQL's letters, which Trino uses, into those of `strftime`.
fn pattern(format: &str) -> String {
    let letters = [("%i", "%M"), ("%s", "%S"), ("%M", "%B"), ("%W", "%A"), ("%c", "%-m"), ("%e", "%-d"), ("%h", "%I")];
    let mut pattern = String::new();
    let mut rest = format;
    while let Some(letter) = rest.chars().next() {
        if let Some((mysql, strftime)) = letters.iter().find(|(mysql, _)| rest.starts_with(mysql)) {
            pattern.push_str(strftime);
            rest = &rest[mysql.len()..];
        } else {
            let taken = if letter == '%' { rest.chars().take(2).map(char::len_utf8).sum() } else { letter.len_utf8() };
            pattern.push_str(&rest[..taken]);
            rest = &rest[taken..];
        }
    }
    pattern
}

fn wrong(message: String) -> DataFusionError {
    DataFusionError::Execution(format!("INVALID_FUNCTION_ARGUMENT: {message}"))
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn patterns_are_those_of_mysql() {
        assert_eq!(pattern("%m/%d/%Y %H:%i:%s"), "%m/%d/%Y %H:%M:%S");
        assert_eq!(pattern("%W, %M %e"), "%A, %B %-d");
    }
}
