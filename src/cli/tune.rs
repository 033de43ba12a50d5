//! `stack tune`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::args::Global;
use super::session::load;
use super::{Exit, Outcome};
use crate::diag::{Class, Diagnostic};
use crate::kinds::mysql::{Mysql, class};
use crate::model::KeyPath;
use crate::spec::{self, Stack};
use crate::tune::{Server, advise, data_bytes};
use crate::ui::{Ui, suggestions_text};

/// Options of `stack tune`.
#[derive(Debug, Args)]
pub struct TuneArgs {
    #[command(subcommand)]
    command: TuneCommand,
}

#[derive(Debug, Subcommand)]
enum TuneCommand {
    /// Suggest server parameters from the memory of the class and the size of a file, with the reason of each
    Mysql(MysqlArgs),
}

/// Options of `stack tune mysql`.
#[derive(Debug, Args)]
struct MysqlArgs {
    /// The instance, such as `mysql.sales`; default: the only one
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,
    /// The file that will be loaded, plain or gzipped
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Write the suggestions into the stack file
    #[arg(long)]
    write: bool,
}

/// Suggests values.
pub(super) fn run(ui: Ui, global: &Global, args: &TuneArgs) -> Outcome {
    match &args.command {
        TuneCommand::Mysql(args) => mysql(ui, global, args),
    }
}

fn mysql(ui: Ui, global: &Global, args: &MysqlArgs) -> Outcome {
    let stack = load(ui, global)?;
    let name = instance(&stack, args.address.as_deref())?;
    let Some(table) = stack.declared.get::<Mysql>(&name) else { return Ok(Exit::Bug) };
    let Some(class) = class(&table.class) else {
        let message = format!("the memory of `{}` is not known, so nothing can be suggested", table.class);
        return Err(vec![Diagnostic::error(Class::Refused, message)]);
    };
    let size =
        args.data.as_ref().map(|path| data_bytes(path).map_err(|error| cannot_read(path, &error))).transpose()?;
    let suggestions = advise(&Server { table, class, data_bytes: size });
    let origin = KeyPath::new(["mysql", name.as_str(), "parameters"]);
    let changes: Vec<(String, Value)> =
        suggestions.iter().filter(|one| one.is_change()).map(|one| (one.name.to_owned(), one.value.clone())).collect();
    let written = if args.write { spec::write(stack.document.file(), &origin, &changes)? } else { vec![] };
    let path = stack.document.file().display().to_string();
    let mut text = suggestions_text(&origin.to_string(), &suggestions);
    for change in &written {
        let new = change.new.as_deref().unwrap_or_default();
        let old = if change.old.is_empty() { "added".to_owned() } else { format!("was {}", change.old) };
        text.push_str(&format!("{path}:{}: {new} ({old})\n", change.line));
    }
    text.push_str(&last_line(&path, args.write, changes.len()));
    let all: Vec<Value> = suggestions.iter().map(Value::from).collect::<Vec<Value>>();
    let answer = json!({
        "version": 1,
        "address": format!("mysql.{name}"),
        "class": table.class,
        "memory_mib": class.memory_mib,
        "data_bytes": size,
        "parameters": all,
        "written": written.len(),
    });
    ui.answer(&text, &answer);
    Ok(Exit::Done)
}

fn last_line(path: &str, is_written: bool, changes: usize) -> String {
    match (changes, is_written) {
        (0, _) => "\nthe stack file says what is suggested".to_owned(),
        (_, true) => format!("{} written; `stack up` brings them to the server", count(changes)),
        (_, false) => format!("\n{} suggested; `--write` puts them into `{path}`", count(changes)),
    }
}

fn count(changes: usize) -> String {
    format!("{changes} value{}", if changes == 1 { "" } else { "s" })
}

/// Returns the name of the table that is meant.
fn instance(stack: &Stack, address: Option<&str>) -> Result<String, Vec<Diagnostic>> {
    let known = stack.declared.names("mysql");
    let list = || known.iter().map(|name| format!("`mysql.{name}`")).collect::<Vec<_>>().join(", ");
    let usage = |message: String, hint: String| vec![Diagnostic::error(Class::Usage, message).hint(hint)];
    match (address, known.as_slice()) {
        (_, []) => {
            let message = "the stack file has no MySQL instance".to_owned();
            Err(vec![Diagnostic::error(Class::Usage, message)])
        }
        (None, [only]) => Ok((*only).to_owned()),
        (None, _) => Err(usage("there are several instances".to_owned(), format!("name one of {}", list()))),
        (Some(address), _) => {
            let name = known.iter().find(|name| address.strip_prefix("mysql.") == Some(**name));
            let message = format!("there is no instance `{address}`");
            name.map(|name| (*name).to_owned()).ok_or_else(|| usage(message, format!("name one of {}", list())))
        }
    }
}

fn cannot_read(path: &std::path::Path, error: &std::io::Error) -> Vec<Diagnostic> {
    let mut diagnostic = Diagnostic::error(Class::Usage, format!("cannot read `{}`", path.display()));
    diagnostic.causes.push(error.to_string());
    vec![diagnostic]
}
