//! Reads one object of a load: unpacked, cut into fields, checked, and sent on in blocks.

use std::io::{BufRead, BufReader, Read};

use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use flate2::read::MultiGzDecoder;
use tokio::sync::mpsc::{Receiver, Sender};

use super::error_log::BadLine;
use super::rows::{Rules, Target, bad_line, write};
use crate::localcloud::redshift::sql::Format;

/// How many bytes go to the server at once.
const BLOCK: usize = 256 * 1024;

/// What is needed to read an object, apart from its bytes.
#[derive(Debug, Clone)]
pub(super) struct Recipe {
    pub(super) file: String,
    pub(super) format: Format,
    pub(super) header_lines: u64,
    pub(super) gzip: bool,
    pub(super) targets: Vec<Target>,
    pub(super) rules: Rules,
}

/// Why reading ended early.
#[derive(Debug)]
pub(super) enum ReadError {
    /// A line is bad.
    Bad(Box<BadLine>),
    /// The object cannot be read.
    Object(String),
    /// Nobody takes the rows any more.
    Closed,
}

/// Where the rows of an object came from: for runs of rows, how far the line is from the row's number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lines {
    runs: Vec<(u64, u64)>,
    pub(super) rows: u64,
}

impl Lines {
    fn push(&mut self, line: u64) {
        let ahead = line - self.rows;
        if self.runs.last().is_none_or(|(_, known)| *known != ahead) {
            self.runs.push((self.rows, ahead));
        }
        self.rows += 1;
    }

    /// Returns the line of a row, counted from 0.
    pub(super) fn of(&self, row: u64) -> u64 {
        let run = self.runs.partition_point(|(first, _)| *first <= row);
        row + run.checked_sub(1).map_or(0, |run| self.runs[run].1)
    }
}

/// Bytes that come from an asynchronous stream, read where blocking is allowed.
pub(super) struct Blocks {
    pub(super) receiver: Receiver<std::io::Result<Bytes>>,
    pub(super) current: Bytes,
}

impl Read for Blocks {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.current.is_empty() {
            match self.receiver.blocking_recv() {
                Some(block) => self.current = block?,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.current.len());
        buffer[..count].copy_from_slice(&self.current.split_to(count));
        Ok(count)
    }
}

/// Reads an object to its end and sends its rows on. Blocks; not for the runtime's own threads.
pub(super) fn read(recipe: &Recipe, source: Blocks, sender: &Sender<Bytes>) -> Result<Lines, ReadError> {
    match recipe.format {
        Format::Parquet => read_parquet(recipe, source, sender),
        Format::Delimited { delimiter, quote } if recipe.gzip => {
            read_delimited(recipe, (delimiter, quote), MultiGzDecoder::new(source), sender)
        }
        Format::Delimited { delimiter, quote } => read_delimited(recipe, (delimiter, quote), source, sender),
    }
}

fn read_delimited(
    recipe: &Recipe,
    (delimiter, quote): (u8, Option<u8>),
    source: impl Read,
    sender: &Sender<Bytes>,
) -> Result<Lines, ReadError> {
    let object = |error: std::io::Error| ReadError::Object(error.to_string());
    let mut source = BufReader::with_capacity(BLOCK, source);
    for _ in 0..recipe.header_lines {
        source.skip_until(b'\n').map_err(object)?;
    }
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(delimiter).quoting(quote.is_some());
    let mut reader = builder.quote(quote.unwrap_or(b'"')).from_reader(source);
    let mut record = csv::ByteRecord::new();
    let mut out = Vec::with_capacity(BLOCK + 4096);
    let mut lines = Lines::default();
    loop {
        let more = reader.read_byte_record(&mut record).map_err(|error| ReadError::Object(error.to_string()))?;
        if !more {
            break;
        }
        let line = record.position().map_or(0, csv::Position::line) + recipe.header_lines;
        write(&mut out, &recipe.targets, &recipe.rules, record.iter())
            .map_err(|wrong| ReadError::Bad(Box::new(bad_line(&recipe.targets, wrong, &recipe.file, line))))?;
        lines.push(line);
        send_full(&mut out, sender)?;
    }
    send(&mut out, sender)?;
    Ok(lines)
}

fn read_parquet(recipe: &Recipe, mut source: Blocks, sender: &Sender<Bytes>) -> Result<Lines, ReadError> {
    let object = |error: String| ReadError::Object(error);
    let mut whole = Vec::new();
    source.read_to_end(&mut whole).map_err(|error| object(error.to_string()))?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(Bytes::from(whole)).map_err(|error| object(error.to_string()))?;
    let batches = builder.build().map_err(|error| object(error.to_string()))?;
    let mut out = Vec::with_capacity(BLOCK + 4096);
    let mut lines = Lines::default();
    for batch in batches {
        let batch = batch.map_err(|error| object(error.to_string()))?;
        write_batch(recipe, &batch, &mut out, &mut lines)?;
        send_full(&mut out, sender)?;
    }
    send(&mut out, sender)?;
    Ok(lines)
}

fn write_batch(recipe: &Recipe, batch: &RecordBatch, out: &mut Vec<u8>, lines: &mut Lines) -> Result<(), ReadError> {
    if batch.num_columns() != recipe.targets.len() {
        let reason = format!(
            "Spectrum Scan Error: {} has {} columns, the table {}",
            recipe.file,
            batch.num_columns(),
            recipe.targets.len()
        );
        return Err(ReadError::Object(reason));
    }
    let options = FormatOptions::new();
    let columns: Result<Vec<ArrayFormatter<'_>>, _> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options)).collect();
    let columns = columns.map_err(|error| ReadError::Object(error.to_string()))?;
    for row in 0..batch.num_rows() {
        let values: Vec<Vec<u8>> = columns
            .iter()
            .zip(batch.columns())
            .map(|(column, array)| {
                if array.is_null(row) { recipe.rules.null.clone() } else { column.value(row).to_string().into_bytes() }
            })
            .collect();
        let line = lines.rows + 1;
        write(out, &recipe.targets, &recipe.rules, values.iter().map(Vec::as_slice))
            .map_err(|wrong| ReadError::Bad(Box::new(bad_line(&recipe.targets, wrong, &recipe.file, line))))?;
        lines.push(line);
    }
    Ok(())
}

fn send_full(out: &mut Vec<u8>, sender: &Sender<Bytes>) -> Result<(), ReadError> {
    if out.len() < BLOCK { Ok(()) } else { send(out, sender) }
}

fn send(out: &mut Vec<u8>, sender: &Sender<Bytes>) -> Result<(), ReadError> {
    if out.is_empty() {
        return Ok(());
    }
    let block = std::mem::replace(out, Vec::with_capacity(BLOCK + 4096));
    sender.blocking_send(Bytes::from(block)).map_err(|_| ReadError::Closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_find_back_to_their_lines() {
        let mut lines = Lines::default();
        // A header, and a quoted line break in the second row.
        for line in [2, 3, 5, 6] {
            lines.push(line);
        }
        assert_eq!([0, 1, 2, 3].map(|row| lines.of(row)), [2, 3, 5, 6]);
        assert_eq!(lines.runs.len(), 2);
    }
}
