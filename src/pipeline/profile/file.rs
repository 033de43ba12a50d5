//! The profile of the file itself, computed here and independently of the loader.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use flate2::read::MultiGzDecoder;
use jiff::civil::DateTime;
use md5::{Digest, Md5};
use rust_decimal::Decimal;

use super::{Distinct, Profile};
use crate::pipeline::PipelineError;
use crate::pipeline::table::{Column, ColumnType, Encoding, PipelineTable};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Opens a plain or gzipped file.
///
/// # Errors
/// If it cannot be opened.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read + Send>, PipelineError> {
    let file = File::open(path).map_err(|source| PipelineError::File { path: path.to_path_buf(), source })?;
    let is_gzip = path.extension().is_some_and(|extension| extension == "gz");
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(BufReader::new(file))) } else { Box::new(BufReader::new(file)) })
}

/// Checks what can be seen before anything is sent: the header, and that a row follows it.
///
/// # Errors
/// If the file cannot be read, is empty, begins with something else than the declared columns, or holds no row.
pub(crate) fn check_header(pipeline: &PipelineTable, path: &Path) -> Result<(), PipelineError> {
    let wrong = |why: String| PipelineError::Data { path: path.to_path_buf(), why };
    let mut bytes = BufReader::new(open(path)?);
    let encoding = encoding(pipeline, &mut bytes).map_err(|error| wrong(error.to_string()))?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut records = reader.byte_records();
    let Some(first) = records.next() else { return Err(wrong("the file is empty".into())) };
    let first = first.map_err(|error| wrong(error.to_string()))?;
    let found: Result<Vec<String>, String> = first.iter().map(|name| decode(name, encoding)).collect();
    let (found, expected) = (found.map_err(wrong)?, pipeline.columns.iter().map(|column| column.name.as_str()));
    let expected: Vec<&str> = expected.collect();
    if found != expected {
        let (expected, found) = (expected.join(","), found.join(","));
        return Err(wrong(format!("line 1 is not the header: expected `{expected}`, found `{found}`")));
    }
    match records.next() {
        Some(_) => Ok(()),
        None => Err(wrong("the file has a header and no row".into())),
    }
}

/// Measures the rows of all files together, without the lines of each that the loader put aside.
///
/// # Errors
/// If a file cannot be read, or holds a value that the loader should have put aside.
pub(crate) fn profile_files(
    pipeline: &PipelineTable,
    files: &[(PathBuf, BTreeSet<u64>)],
) -> Result<Profile, PipelineError> {
    let mut sums = Sums::new(pipeline);
    for (path, rejected) in files {
        add_file(&mut sums, path, rejected)?;
    }
    Ok(sums.finish())
}

fn add_file(sums: &mut Sums<'_>, path: &Path, rejected: &BTreeSet<u64>) -> Result<(), PipelineError> {
    let pipeline = sums.pipeline;
    let wrong = |why: String| PipelineError::Data { path: path.to_path_buf(), why };
    let mut bytes = std::io::BufReader::with_capacity(1 << 20, open(path)?);
    let encoding = encoding(pipeline, &mut bytes).map_err(|error| wrong(error.to_string()))?;
    let mut reader = csv::ReaderBuilder::new().has_headers(true).flexible(true).from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    reader.byte_headers().map_err(|error| wrong(error.to_string()))?;
    while reader.read_byte_record(&mut record).map_err(|error| wrong(error.to_string()))? {
        let line = record.position().map_or(0, csv::Position::line);
        if !rejected.contains(&line) {
            sums.add(&record, encoding).map_err(|why| wrong(format!("line {line}: {why}")))?;
        }
    }
    Ok(())
}

/// Skips a byte order mark, which says UTF-8 whatever was declared.
fn encoding(pipeline: &PipelineTable, bytes: &mut impl std::io::BufRead) -> std::io::Result<Encoding> {
    if bytes.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
        bytes.consume(BYTE_ORDER_MARK.len());
        return Ok(Encoding::Utf8);
    }
    Ok(pipeline.encoding)
}

struct Sums<'a> {
    pipeline: &'a PipelineTable,
    total_at: [usize; 2],
    rows: u64,
    total: Decimal,
    numbers: Vec<Decimal>,
    fingerprints: Vec<u64>,
    row_fingerprint: u64,
    distinct: Vec<HashSet<String>>,
    date_of: (String, String),
}

impl<'a> Sums<'a> {
    fn new(pipeline: &'a PipelineTable) -> Self {
        let at = |name: &String| pipeline.columns.iter().position(|column| column.name == *name).unwrap_or_default();
        let count = pipeline.columns.len();
        Self {
            pipeline,
            total_at: [at(&pipeline.total[0]), at(&pipeline.total[1])],
            rows: 0,
            total: Decimal::ZERO,
            numbers: vec![Decimal::ZERO; count],
            fingerprints: vec![0; count],
            row_fingerprint: 0,
            distinct: vec![HashSet::new(); count],
            date_of: (String::new(), String::new()),
        }
    }

    fn add(&mut self, record: &csv::ByteRecord, encoding: Encoding) -> Result<(), String> {
        let columns = &self.pipeline.columns;
        if record.len() != columns.len() {
            return Err(format!("{} fields instead of {}", record.len(), columns.len()));
        }
        let mut row = String::new();
        let mut numbers = vec![None; columns.len()];
        for (at, (column, bytes)) in columns.iter().zip(record).enumerate() {
            let raw = decode(bytes, encoding)?;
            let (text, number) = self.canonical(column, raw)?;
            if at > 0 {
                row.push('|');
            }
            row.push_str(&text);
            self.fingerprints[at] += hash(&text);
            self.numbers[at] += number.unwrap_or_default();
            numbers[at] = number;
            if column.distinct.is_some() && !text.is_empty() && !self.distinct[at].contains(&text) {
                self.distinct[at].insert(text);
            }
        }
        self.rows += 1;
        self.row_fingerprint += hash(&row);
        let [left, right] = self.total_at;
        if let (Some(left), Some(right)) = (numbers[left], numbers[right]) {
            self.total += left * right;
        }
        Ok(())
    }

    /// Returns the text by which every hop is compared, and the number in it.
    fn canonical(&mut self, column: &Column, raw: String) -> Result<(String, Option<Decimal>), String> {
        let is_wrong = |_| format!("`{raw}` is no value for {}", column.name);
        match column.r#type {
            ColumnType::Text => Ok((raw, None)),
            _ if raw.is_empty() => Ok((raw, None)),
            ColumnType::Integer => {
                let number = i64::from_str(raw.trim()).map_err(|error| is_wrong(error.to_string()))?;
                Ok((number.to_string(), Some(Decimal::from(number))))
            }
            ColumnType::Decimal => {
                let number = Decimal::from_str(raw.trim()).or_else(|_| Decimal::from_scientific(raw.trim()));
                let number = number.map_err(|error| is_wrong(error.to_string()))?;
                Ok((format!("{number:.4}"), Some(number)))
            }
            ColumnType::Timestamp => {
                // Rows of one invoice stand together and have one date.
                if self.date_of.0 != raw {
                    let date = DateTime::strptime(&self.pipeline.date_format, raw.trim());
                    let date = date.map_err(|error| is_wrong(error.to_string()))?;
                    self.date_of = (raw.clone(), date.strftime("%Y-%m-%d %H:%M:%S").to_string());
                }
                Ok((self.date_of.1.clone(), None))
            }
        }
    }

    fn finish(self) -> Profile {
        let columns = &self.pipeline.columns;
        let named = columns.iter().zip(self.fingerprints).map(|(column, sum)| (column.name.clone(), sum.into()));
        let numbers = columns.iter().zip(self.numbers);
        let is_number = |column: &Column| matches!(column.r#type, ColumnType::Integer | ColumnType::Decimal);
        let numbers = numbers.filter(|(column, _)| is_number(column));
        let counted = columns.iter().zip(self.distinct);
        Profile {
            rows: self.rows,
            total: self.total.normalize(),
            sums: numbers.map(|(column, sum)| (column.name.clone(), sum.normalize())).collect(),
            fingerprints: named.chain([("*".to_owned(), self.row_fingerprint.into())]).collect(),
            distinct: counted
                .filter_map(|(column, values)| {
                    Some(Distinct { what: column.distinct.clone()?, count: values.len() as u64 })
                })
                .collect(),
        }
    }
}

fn decode(bytes: &[u8], encoding: Encoding) -> Result<String, String> {
    match encoding {
        // The first 256 code points of Unicode are ISO-8859-1.
        Encoding::Latin1 => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Encoding::Utf8 => String::from_utf8(bytes.to_vec()).map_err(|_| "not UTF-8".to_owned()),
    }
}

fn hash(text: &str) -> u64 {
    let digest = Md5::digest(text.as_bytes());
    u64::from(u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]))
}
