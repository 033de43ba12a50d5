//! `stack tune`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::args::Global;
use super::session::load;
use super::tune_lambda::LambdaArgs;
use super::{Exit, Outcome, tune_lambda};
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
    /// Load a file at several memory sizes of the loader, and show time and cost of each
    Lambda(LambdaArgs),
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
pub(super) async fn run(ui: Ui, global: &Global, args: &TuneArgs) -> Outcome {
    match &args.command {
        TuneCommand::Mysql(args) => mysql(ui, global, args),
        TuneCommand::Lambda(args) => tune_lambda::run(ui, global, args).await,
    }
}

fn mysql(ui: Ui, global: &Global, args: &MysqlArgs) -> Outcome {
    let stack = load(ui, global)?;
    let name = meant(&stack, "mysql", args.address.as_deref())?;
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
    let all: Vec<Value> = suggestions.iter().map(Value::from).collect();
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

/// Returns the name of the table that is meant: the one of an address, or the only one of its kind.
pub(super) fn meant(stack: &Stack, kind: &str, address: Option<&str>) -> Result<String, Vec<Diagnostic>> {
    let known = stack.declared.names(kind);
    let hint = match known.as_slice() {
        [] => format!("the stack file has no `[{kind}.NAME]`"),
        names => {
            let names = names.iter().map(|name| format!("`{kind}.{name}`"));
            format!("name one of {}", names.collect::<Vec<_>>().join(", "))
        }
    };
    let found = match (address, known.as_slice()) {
        (None, [only]) => Some(*only),
        (None, _) => None,
        (Some(address), names) => {
            let wanted = address.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.'));
            names.iter().find(|name| wanted == Some(**name)).copied()
        }
    };
    found.map(str::to_owned).ok_or_else(|| {
        let message = match address {
            Some(address) => format!("there is no `{address}` to tune"),
            None => format!("it is not clear which `{kind}` is meant"),
        };
        vec![Diagnostic::error(Class::Usage, message).hint(hint)]
    })
}

pub(super) fn cannot_read(path: &std::path::Path, error: &std::io::Error) -> Vec<Diagnostic> {
    let mut diagnostic = Diagnostic::error(Class::Usage, format!("cannot read `{}`", path.display()));
    diagnostic.causes.push(error.to_string());
    vec![diagnostic]
}
