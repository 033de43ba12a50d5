//! Runs a crawler. READY alone is no success: the last crawl must be newer than the start, and must have succeeded.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::{CrawlerState, LastCrawlInfo, LastCrawlStatus};
use serde::Deserialize;

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Permission, Reference};
use crate::kinds::glue::crawler::Crawler;
use crate::kinds::glue::database::Database;
use crate::pipeline::hop::Hop;
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, RightsCx, StepCx, Tally};
use crate::wait::{Backoff, Probe, WaitError, until};

const LIMIT: Duration = Duration::from_secs(3600);

/// `crawl = { crawler }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Crawl {
    /// The table `[crawler.NAME]`.
    pub crawler: String,
    /// What it reads, for the order of the steps; left out, the steps' order in the file counts.
    #[serde(default)]
    pub reads: Option<Hop>,
}

#[async_trait]
impl Step for Crawl {
    fn reads(&self) -> Vec<Dataset> {
        self.reads.map(Hop::dataset).into_iter().collect()
    }

    fn writes(&self) -> Vec<Dataset> {
        (self.reads == Some(Hop::Staging)).then_some(Dataset::STAGING_TABLE).into_iter().collect()
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::new("crawler", "crawler", &self.crawler)]
    }

    fn permissions(&self, cx: &RightsCx<'_>) -> Vec<Permission> {
        let crawler = cx.arn("glue", &format!("crawler/{}", cx.name("crawler", &self.crawler)));
        let filled = cx.stack.declared.get::<Crawler>(&self.crawler).map(|crawler| crawler.database.clone());
        let database = cx.name("database", &filled.unwrap_or_default());
        let catalog = [cx.arn("glue", "catalog"), cx.arn("glue", &format!("database/{database}"))];
        let tables = cx.arn("glue", &format!("table/{database}/*"));
        let mut all = vec![Permission::new(crawler, &["glue:StartCrawler", "glue:GetCrawler"])];
        all.extend(catalog.into_iter().chain([tables]).map(|arn| Permission::new(arn, &["glue:GetTables"])));
        all
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        let name = cx.output("crawler", &self.crawler, "name")?;
        let before = match cx.memory.get().await {
            // An earlier run began a crawl; its end is as good as that of another one.
            Some(noted) => serde_json::from_value(noted).unwrap_or_default(),
            None => {
                let before = last_start(cx, &name).await?;
                cx.memory.put(serde_json::json!(before)).await;
                start(cx, &name).await?;
                before
            }
        };
        let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        let ended = until(LIMIT, backoff, || look(cx, &name, before)).await;
        let what = format!("the crawler `{name}`");
        // Whatever comes of it, a later attempt begins a crawl of its own.
        let ended = match ended {
            Err(WaitError::Failed(why)) => {
                cx.memory.clear().await;
                Err(WaitError::Failed(why))
            }
            ended => ended,
        };
        let log = format!("/aws-glue/crawlers:{name}");
        ended.map_err(|error| PipelineError::of_wait(error, &what, Some(log.clone())))?;
        let tables = tables(cx, &self.crawler).await?;
        if tables == 0 {
            let why = "it found no table".to_owned();
            return Err(PipelineError::Ended { what, state: "SUCCEEDED".into(), why, log: None });
        }
        Ok(Tally { log: Some(log), ..Tally::default() })
    }
}

async fn start(cx: &StepCx<'_>, name: &str) -> Result<(), AwsError> {
    match cx.cx.aws.glue.start_crawler().name(name).send().await.named("glue:StartCrawler") {
        // Somebody started it a moment ago; its end is as good as ours.
        Err(error) if error.code == "CrawlerRunningException" => Ok(()),
        outcome => outcome.map(drop),
    }
}

/// Returns when the last crawl began, in seconds since 1970.
async fn last_start(cx: &StepCx<'_>, name: &str) -> Result<Option<f64>, AwsError> {
    let answer = cx.cx.aws.glue.get_crawler().name(name).send().await.named("glue:GetCrawler")?;
    Ok(answer.crawler.and_then(|crawler| crawler.last_crawl).and_then(|crawl| began(&crawl)))
}

fn began(crawl: &LastCrawlInfo) -> Option<f64> {
    crawl.start_time.map(|time| time.as_secs_f64())
}

async fn look(cx: &StepCx<'_>, name: &str, before: Option<f64>) -> Result<Probe<()>, PipelineError> {
    let answer = cx.cx.aws.glue.get_crawler().name(name).send().await.named("glue:GetCrawler")?;
    let Some(crawler) = answer.crawler else { return Ok(Probe::Failed("it is gone".into())) };
    let state = crawler.state.map(|state| state.as_str().to_owned()).unwrap_or_default();
    let is_ready = state == CrawlerState::Ready.as_str();
    let last = crawler.last_crawl.filter(|crawl| began(crawl) != before);
    let Some(last) = last.filter(|_| is_ready) else {
        if is_ready && cx.memory.is_of_earlier_run().await {
            // The run that wrote down that it would start the crawler was killed before it did.
            start(cx, name).await?;
        }
        cx.events.say(state.to_lowercase());
        return Ok(Probe::Pending(state));
    };
    Ok(match last.status {
        Some(LastCrawlStatus::Succeeded) => Probe::Ready(()),
        status => {
            let status = status.map(|status| status.as_str().to_owned()).unwrap_or_default();
            Probe::Failed(last.error_message.unwrap_or(status))
        }
    })
}

/// Counts the tables of the catalog database that the crawler fills.
async fn tables(cx: &StepCx<'_>, crawler: &str) -> Result<usize, PipelineError> {
    let declared = cx.stack.declared.get::<Crawler>(crawler);
    let database = declared.and_then(|crawler| cx.stack.declared.get::<Database>(&crawler.database));
    let Some(database) = database else { return Ok(0) };
    let answer = cx.cx.aws.glue.get_tables().database_name(&database.name).send().await;
    Ok(answer.named("glue:GetTables")?.table_list.unwrap_or_default().len())
}
