//! One query from its start to its end.

use std::path::Path;
use std::time::Instant;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};

use super::engine;
use super::executions::EXECUTION;
use super::results::{self, Writer};
use super::service::Athena;
use crate::localcloud::sdk;

/// How a query ended.
pub(super) struct Finished {
    pub(super) state: &'static str,
    pub(super) reason: Option<String>,
    pub(super) engine_milliseconds: u64,
    pub(super) scanned_bytes: u64,
    pub(super) columns: Vec<Value>,
}

impl Finished {
    pub(super) fn failed(reason: String) -> Self {
        Self { state: "FAILED", reason: Some(reason), engine_milliseconds: 0, scanned_bytes: 0, columns: vec![] }
    }

    pub(super) fn cancelled() -> Self {
        let reason = Some("Query cancelled by user".to_owned());
        Self { state: "CANCELLED", reason, engine_milliseconds: 0, scanned_bytes: 0, columns: vec![] }
    }
}

/// Runs a query and notes how it ended.
pub(super) async fn run(athena: &Athena, region: &str, identifier: &str) {
    let started = athena.documents.edit(region, EXECUTION, identifier, |execution| {
        execution["Status"]["State"] = json!("RUNNING");
        execution.clone()
    });
    let Some(execution) = started else { return };
    let began = Instant::now();
    let mut finished = match work(athena, region, identifier, &execution).await {
        Ok(finished) => finished,
        Err(reason) => {
            results::forget(&athena.context.home, identifier);
            Finished::failed(reason)
        }
    };
    finished.engine_milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    athena.finish(region, identifier, &finished);
}

async fn work(athena: &Athena, region: &str, identifier: &str, execution: &Value) -> Result<Finished, String> {
    let home = &athena.context.home;
    let question = engine::Question {
        sql: execution["Query"].as_str().unwrap_or_default(),
        catalog: execution["QueryExecutionContext"]["Catalog"].as_str().unwrap_or(engine::CATALOG),
        database: execution["QueryExecutionContext"]["Database"].as_str().unwrap_or("default"),
    };
    let mut writer = Writer::create(home, identifier).map_err(|error| internal(&error))?;
    let answered = engine::answer(&question, &athena.context, region, &mut writer).await?;
    let csv = writer.finish().map_err(|error| internal(&error))?;
    let location = execution["ResultConfiguration"]["OutputLocation"].as_str().unwrap_or_default();
    upload(&athena.context.endpoint, region, location, &csv).await?;
    results::remove(&csv);
    Ok(Finished {
        state: "SUCCEEDED",
        reason: None,
        engine_milliseconds: 0,
        scanned_bytes: answered.scanned_bytes,
        columns: answered.columns,
    })
}

fn internal(error: &dyn std::error::Error) -> String {
    format!("INTERNAL_ERROR: {error}")
}

async fn upload(endpoint: &str, region: &str, location: &str, csv: &Path) -> Result<(), String> {
    let (bucket, key) = location.strip_prefix("s3://").and_then(|place| place.split_once('/')).unwrap_or_default();
    let body = ByteStream::from_path(csv).await.map_err(|error| internal(&error))?;
    let call = sdk::s3(endpoint, region).await.put_object().bucket(bucket).key(key).body(body);
    let sent = call.content_type("application/octet-stream").send().await;
    sent.map(|_| ()).map_err(|error| {
        let code = error.code().unwrap_or("NoAnswer").to_owned();
        format!(
            "Access denied when writing output to url: {location} ({code} from S3). \
             Please ensure you are allowed to access the S3 bucket."
        )
    })
}
