//! How a CSV file is written: what is declared counts, the rest is told from the beginning of the file.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use jiff::civil::DateTime;

use super::file::{decode, open};
use crate::pipeline::PipelineError;
use crate::pipeline::table::{ColumnType, Encoding, PipelineTable};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// How much of a file is looked at.
const SAMPLE_BYTES: u64 = 1 << 20;

/// How many records are looked at.
const SAMPLE_RECORDS: usize = 500;

const DELIMITERS: [u8; 4] = *b",;\t|";

/// The usual ways to write a moment. Some can be told apart only by a day above 12.
const DATE_FORMATS: [&str; 10] = [
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
];

/// How a file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Format {
    /// How letters are written as bytes.
    pub encoding: Encoding,
    /// What stands between two values.
    pub delimiter: u8,
    /// What stands around a value that holds a delimiter or the end of a line.
    pub quote: u8,
    /// Whether the first line names the columns.
    pub header: bool,
    /// How moments are written, in the words of `strftime`.
    pub date_format: String,
    /// What was told from the file, and by what.
    pub evidence: Vec<String>,
}

impl Format {
    /// Looks at the beginning of a file.
    ///
    /// # Errors
    /// If the file cannot be read, is empty, does not have the declared columns, or is written in a way that the
    /// beginning leaves open.
    pub(crate) fn of(pipeline: &PipelineTable, path: &Path) -> Result<Self, PipelineError> {
        let wrong = |why: String| PipelineError::Data { path: path.to_path_buf(), why };
        let mut sample = vec![];
        let file = open(path)?;
        file.take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(|error| wrong(error.to_string()))?;
        let is_whole = (sample.len() as u64) < SAMPLE_BYTES;
        Self::of_sample(pipeline, &sample, is_whole).map_err(wrong)
    }

    fn of_sample(pipeline: &PipelineTable, sample: &[u8], is_whole: bool) -> Result<Self, String> {
        let mut evidence = vec![];
        let (has_mark, sample) = match sample.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) => (true, rest),
            None => (false, sample),
        };
        if sample.is_empty() {
            return Err("the file is empty".to_owned());
        }
        let encoding = encoding(pipeline, has_mark, sample, &mut evidence);
        let quote = quote(pipeline, sample, &mut evidence);
        let delimiter = delimiter(pipeline, sample, quote, &mut evidence)?;
        let mut records = records(sample, delimiter, quote);
        if !is_whole {
            // The last record may be cut.
            records.pop();
        }
        let text = |bytes: &[u8]| decode(bytes, encoding);
        let first = records.first().map(|record| record.iter().map(text).collect::<Result<Vec<_>, _>>()).transpose()?;
        let header = header(pipeline, &first.unwrap_or_default(), &mut evidence)?;
        let rows = records.get(usize::from(header)..).unwrap_or_default();
        if rows.is_empty() {
            return Err("the file has a header and no row".to_owned());
        }
        let date_format = date_format(pipeline, rows, encoding, &mut evidence)?;
        Ok(Self { encoding, delimiter, quote, header, date_format, evidence })
    }

    /// Opens a file so that the first bytes are the first record's.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn reader(&self, path: &Path) -> Result<csv::Reader<impl Read + use<>>, PipelineError> {
        let failed = |source| PipelineError::File { path: path.to_path_buf(), source };
        let mut bytes = BufReader::with_capacity(1 << 20, open(path)?);
        if bytes.fill_buf().map_err(failed)?.starts_with(BYTE_ORDER_MARK) {
            bytes.consume(BYTE_ORDER_MARK.len());
        }
        let mut builder = csv::ReaderBuilder::new();
        builder.has_headers(self.header).flexible(true).delimiter(self.delimiter).quote(self.quote);
        Ok(builder.from_reader(bytes))
    }
}

fn encoding(pipeline: &PipelineTable, has_mark: bool, sample: &[u8], evidence: &mut Vec<String>) -> Encoding {
    if has_mark {
        // The mark is proof, whatever was declared.
        evidence.push("UTF-8: the file begins with its byte order mark".to_owned());
        return Encoding::Utf8;
    }
    if let Some(declared) = pipeline.encoding {
        return declared;
    }
    let is_utf8 = match std::str::from_utf8(sample) {
        Ok(_) => true,
        // A letter may be cut at the end of the sample.
        Err(error) => error.error_len().is_none(),
    };
    let other = sample.iter().filter(|byte| !byte.is_ascii()).count();
    match (is_utf8, other) {
        (_, 0) => Encoding::Utf8,
        (true, _) => {
            evidence.push(format!("UTF-8: {other} bytes beyond ASCII form its letters"));
            Encoding::Utf8
        }
        (false, _) => {
            evidence.push(format!("ISO-8859-1: {other} bytes beyond ASCII are not UTF-8"));
            Encoding::Latin1
        }
    }
}

fn quote(pipeline: &PipelineTable, sample: &[u8], evidence: &mut Vec<String>) -> u8 {
    if let Some(declared) = pipeline.quote.as_deref().and_then(|quote| quote.bytes().next()) {
        return declared;
    }
    // A value in single quotes stands between delimiters; an apostrophe stands inside a word.
    let pairs = sample.windows(2).filter(|pair| DELIMITERS.contains(&pair[0]) && pair[1] == b'\'').count();
    if !sample.contains(&b'"') && pairs > 1 {
        evidence.push(format!("quote ': {pairs} values begin with it, none with \""));
        return b'\'';
    }
    b'"'
}

fn delimiter(pipeline: &PipelineTable, sample: &[u8], quote: u8, evidence: &mut Vec<String>) -> Result<u8, String> {
    if let Some(declared) = pipeline.delimiter.as_deref().and_then(|delimiter| delimiter.bytes().next()) {
        return Ok(declared);
    }
    let columns = pipeline.columns.len();
    let fits = |delimiter: &u8| {
        let records = records(sample, *delimiter, quote);
        let first = records.iter().take(SAMPLE_RECORDS / 10);
        records.first().is_some_and(|record| record.len() == columns)
            || first.clone().filter(|record| record.len() == columns).count() * 2 > first.count()
    };
    let Some(found) = DELIMITERS.into_iter().find(fits) else {
        let line = sample.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line: String = String::from_utf8_lossy(line).trim_end().chars().take(100).collect();
        let names: Vec<&str> = pipeline.columns.iter().map(|column| column.name.as_str()).collect();
        return Err(format!(
            "line 1 is not the header: expected `{}`, found `{line}`, and no delimiter gives {columns} columns",
            names.join(",")
        ));
    };
    if found != b',' {
        let shown = if found == b'\t' { "tab".to_owned() } else { char::from(found).to_string() };
        evidence.push(format!("delimiter {shown}: it gives {columns} columns"));
    }
    Ok(found)
}

fn header(pipeline: &PipelineTable, first: &[String], evidence: &mut Vec<String>) -> Result<bool, String> {
    let names: Vec<&str> = pipeline.columns.iter().map(|column| column.name.as_str()).collect();
    if pipeline.header != Some(false) && *first == names {
        return Ok(true);
    }
    let has_name = first.iter().any(|value| names.contains(&value.as_str()));
    if pipeline.header == Some(false) && !has_name {
        return Ok(false);
    }
    if pipeline.header.is_none() && !has_name && looks_like_a_row(pipeline, first) {
        evidence.push("no header: line 1 holds values".to_owned());
        return Ok(false);
    }
    let (expected, found) = (names.join(","), first.join(","));
    Err(format!("line 1 is not the header: expected `{expected}`, found `{found}`"))
}

/// Where a number is declared, a header would hold a word.
fn looks_like_a_row(pipeline: &PipelineTable, values: &[String]) -> bool {
    let numbers = pipeline.columns.iter().zip(values);
    let mut numbers = numbers.filter(|(column, _)| matches!(column.r#type, ColumnType::Integer | ColumnType::Decimal));
    values.len() == pipeline.columns.len()
        && numbers.any(|(_, value)| !value.is_empty())
        && pipeline.columns.iter().zip(values).all(|(column, value)| match column.r#type {
            ColumnType::Integer | ColumnType::Decimal => value.trim().is_empty() || value.trim().parse::<f64>().is_ok(),
            ColumnType::Text | ColumnType::Timestamp => true,
        })
}

fn date_format(
    pipeline: &PipelineTable,
    rows: &[csv::ByteRecord],
    encoding: Encoding,
    evidence: &mut Vec<String>,
) -> Result<String, String> {
    if let Some(declared) = &pipeline.date_format {
        return Ok(declared.clone());
    }
    let at = pipeline.columns.iter().position(|column| column.r#type == ColumnType::Timestamp);
    let Some(at) = at else { return Ok(String::new()) };
    let values: Vec<String> = rows
        .iter()
        .filter_map(|row| row.get(at))
        .filter_map(|value| decode(value, encoding).ok())
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
        .collect();
    let fits = |format: &&&str| values.iter().all(|value| DateTime::strptime(**format, value).is_ok());
    let found: Vec<&str> = DATE_FORMATS.iter().filter(fits).copied().collect();
    let example = values.first().map(String::as_str).unwrap_or_default();
    match found[..] {
        [format] => {
            evidence.push(format!("dates as {format}: all of the first {}, such as `{example}`", values.len()));
            Ok(format.to_owned())
        }
        [] => Err(format!("dates such as `{example}` are not of a usual form: declare `date_format`")),
        [one, other, ..] => Err(format!("dates such as `{example}` may be {one} or {other}: declare `date_format`")),
    }
}

fn records(sample: &[u8], delimiter: u8, quote: u8) -> Vec<csv::ByteRecord> {
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(delimiter).quote(quote);
    builder.from_reader(sample).into_byte_records().take(SAMPLE_RECORDS).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipeline() -> PipelineTable {
        serde_json::from_value(serde_json::json!({
            "total": ["Quantity", "Price"],
            "columns": [
                { "name": "Code", "type": "text", "warehouse": "code" },
                { "name": "Quantity", "type": "integer", "warehouse": "quantity" },
                { "name": "When", "type": "timestamp", "warehouse": "moment" },
                { "name": "Price", "type": "decimal", "warehouse": "price" },
            ],
            "mysql": { "server": "a", "table": "b", "load_log": "c" },
            "staging": { "database": "a", "table": "b", "workgroup": "c" },
            "warehouse": { "cluster": "a", "table": "b" },
            "step": [],
        }))
        .unwrap()
    }

    fn told(text: &[u8]) -> Result<Format, String> {
        Format::of_sample(&pipeline(), text, true)
    }

    #[test]
    fn what_is_not_declared_is_told_with_its_evidence() {
        let found = told(b"Code;Quantity;When;Price\r\nA;1;31/12/2010 08:26;2,5\r\n").unwrap();
        assert_eq!((found.delimiter, found.header, found.date_format.as_str()), (b';', true, "%d/%m/%Y %H:%M"));
        assert_eq!(found.evidence.len(), 2, "{:?}", found.evidence);
        let found =
            told("\u{feff}'Ä',1,'2010-12-01 08:26:00',1.5\n'B',1,'2010-12-01 08:26:00',1.5\n".as_bytes()).unwrap();
        assert_eq!((found.quote, found.header, found.encoding), (b'\'', false, Encoding::Utf8));
        let found = told(b"Code,Quantity,When,Price\n\xC4,1,2010-12-01 08:26:00,1\n").unwrap();
        assert_eq!((found.encoding, found.quote), (Encoding::Latin1, b'"'));
    }

    #[test]
    fn what_stays_open_is_refused() {
        let error = |text: &[u8]| told(text).unwrap_err();
        assert!(
            error(b"Code,Quantity,When,Price\nA,1,01/02/2010 08:26,1\n").contains("%m/%d/%Y %H:%M or %d/%m/%Y %H:%M")
        );
        assert!(error(b"Code,Quantity,When,Price\nA,1,yesterday,1\n").contains("declare `date_format`"));
        assert!(error(b"Code,Quantity,Price\nA,1,1\n").ends_with("no delimiter gives 4 columns"));
        assert!(error(b"Code,Amount,When,Price\nA,1,2010-12-01 08:26:00,1\n").starts_with("line 1 is not the header"));
        assert!(error(b"Code,Quantity,When,Price\n").contains("no row") && error(b"").contains("empty"));
    }
}
