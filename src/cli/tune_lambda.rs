//! `stack tune lambda`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use serde_json::json;

use super::args::Global;
use super::ending::tell_running_of;
use super::lock::Lock;
use super::session::{Session, ask, one};
use super::stop::interrupted;
use super::tune::{cannot_read, meant};
use super::{Exit, Outcome};
use crate::apply::Look;
use crate::diag::{Class, Diagnostic};
use crate::kinds::lambda::Lambda;
use crate::kinds::mysql::Mysql as MysqlKind;
use crate::model::{Address, KeyPath, Power};
use crate::pipeline::{Pipeline, PipelineTable};
use crate::plan::Observed;
use crate::spec;
use crate::sql::{self, Mysql, MysqlTarget};
use crate::tune::{Measured, Trial, best, unzipped};
use crate::ui::{Ui, trial_json, trial_line, trial_svg, trial_text};

/// Options of `stack tune lambda`.
#[derive(Debug, Args)]
pub(super) struct LambdaArgs {
    /// The loader, such as `lambda.reader`; default: the only one
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,
    /// The file to load at each size, plain or gzipped; its rows are deleted again
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The memory sizes in MiB
    #[arg(long, value_name = "MIB", value_delimiter = ',', default_value = "256,512,1024",
          value_parser = clap::value_parser!(i32).range(128..=10240))]
    sizes: Vec<i32>,
    /// Write the suggested size into the stack file
    #[arg(long)]
    write: bool,
    /// Draw time and cost into an SVG file
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

/// Loads the file at each size, shows time and cost, and leaves everything as it was.
pub(super) async fn run(ui: Ui, global: &Global, args: &LambdaArgs) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    let name = meant(&session.stack, "lambda", args.address.as_deref())?;
    let Some(pipeline) = session.stack.declared.get::<Pipeline>("pipeline").cloned() else {
        return Err(refused("without `[pipeline]` nothing says which tables the loader fills", "add one"));
    };
    let observed = session.observe(Look::Batched).await?;
    check_runs(&observed, &name, &pipeline)?;
    let plain = unzipped(&args.data).map_err(|error| cannot_read(&args.data, &error))?;
    let file = plain.as_ref().map_or(args.data.as_path(), |plain| plain.path());
    let mut trial = trial(&session, &name, &pipeline, file).await?;
    let question = format!(
        "{}: load `{}` {} times with `lambda.{name}`? Each load is billed, its rows are deleted again",
        session.place(),
        args.data.display(),
        args.sizes.len()
    );
    if !ask(global, &question)? {
        return Ok(Exit::Failed);
    }
    let lock = Lock::take(&session, "tune").await?;
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    // A load under way is waited for: what it commits after it was cleaned away would stay.
    let watch = tokio::spawn(async move {
        interrupted().await;
        flag.store(true, Ordering::SeqCst);
    });
    let tried = trial.run(&args.sizes, &stop, &|one| ui.note(&trial_line(one))).await;
    watch.abort();
    trial.mysql.close().await;
    lock.release().await;
    let tried = tried.map_err(one)?;
    let best = best(&tried);
    tell(ui, &session, &tried, best);
    if let Some(path) = &args.plot {
        std::fs::write(path, trial_svg(&tried)).map_err(|error| {
            let mut failed = Diagnostic::error(Class::Failed, format!("cannot write `{}`", path.display()));
            failed.causes.push(error.to_string());
            vec![failed]
        })?;
        ui.note(&format!("drawn into `{}`", path.display()));
    }
    tell_running_of(ui, &session, &observed).await;
    if stop.load(Ordering::SeqCst) {
        return Ok(Exit::Interrupted);
    }
    let Some(best) = best else { return Ok(Exit::Failed) };
    if args.write {
        let file = session.stack.document.file();
        let value = [("memory_mib".to_owned(), json!(best.memory_mib))];
        let changes = spec::write(file, &KeyPath::new(["lambda", name.as_str()]), &value)?;
        let said = if changes.is_empty() { "already says so" } else { "says so now; `stack up` brings it to Lambda" };
        ui.note(&format!("`{}` {said}", file.display()));
    }
    Ok(Exit::Done)
}

fn tell(ui: Ui, session: &Session, tried: &[Measured], best: Option<&Measured>) {
    let is_local = session.cx.aws.target.endpoint_url.is_some();
    if is_local {
        ui.note(
            "the local cloud enforces memory as a limit but gives every size the same processor; on AWS processors \
             grow with memory, so times differ there",
        );
    }
    let mut answer = trial_json(tried, best);
    answer["scales_processors"] = json!(!is_local);
    ui.answer(&trial_text(tried, best), &answer);
}

fn refused(message: &str, hint: &str) -> Vec<Diagnostic> {
    vec![Diagnostic::error(Class::Refused, message).hint(hint)]
}

/// Checks that the function is there and that the server it fills runs.
fn check_runs(observed: &Observed, name: &str, pipeline: &PipelineTable) -> Result<(), Vec<Diagnostic>> {
    let server = Address::new("mysql", &pipeline.mysql.server);
    for address in [&Address::new("lambda", name), &server] {
        if !observed.ours.contains_key(address) {
            return Err(refused(&format!("`{address}` does not exist"), "run `stack up` first"));
        }
    }
    let power = observed.ours.get(&server).and_then(|found| found.power);
    if power != Some(Power::Running) {
        return Err(refused(&format!("`{server}` does not run"), "`stack start` starts it"));
    }
    Ok(())
}

async fn trial<'a>(
    session: &'a Session,
    name: &str,
    pipeline: &PipelineTable,
    file: &'a Path,
) -> Result<Trial<'a>, Vec<Diagnostic>> {
    let (stack, known) = (&session.stack, &session.cx.known);
    let function = stack.declared.get::<Lambda>(name);
    let Some((function, trigger)) = function.and_then(|table| Some((table, table.trigger.as_ref()?))) else {
        let message = format!("`lambda.{name}` has no `trigger`, so it is not known where it reads");
        return Err(refused(&message, "a loader has `trigger = { bucket, suffix }`"));
    };
    let server = Address::new("mysql", &pipeline.mysql.server);
    let need = |address: &Address, output| known.need(address, output).map_err(one);
    let table = stack.declared.get::<MysqlKind>(&server.name);
    let authorities = table.and_then(|table| table.certificate_authorities.as_ref());
    let secret = need(&server, "secret_arn")?;
    let target = MysqlTarget {
        host: need(&server, "endpoint")?,
        port: need(&server, "port")?.parse().unwrap_or_default(),
        credentials: sql::fetch_credentials(&session.cx.aws, &secret).await.map_err(one)?,
        database: table.map(|table| table.database.clone()),
        certificate_authorities: authorities.map(|file| stack.declared.path(file)),
    };
    Ok(Trial {
        aws: &session.cx.aws,
        prices: &session.prices,
        function: function.name.clone(),
        architecture: function.architecture.clone(),
        bucket: need(&Address::new("bucket", &trigger.bucket), "name")?,
        trigger: (trigger.prefix.clone(), trigger.suffix.clone()),
        tables: (pipeline.mysql.table.clone(), pipeline.mysql.load_log.clone()),
        mysql: Mysql::connect(&target).await.map_err(one)?,
        file,
    })
}
