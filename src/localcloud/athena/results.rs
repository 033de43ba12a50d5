//! Results of a query: the CSV file that goes to S3, and beside it the rows that `GetQueryResults` pages through.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::localcloud::Home;

/// One value; `None` is NULL.
pub(super) type Cell = Option<String>;

/// Rows as the API shows them, and where the next ones begin.
pub(super) struct Page {
    pub(super) rows: Vec<Value>,
    pub(super) next: Option<usize>,
}

/// Writes both files row by row.
pub(super) struct Writer {
    csv: BufWriter<File>,
    rows: BufWriter<File>,
    csv_path: PathBuf,
}

fn rows_path(home: &Home, identifier: &str) -> PathBuf {
    home.engine("athena", "results").join(format!("{identifier}.rows"))
}

impl Writer {
    /// Opens the files of a query.
    pub(super) fn create(home: &Home, identifier: &str) -> std::io::Result<Self> {
        let rows_path = rows_path(home, identifier);
        let csv_path = rows_path.with_extension("csv");
        if let Some(folder) = rows_path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let csv = BufWriter::new(File::create(&csv_path)?);
        Ok(Self { csv, rows: BufWriter::new(File::create(rows_path)?), csv_path })
    }

    /// Adds one row; the first names the columns.
    pub(super) fn row(&mut self, cells: &[Cell]) -> std::io::Result<()> {
        // Athena quotes every value and writes nothing at all for NULL.
        let quoted = cells
            .iter()
            .map(|cell| cell.as_ref().map(|text| format!("\"{}\"", text.replace('"', "\"\""))).unwrap_or_default());
        writeln!(self.csv, "{}", quoted.collect::<Vec<_>>().join(","))?;
        serde_json::to_writer(&mut self.rows, cells)?;
        writeln!(self.rows)
    }

    /// Finishes the files and returns the CSV's path.
    pub(super) fn finish(mut self) -> std::io::Result<PathBuf> {
        self.csv.flush()?;
        self.rows.flush()?;
        Ok(self.csv_path)
    }
}

/// Reads a page of rows; the row of column names is the first.
pub(super) fn read(home: &Home, identifier: &str, start: usize, limit: usize) -> std::io::Result<Page> {
    let mut lines = BufReader::new(File::open(rows_path(home, identifier))?).lines().skip(start);
    let mut rows = vec![];
    for line in lines.by_ref().take(limit) {
        let cells: Vec<Cell> = serde_json::from_str(&line?)?;
        let data: Vec<Value> = cells
            .into_iter()
            .map(|cell| cell.map_or_else(|| json!({}), |text| json!({ "VarCharValue": text })))
            .collect();
        rows.push(json!({ "Data": data }));
    }
    let next = lines.next().map(|_| start + rows.len());
    Ok(Page { rows, next })
}

/// Removes what is left of a query.
pub(super) fn forget(home: &Home, identifier: &str) {
    let rows = rows_path(home, identifier);
    for path in [rows.with_extension("csv"), rows] {
        remove(&path);
    }
}

/// Removes a file that need not be there.
pub(super) fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "could not remove a result");
        }
        _ => {}
    }
}
