//! Values as Athena writes them.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;

/// The columns of a batch, ready to be read row by row.
pub(super) struct Columns(Vec<Column>);

enum Column {
    /// Already the text that is wanted.
    Text(ArrayRef),
    Double(ArrayRef),
    Binary(ArrayRef),
    /// Text that arrow's own formatter writes well.
    Other(Vec<Option<String>>),
}

impl Columns {
    pub(super) fn of(batch: &RecordBatch) -> Result<Self, DataFusionError> {
        batch.columns().iter().map(column).collect::<Result<Vec<_>, _>>().map(Self)
    }

    /// Returns the values of a row.
    pub(super) fn row(&self, row: usize) -> Vec<Option<String>> {
        self.0.iter().map(|column| column.value(row)).collect()
    }
}

impl Column {
    fn value(&self, row: usize) -> Option<String> {
        match self {
            Self::Text(array) => array.is_valid(row).then(|| array.as_string::<i32>().value(row).to_owned()),
            Self::Double(array) => array.is_valid(row).then(|| double(array.as_primitive::<Float64Type>().value(row))),
            Self::Binary(array) => array.is_valid(row).then(|| {
                let bytes = array.as_binary::<i32>().value(row);
                bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
            }),
            Self::Other(values) => values[row].clone(),
        }
    }
}

fn column(array: &ArrayRef) -> Result<Column, DataFusionError> {
    Ok(match array.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Column::Text(cast(array, &DataType::Utf8)?),
        DataType::Float64 | DataType::Float32 => Column::Double(cast(array, &DataType::Float64)?),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            Column::Binary(cast(array, &DataType::Binary)?)
        }
        _ => Column::Other(formatted(array)?),
    })
}

fn formatted(array: &ArrayRef) -> Result<Vec<Option<String>>, DataFusionError> {
    let options = FormatOptions::default().with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.3f"));
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options)?;
    // A column of NULL alone has no bitmap that says so.
    let nulls = array.logical_nulls();
    let is_valid = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    let value = |row: usize| is_valid(row).then(|| formatter.value(row).try_to_string()).transpose();
    (0..array.len()).map(value).collect::<Result<_, _>>().map_err(DataFusionError::from)
}

/// Writes a double as Java does: plain between a thousandth and ten millions, else with an exponent.
fn double(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-3..1e7).contains(&size) || !value.is_finite() {
        return match format!("{value:?}").as_str() {
            "inf" => "Infinity".to_owned(),
            "-inf" => "-Infinity".to_owned(),
            plain => plain.to_owned(),
        };
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::double;

    #[test]
    fn doubles_look_as_in_java() {
        let written = [0.0, 1.0, 9_747_747.934, 1e7, 12_345_678.9, 0.0001, -2.5].map(double);
        assert_eq!(written, ["0.0", "1.0", "9747747.934", "1.0E7", "1.23456789E7", "1.0E-4", "-2.5"]);
    }
}
