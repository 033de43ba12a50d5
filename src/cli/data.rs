//! `stack data`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Exit, Outcome};
use crate::diag::{Class, Diagnostic};
use crate::pipeline::sample;
use crate::ui::{Ui, grouped};

/// Options of `stack data`.
#[derive(Debug, Args)]
pub struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    /// Write a CSV file with the columns, the encoding and the flaws of the real data set
    Generate {
        /// The file; `.gz` at its end zips it
        file: PathBuf,
        /// How many rows
        #[arg(long, default_value_t = sample::REAL_ROWS)]
        rows: u64,
        /// The same seed gives the same bytes
        #[arg(long, default_value_t = 2010)]
        seed: u64,
    },
}

/// Makes data.
pub(super) fn run(ui: Ui, args: &DataArgs) -> Outcome {
    let DataCommand::Generate { file, rows, seed } = &args.command;
    let written = write(file, *rows, *seed);
    written.map_err(|error| {
        let mut diagnostic = Diagnostic::error(Class::Failed, format!("cannot write `{}`", file.display()));
        diagnostic.causes.push(error.to_string());
        vec![diagnostic]
    })?;
    ui.status("Generated", &format!("{} rows in `{}`", grouped(&rows.to_string()), file.display()));
    Ok(Exit::Done)
}

fn write(file: &PathBuf, rows: u64, seed: u64) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    if file.extension().is_some_and(|extension| extension == "gz") {
        let mut zipped = GzEncoder::new(&mut out, Compression::default());
        sample::write(&mut zipped, rows, seed)?;
        zipped.finish()?;
    } else {
        sample::write(&mut out, rows, seed)?;
    }
    out.flush()
}
