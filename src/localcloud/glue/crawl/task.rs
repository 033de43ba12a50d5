//! One crawl from its start to its end.

use serde_json::Value;
use tokio::sync::watch;

use super::found::Found;
use super::jdbc::Endpoint;
use super::{jdbc, s3};
use crate::localcloud::glue::crawlers::CRAWLER;
use crate::localcloud::glue::refused::texts;
use crate::localcloud::glue::service::Glue;
use crate::localcloud::log_stream::LogStream;
use crate::localcloud::{mint, sdk};

/// Where all crawlers log.
pub(in crate::localcloud::glue) const LOG_GROUP: &str = "/aws-glue/crawlers";

/// Why a crawl failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CrawlError {
    /// The crawler, its connection or its database is not as it must be.
    #[error("{0}")]
    Setup(String),
    /// A database or S3 did not answer.
    #[error("could not read {what}: {why}")]
    Read { what: String, why: String },
}

/// How a crawl ended.
pub(in crate::localcloud::glue) struct Ended {
    pub(in crate::localcloud::glue) identifier: String,
    pub(in crate::localcloud::glue) started: f64,
    pub(in crate::localcloud::glue) status: &'static str,
    pub(in crate::localcloud::glue) error: Option<String>,
}

impl Ended {
    /// The end of a crawl that was under way when the process ended.
    pub(in crate::localcloud::glue) fn interrupted() -> Self {
        Self {
            identifier: mint::uuid(),
            started: mint::now_seconds(),
            status: "FAILED",
            error: Some("Internal Service Exception: the local cloud stopped during the crawl".to_owned()),
        }
    }
}

/// Crawls until done or told to stop, and leaves the crawler `READY`.
pub(in crate::localcloud::glue) async fn run(glue: &Glue, region: &str, name: &str, mut stop: watch::Receiver<bool>) {
    let (identifier, started) = (mint::uuid(), mint::now_seconds());
    let config = sdk::config(&glue.context.endpoint, region).await;
    let log = LogStream::open(&config, LOG_GROUP, name);
    let say = |level: &str, text: &str| log.write(format!("[{identifier}] {level} : {text}"));
    say("BENCHMARK", &format!("Running Start Crawl for Crawler {name}"));
    let crawled = tokio::select! {
        crawled = crawl(glue, region, name, &identifier, &log) => Some(crawled),
        _ = stop.wait_for(|stop| *stop) => None,
    };
    glue.documents.edit(region, CRAWLER, name, |crawler| crawler["State"] = Value::from("STOPPING"));
    let (status, error) = match crawled {
        Some(Ok(())) => ("SUCCEEDED", None),
        Some(Err(error)) => ("FAILED", Some(error.to_string())),
        None => ("CANCELLED", None),
    };
    if let Some(error) = &error {
        say("ERROR", error);
    }
    say("BENCHMARK", "Crawler has finished running and is in state READY");
    log.close().await;
    glue.finish_crawl(region, name, &Ended { identifier, started, status, error });
}

async fn crawl(glue: &Glue, region: &str, name: &str, identifier: &str, log: &LogStream) -> Result<(), CrawlError> {
    let setup = |error: crate::localcloud::refusal::Refusal| CrawlError::Setup(error.message().to_owned());
    let crawler = glue.crawler(region, name).map_err(setup)?;
    let database = crawler["DatabaseName"].as_str().unwrap_or_default();
    glue.database(region, database).map_err(setup)?;
    let mut found: Vec<Found> = vec![];
    for target in crawler["Targets"]["JdbcTargets"].as_array().into_iter().flatten() {
        let connection_name = target["ConnectionName"].as_str().unwrap_or_default();
        let connection = glue.connection(region, connection_name).map_err(setup)?;
        let endpoint = Endpoint::resolve(&connection, &glue.context.endpoint, region).await;
        let endpoint = endpoint.map_err(|error| CrawlError::Setup(error.to_string()))?;
        let path = target["Path"].as_str().unwrap_or_default();
        let exclusions = texts(&target["Exclusions"]);
        found.extend(jdbc::tables(&endpoint, connection_name, path, &exclusions).await?);
    }
    let classifiers: Vec<Value> = texts(&crawler["Classifiers"])
        .iter()
        .map(|classifier| glue.classifier(region, classifier).map_err(setup))
        .collect::<Result<_, _>>()?;
    for target in crawler["Targets"]["S3Targets"].as_array().into_iter().flatten() {
        let reader = s3::Reader::new(&glue.context.endpoint, region, &classifiers).await;
        let path = target["Path"].as_str().unwrap_or_default();
        found.extend(reader.tables(path, &texts(&target["Exclusions"]), log).await?);
    }
    log.write(format!("[{identifier}] INFO : Found {} tables for database {database}", found.len()));
    glue.write_down(region, &crawler, found, &|text| log.write(format!("[{identifier}] INFO : {text}"))).map_err(setup)
}
