//! Waits until the Lambda function has loaded the object, and compares what came in with the file.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use crate::aws::Sorted;
use crate::kinds::base::{Permission, Reference};
use crate::kinds::lambda::Lambda;
use crate::pipeline::facts::{Load, UploadedObject};
use crate::pipeline::hop::{Hop, connect_mysql};
use crate::pipeline::profile::{differences, of_mysql, profile_files};
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, Profile, RightsCx, StepCx, Tally};
use crate::sql::{Mysql, Row};
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
    fn reads(&self) -> Vec<Dataset> {
        vec![Dataset::OBJECT]
    }

    fn writes(&self) -> Vec<Dataset> {
        vec![Dataset::MYSQL]
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::new("function", "lambda", &self.function)]
    }

    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission> {
        let function = cx.name("lambda", &self.function);
        let log = cx.arn("logs", &format!("log-group:/aws/lambda/{function}:*"));
        vec![Permission::new(log, &["logs:FilterLogEvents"]), cx.mysql()]
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        let objects = cx.facts.lock().await.objects.clone();
        if objects.is_empty() {
            return Err(PipelineError::Absent { address: "the uploaded object".into() });
        }
        let loads = self.wait(cx, &objects).await?;
        let mut rejected = vec![];
        for load in &loads {
            let lines = rejected_lines(cx, load).await?;
            if lines.len() as u64 != load.rejected {
                let why = format!("{} rows were rejected, but {} lines are listed", load.rejected, lines.len());
                return Err(PipelineError::Ended {
                    what: "the load".into(),
                    state: "incomplete".into(),
                    why,
                    log: None,
                });
            }
            rejected.push(lines);
        }
        let ids: Vec<u64> = loads.iter().map(|load| load.id).collect();
        let (mysql, file) = tokio::join!(of_mysql(cx, Some(&ids)), of_files(cx, rejected));
        let (mysql, file) = (mysql?, file?);
        if let Some(file) = &file {
            let differences = differences(file, &mysql);
            if !differences.is_empty() {
                let (left, right) = (Dataset::FILE.to_string(), Dataset::MYSQL.to_string());
                return Err(PipelineError::Differs { left, right, differences });
            }
        }
        let count = |of: fn(&Load) -> u64| loads.iter().map(of).sum::<u64>();
        let (rows_in, rejected) = (count(|load| load.rows_in), count(|load| load.rejected));
        let log = self.log(cx);
        let tally = Tally { rows_in: Some(rows_in), rows_out: Some(mysql.rows), rejected, log, ..Tally::default() };
        let all = of_all_loads(cx, &ids, mysql).await?;
        let mut facts = cx.facts.lock().await;
        facts.profiles.extend(file.map(|file| (Dataset::FILE, file)));
        facts.profiles.insert(Dataset::MYSQL, all);
        facts.loads = loads;
        Ok(tally)
    }
}

impl WaitForLoad {
    fn log(&self, cx: &StepCx<'_>) -> Option<String> {
        let function = cx.stack.declared.get::<Lambda>(&self.function);
        function.map(|function| format!("/aws/lambda/{}", function.name))
    }

    /// Waits until every object is loaded.
    async fn wait(&self, cx: &StepCx<'_>, objects: &[UploadedObject]) -> Result<Vec<Load>, PipelineError> {
        let function = cx.stack.declared.get::<Lambda>(&self.function);
        let seconds = function.map_or(900, |function| function.timeout_seconds);
        // S3 tells of all objects at once, but a function may be held to few runs at a time.
        let limit = NOTICE + Duration::from_secs(u64::try_from(seconds).unwrap_or(900) * objects.len() as u64);
        let log = self.log(cx);
        let mysql = tokio::sync::Mutex::new(connect_mysql(cx).await?);
        let begun = jiff::Timestamp::now().as_millisecond();
        let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
        let ended = until(limit, backoff, || async {
            let mut state = look(cx, &mysql, objects).await?;
            if let (Probe::Pending(text), Some(log)) = (&state, &log) {
                let errors = loader_errors(cx, log, begun).await?;
                if errors.attempts.values().any(|attempts| *attempts >= ATTEMPTS) {
                    state = Probe::Failed(errors.last);
                } else if errors.attempts.is_empty() {
                    cx.events.say(text.clone());
                } else {
                    cx.events.say(format!("the loader failed, AWS tries it again: {}", errors.last));
                }
            }
            Ok(state)
        });
        let loads = ended.await.map_err(|error| PipelineError::of_wait(error, "the load into MySQL", log.clone()))?;
        mysql.into_inner().close().await;
        Ok(loads)
    }
}

/// Asks the load log for all objects that are not known to be loaded.
async fn look(
    cx: &StepCx<'_>,
    mysql: &tokio::sync::Mutex<Mysql>,
    objects: &[UploadedObject],
) -> Result<Probe<Vec<Load>>, PipelineError> {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "''");
    let versions: Vec<String> = objects.iter().map(|object| format!("'{}'", quoted(&object.version))).collect();
    let query = format!(
        "SELECT Bucket, ObjectKey, VersionId, LoadId, State, RowsIn, RowsLoaded, RowsRejected, RejectsUri, Reason \
         FROM `{}` WHERE VersionId IN ({})",
        cx.pipeline.mysql.load_log,
        versions.join(", "),
    );
    let rows = mysql.lock().await.query(&query).await?;
    let text = |row: &Row, at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    let mut loads = vec![];
    let mut waits = None;
    for object in objects {
        let is_it = |row: &&Row| {
            (text(row, 0), text(row, 1), text(row, 2))
                == (object.bucket.clone(), object.key.clone(), object.version.clone())
        };
        match state_of(rows.iter().find(is_it)) {
            Probe::Ready(load) => loads.push(load),
            Probe::Pending(text) => waits = Some(text),
            Probe::Failed(why) => return Ok(Probe::Failed(format!("{}: {why}", object.key))),
        }
    }
    Ok(match waits {
        None => Probe::Ready(loads),
        Some(text) if objects.len() == 1 => Probe::Pending(text),
        Some(text) => Probe::Pending(format!("{} of {} files are loaded; {text}", loads.len(), objects.len())),
    })
}

/// Measures the files on this machine; `None` if the run was begun on another one.
async fn of_files(cx: &StepCx<'_>, rejected: Vec<BTreeSet<u64>>) -> Result<Option<Profile>, PipelineError> {
    if !cx.data.iter().all(|path| path.is_file()) || cx.data.len() != rejected.len() {
        cx.events.say("the file is not on this machine, so it is not compared");
        return Ok(None);
    }
    cx.events.say("comparing the file with MySQL");
    let (pipeline, files) = (cx.pipeline.clone(), cx.data.iter().cloned().zip(rejected).collect::<Vec<_>>());
    let profile = tokio::task::spawn_blocking(move || profile_files(&pipeline, &files)).await;
    let profile = profile.map_err(|error| PipelineError::Ended {
        what: "reading the file".into(),
        state: "stopped".into(),
        why: error.to_string(),
        log: None,
    })?;
    profile.map(Some)
}

/// What the loader wrote since it was told of the objects.
#[derive(Default)]
struct Errors {
    /// How often each event was tried and failed, by the id that its attempts share.
    attempts: BTreeMap<String, usize>,
    /// What was said last.
    last: String,
}

/// Returns the attempts that ended badly since `begun` (milliseconds since 1970).
async fn loader_errors(cx: &StepCx<'_>, log: &str, begun: i64) -> Result<Errors, PipelineError> {
    let call = cx.cx.aws.logs.filter_log_events().log_group_name(log).start_time(begun);
    let mut pages = call.into_paginator().send();
    let mut errors = Errors::default();
    // Each environment writes a stream of its own, one event after the other.
    let mut at_work: BTreeMap<String, String> = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = match page.named("logs:FilterLogEvents") {
            // The group is made with the function, but a person may have deleted it.
            Err(error) if error.is_not_found() => return Ok(Errors::default()),
            page => page?,
        };
        for event in page.events.unwrap_or_default() {
            let (stream, message) = (event.log_stream_name.unwrap_or_default(), event.message.unwrap_or_default());
            if let Some(rest) = message.strip_prefix("START RequestId: ") {
                let id = rest.split_whitespace().next().unwrap_or_default();
                at_work.insert(stream, id.to_owned());
            } else if ["[ERROR]", "Task timed out", "Error: Runtime exited"].iter().any(|sign| message.contains(sign)) {
                let id = at_work.get(&stream).cloned().unwrap_or_default();
                *errors.attempts.entry(id).or_default() += 1;
                message.split(['\n', '\r']).next().unwrap_or_default().trim().clone_into(&mut errors.last);
            }
        }
    }
    Ok(errors)
}

fn state_of(row: Option<&Row>) -> Probe<Load> {
    let Some(row) = row else { return Probe::Pending("waiting for the loader to begin".into()) };
    let text = |at: usize| row.get(at).cloned().flatten();
    let number = |at: usize| text(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    match text(4).unwrap_or_default().as_str() {
        "loaded" => Probe::Ready(Load {
            id: number(3),
            rows_in: number(5),
            loaded: number(6),
            rejected: number(7),
            rejects_uri: text(8),
        }),
        "running" => Probe::Pending("loading".into()),
        "failed" => Probe::Failed(text(9).unwrap_or_default()),
        other => Probe::Failed(format!("the load is {other}: {}", text(9).unwrap_or_default())),
    }
}

/// Other objects may have been loaded before; later hops hold all of them.
async fn of_all_loads(cx: &StepCx<'_>, these: &[u64], profile: Profile) -> Result<Profile, PipelineError> {
    let query = format!("SELECT LoadId FROM `{}` WHERE State = 'loaded'", cx.pipeline.mysql.load_log);
    let rows = Hop::Mysql.query(cx, &query).await?.rows;
    let id = |row: &Row| row.first().cloned().flatten().and_then(|text| text.parse::<u64>().ok());
    let is_all = rows.iter().filter_map(id).all(|id| these.contains(&id));
    if is_all { Ok(profile) } else { of_mysql(cx, None).await }
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
