//! What a sample of a text file says about its columns.

use serde_json::{Map, Value, json};

use super::found::{Column, Format};

const OPEN_CSV: &str = "org.apache.hadoop.hive.serde2.OpenCSVSerde";
const LAZY_SIMPLE: &str = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";

/// A sample that was understood.
#[derive(Debug)]
pub(super) struct Sampled {
    pub(super) columns: Vec<Column>,
    pub(super) format: Format,
    pub(super) parameters: Map<String, Value>,
}

/// How a sample is to be read.
struct Reading {
    delimiter: u8,
    quote: Option<u8>,
    /// Whether the first line names the columns; `None` lets the sample decide.
    header: Option<bool>,
    names: Vec<String>,
    least_columns: usize,
    open_csv: bool,
}

/// Reads a sample with the custom classifiers in their order, then as Glue's own classifier does.
pub(super) fn sample(text: &str, classifiers: &[Value]) -> Option<Sampled> {
    let custom = classifiers.iter().map(|classifier| custom(&classifier["CsvClassifier"]));
    let own = [b',', b'|', b'\t', b';', 1].map(|delimiter| Reading {
        delimiter,
        quote: Some(b'"'),
        header: None,
        names: vec![],
        least_columns: 2,
        open_csv: false,
    });
    custom.chain(own).find_map(|reading| read(text, &reading))
}

fn custom(classifier: &Value) -> Reading {
    let symbol = |member: &str| classifier[member].as_str().and_then(|text| text.bytes().next());
    let names = super::super::refused::texts(&classifier["Header"]);
    Reading {
        delimiter: symbol("Delimiter").unwrap_or(b','),
        quote: symbol("QuoteSymbol").or(Some(b'"')),
        header: match classifier["ContainsHeader"].as_str() {
            Some("PRESENT") => Some(true),
            Some("ABSENT") => Some(false),
            _ => None,
        },
        names,
        least_columns: if classifier["AllowSingleColumn"] == json!(true) { 1 } else { 2 },
        open_csv: classifier["Serde"] != "LazySimpleSerDe",
    }
}

fn read(text: &str, reading: &Reading) -> Option<Sampled> {
    let rows = rows(text, reading)?;
    let width = rows.first()?.len();
    let minimum_rows = if reading.header.is_some() { 1 } else { 2 };
    if width < reading.least_columns || rows.len() < minimum_rows || rows.iter().any(|row| row.len() != width) {
        return None;
    }
    let has_header = reading.header.unwrap_or_else(|| looks_like_header(&rows));
    let body = if has_header { &rows[1..] } else { &rows[..] };
    let columns = (0..width).map(|index| {
        let name = match (reading.names.get(index), has_header) {
            (Some(name), _) => name.clone(),
            (None, true) => rows[0][index].trim().to_owned(),
            (None, false) => format!("col{index}"),
        };
        let kind = if reading.open_csv { "string" } else { kind(body.iter().map(|row| row[index].as_str())) };
        Column::new(&name, kind)
    });
    Some(Sampled { columns: columns.collect(), format: format(reading), parameters: parameters(reading, has_header) })
}

/// Returns the whole rows of the sample, whose last line may be cut.
fn rows(text: &str, reading: &Reading) -> Option<Vec<Vec<String>>> {
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(reading.delimiter);
    builder.quoting(reading.quote.is_some()).quote(reading.quote.unwrap_or(b'"'));
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = builder.from_reader(text.as_bytes());
    let mut rows = vec![];
    for record in reader.records() {
        rows.push(record.ok()?.iter().map(str::to_owned).collect());
    }
    if !text.ends_with('\n') && rows.len() > 2 {
        rows.pop();
    }
    Some(rows)
}

/// Glue takes the first line for a header if it is all text and some column below it is not.
fn looks_like_header(rows: &[Vec<String>]) -> bool {
    let all_text = rows[0].iter().all(|value| !value.is_empty() && kind([value.as_str()].into_iter()) == "string");
    let width = rows[0].len();
    all_text && (0..width).any(|index| kind(rows[1..].iter().map(|row| row[index].as_str())) != "string")
}

/// Returns the narrowest of `bigint`, `double` and `string` that takes every value; empty ones take any.
fn kind<'a>(values: impl Iterator<Item = &'a str> + Clone) -> &'static str {
    let given = || values.clone().filter(|value| !value.is_empty());
    if given().next().is_none() {
        "string"
    } else if given().all(|value| value.parse::<i64>().is_ok()) {
        "bigint"
    } else if given().all(|value| value.parse::<f64>().is_ok_and(f64::is_finite)) {
        "double"
    } else {
        "string"
    }
}

fn format(reading: &Reading) -> Format {
    let delimiter = char::from(reading.delimiter).to_string();
    let mut serde_parameters = Map::new();
    if reading.open_csv {
        serde_parameters.insert("separatorChar".to_owned(), json!(delimiter));
        let quote = char::from(reading.quote.unwrap_or(b'"')).to_string();
        serde_parameters.insert("quoteChar".to_owned(), json!(quote));
    } else {
        serde_parameters.insert("field.delim".to_owned(), json!(delimiter));
    }
    Format {
        input: "org.apache.hadoop.mapred.TextInputFormat",
        output: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        serde: if reading.open_csv { OPEN_CSV } else { LAZY_SIMPLE },
        serde_parameters,
    }
}

fn parameters(reading: &Reading, has_header: bool) -> Map<String, Value> {
    let mut parameters = Map::new();
    let mut set = |key: &str, value: &str| parameters.insert(key.to_owned(), json!(value));
    set("classification", "csv");
    set("columnsOrdered", "true");
    set("areColumnsQuoted", if reading.open_csv { "true" } else { "false" });
    set("delimiter", &char::from(reading.delimiter).to_string());
    if has_header {
        set("skip.header.line.count", "1");
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(sampled: &Sampled) -> Vec<String> {
        sampled.columns.iter().map(|column| format!("{} {}", column.name, column.kind)).collect()
    }

    #[test]
    fn a_header_above_numbers_is_seen() {
        let sampled = sample("Id,Price,Name\n1,2.5,a\n2,,\"b,c\"\n", &[]).expect("it is CSV");
        assert_eq!(kinds(&sampled), ["id bigint", "price double", "name string"]);
        assert_eq!(sampled.format.serde, LAZY_SIMPLE);
    }

    #[test]
    fn a_custom_classifier_makes_every_column_a_string() {
        let classifier = json!({ "CsvClassifier": { "Delimiter": ",", "ContainsHeader": "PRESENT" } });
        let sampled = sample("Id,Price\n1,2.5\n", &[classifier]).expect("it is CSV");
        assert_eq!(kinds(&sampled), ["id string", "price string"]);
        assert_eq!(sampled.format.serde, OPEN_CSV);
        assert_eq!(sampled.parameters["skip.header.line.count"], "1");
    }

    #[test]
    fn text_without_columns_is_no_table() {
        assert!(sample("one\ntwo\n", &[]).is_none());
        assert!(sample("a,b\nc\n", &[]).is_none());
    }
}
