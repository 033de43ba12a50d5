//! Waits until the Lambda function has loaded the object, and compares what came in with the file.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use crate::aws::Sorted;
use crate::kinds::base::Permission;
use crate::kinds::lambda::Lambda;
use crate::pipeline::facts::{Load, UploadedObject};
use crate::pipeline::profile::{connect_mysql, differences, of_mysql, profile_file};
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, RightsCx, StepCx, Tally};
use crate::sql::Row;
use crate::wait::{Backoff, Probe, until};

/// S3 usually tells a function within seconds, sometimes after more than a minute.
const NOTICE: Duration = Duration::from_secs(180);

/// An event is tried once and, after an error, twice more.
const ATTEMPTS: usize = 3;

/// `load = { function }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WaitForLoad {
    /// The table `[lambda.NAME]`.
    pub function: String,
}

#[async_trait]
impl Step for WaitForLoad {
    fn reads(&self) -> &[Dataset] {
        &[Dataset::Object]
    }

    fn writes(&self) -> &[Dataset] {
        &[Dataset::Mysql]
    }

    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission> {
        let function = cx.name("lambda", &self.function);
        let log = cx.arn("logs", &format!("log-group:/aws/lambda/{function}:*"));
        vec![Permission::new(log, &["logs:FilterLogEvents"]), cx.mysql()]
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        let Some(object) = cx.facts.lock().await.object.clone() else {
            return Err(PipelineError::Absent { address: "the uploaded object".into() });
        };
        let load = self.wait(cx, &object).await?;
        let rejected = rejected_lines(cx, &load).await?;
        if rejected.len() as u64 != load.rejected {
            let why = format!("{} rows were rejected, but {} lines are listed", load.rejected, rejected.len());
            return Err(PipelineError::Ended { what: "the load".into(), state: "incomplete".into(), why, log: None });
        }
        cx.events.say("comparing the file with MySQL");
        let path = cx.data.clone().unwrap_or_default();
        let pipeline = cx.pipeline.clone();
        let file = tokio::task::spawn_blocking(move || profile_file(&pipeline, &path, &rejected));
        let (file, mysql) = tokio::join!(file, of_mysql(cx, Some(load.id)));
        let file = file.map_err(|error| PipelineError::Ended {
            what: "reading the file".into(),
            state: "stopped".into(),
            why: error.to_string(),
            log: None,
        })??;
        let mysql = mysql?;
        let differences = differences(&file, &mysql);
        if !differences.is_empty() {
            let (left, right) = (Dataset::File.to_string(), Dataset::Mysql.to_string());
            return Err(PipelineError::Differs { left, right, differences });
        }
        let tally = Tally { rows_in: Some(load.rows_in), rows_out: Some(mysql.rows), rejected: load.rejected };
        let all = of_all_loads(cx, mysql).await?;
        let mut facts = cx.facts.lock().await;
        facts.profiles.insert(Dataset::File, file);
        facts.profiles.insert(Dataset::Mysql, all);
        facts.load = Some(load);
        Ok(tally)
    }
}

impl WaitForLoad {
    async fn wait(&self, cx: &StepCx<'_>, object: &UploadedObject) -> Result<Load, PipelineError> {
        let function = cx.stack.declared.get::<Lambda>(&self.function);
        let run = function.map_or(900, |function| function.timeout_seconds);
        let limit = NOTICE + Duration::from_secs(u64::try_from(run).unwrap_or(900));
        let log = function.map(|function| format!("/aws/lambda/{}", function.name));
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "''");
        let query = format!(
            "SELECT LoadId, State, RowsIn, RowsLoaded, RowsRejected, RejectsUri, Reason FROM `{}` \
             WHERE Bucket = '{}' AND ObjectKey = '{}' AND VersionId = '{}'",
            cx.pipeline.mysql.load_log,
            quoted(&object.bucket),
            quoted(&object.key),
            quoted(&object.version),
        );
        let mysql = tokio::sync::Mutex::new(connect_mysql(cx).await?);
        let begun = jiff::Timestamp::now().as_millisecond();
        let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
        let ended = until(limit, backoff, || async {
            let rows = mysql.lock().await.query(&query).await?;
            let mut state = state_of(rows.first());
            if let (Probe::Pending(text), Some(log)) = (&state, &log) {
                let errors = loader_errors(cx, log, begun).await?;
                match errors.last() {
                    Some(last) if errors.len() >= ATTEMPTS => state = Probe::Failed(last.clone()),
                    Some(last) => cx.events.say(format!("the loader failed, AWS tries it again: {last}")),
                    None => cx.events.say(text.clone()),
                }
            }
            Ok(state)
        });
        let load = ended.await.map_err(|error| PipelineError::of_wait(error, "the load into MySQL", log.clone()))?;
        mysql.into_inner().close().await;
        Ok(load)
    }
}

/// Returns the last words of every attempt that ended badly since `begun` (milliseconds since 1970).
async fn loader_errors(cx: &StepCx<'_>, log: &str, begun: i64) -> Result<Vec<String>, PipelineError> {
    let call = cx.cx.aws.logs.filter_log_events().log_group_name(log).start_time(begun);
    let answer = match call.send().await.named("logs:FilterLogEvents") {
        // The group is made with the function, but a person may have deleted it.
        Err(error) if error.is_not_found() => return Ok(vec![]),
        answer => answer?,
    };
    let events = answer.events.unwrap_or_default().into_iter().filter_map(|event| event.message);
    let is_error = |message: &String| {
        ["[ERROR]", "Task timed out", "Error: Runtime exited"].iter().any(|sign| message.contains(sign))
    };
    Ok(events.filter(is_error).map(|message| message.lines().next().unwrap_or_default().to_owned()).collect())
}

fn state_of(row: Option<&Row>) -> Probe<Load> {
    let Some(row) = row else { return Probe::Pending("waiting for the loader to begin".into()) };
    let text = |at: usize| row.get(at).cloned().flatten();
    let number = |at: usize| text(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    match text(1).unwrap_or_default().as_str() {
        "loaded" => Probe::Ready(Load {
            id: number(0),
            rows_in: number(2),
            loaded: number(3),
            rejected: number(4),
            rejects_uri: text(5),
        }),
        "running" => Probe::Pending("loading".into()),
        "failed" => Probe::Failed(text(6).unwrap_or_default()),
        other => Probe::Failed(format!("the load is {other}: {}", text(6).unwrap_or_default())),
    }
}

/// Other objects may have been loaded before; later hops hold all of them.
async fn of_all_loads(
    cx: &StepCx<'_>,
    this: crate::pipeline::Profile,
) -> Result<crate::pipeline::Profile, PipelineError> {
    let query = format!("SELECT COUNT(*) FROM `{}` WHERE State = 'loaded'", cx.pipeline.mysql.load_log);
    let mut mysql = connect_mysql(cx).await?;
    let rows = mysql.query(&query).await?;
    mysql.close().await;
    let is_only = rows.first().and_then(|row| row.first().cloned().flatten()).as_deref() == Some("1");
    if is_only { Ok(this) } else { of_mysql(cx, None).await }
}

/// Reads the line numbers of the rejects object.
async fn rejected_lines(cx: &StepCx<'_>, load: &Load) -> Result<BTreeSet<u64>, PipelineError> {
    let place = load.rejects_uri.as_deref().and_then(|uri| uri.strip_prefix("s3://")?.split_once('/'));
    let Some((bucket, key)) = place else { return Ok(BTreeSet::new()) };
    let object = cx.cx.aws.s3.get_object().bucket(bucket).key(key).send().await.named("s3:GetObject")?;
    let failed = |why: String| PipelineError::Data { path: format!("s3://{bucket}/{key}").into(), why };
    let bytes = object.body.collect().await.map_err(|error| failed(error.to_string()))?.into_bytes();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes.as_ref());
    let mut lines = BTreeSet::new();
    for record in reader.records() {
        let record = record.map_err(|error| failed(error.to_string()))?;
        lines.extend(record.get(0).and_then(|line| line.parse::<u64>().ok()));
    }
    Ok(lines)
}
