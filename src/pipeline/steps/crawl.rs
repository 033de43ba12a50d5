//! Runs a crawler. READY alone is no success: the last crawl must be newer than the start, and must have succeeded.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::{CrawlerState, LastCrawlStatus};
use serde::Deserialize;

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::Permission;
use crate::kinds::glue::crawler::Crawler;
use crate::kinds::glue::database::Database;
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, RightsCx, StepCx, Tally};
use crate::wait::{Backoff, Probe, until};

const LIMIT: Duration = Duration::from_secs(3600);

/// `crawl = { crawler }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Crawl {
    /// The table `[crawler.NAME]`.
    pub crawler: String,
    /// What it reads, for the order of the steps; left out, the steps' order in the file counts.
    #[serde(default)]
    pub reads: Option<CrawlReads>,
}

/// A hop that a crawler reads.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CrawlReads {
    /// The MySQL table.
    Mysql,
    /// The staging files.
    Staging,
    /// The Redshift table.
    Warehouse,
}

#[async_trait]
impl Step for Crawl {
    fn reads(&self) -> &[Dataset] {
        match self.reads {
            Some(CrawlReads::Mysql) => &[Dataset::Mysql],
            Some(CrawlReads::Staging) => &[Dataset::Staging],
            Some(CrawlReads::Warehouse) => &[Dataset::Warehouse],
            None => &[],
        }
    }

    fn writes(&self) -> &[Dataset] {
        match self.reads {
            Some(CrawlReads::Staging) => &[Dataset::StagingTable],
            _ => &[],
        }
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
        let before = last_start(cx, &name).await?;
        match cx.cx.aws.glue.start_crawler().name(&name).send().await.named("glue:StartCrawler") {
            // Somebody started it a moment ago; its end is as good as ours.
            Err(error) if error.code == "CrawlerRunningException" => {}
            outcome => drop(outcome?),
        }
        let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        let ended = until(LIMIT, backoff, || look(cx, &name, before)).await;
        let what = format!("the crawler `{name}`");
        ended.map_err(|error| PipelineError::of_wait(error, &what, Some("/aws-glue/crawlers".into())))?;
        let tables = tables(cx, &self.crawler).await?;
        if tables == 0 {
            let why = "it found no table".to_owned();
            return Err(PipelineError::Ended { what, state: "SUCCEEDED".into(), why, log: None });
        }
        Ok(Tally::default())
    }
}

type Time = Option<aws_sdk_glue::primitives::DateTime>;

async fn last_start(cx: &StepCx<'_>, name: &str) -> Result<Time, AwsError> {
    let answer = cx.cx.aws.glue.get_crawler().name(name).send().await.named("glue:GetCrawler")?;
    Ok(answer.crawler.and_then(|crawler| crawler.last_crawl).and_then(|crawl| crawl.start_time))
}

async fn look(cx: &StepCx<'_>, name: &str, before: Time) -> Result<Probe<()>, PipelineError> {
    let answer = cx.cx.aws.glue.get_crawler().name(name).send().await.named("glue:GetCrawler")?;
    let Some(crawler) = answer.crawler else { return Ok(Probe::Failed("it is gone".into())) };
    let state = crawler.state.map(|state| state.as_str().to_owned()).unwrap_or_default();
    let last = crawler.last_crawl.filter(|crawl| crawl.start_time != before);
    let Some(last) = last.filter(|_| state == CrawlerState::Ready.as_str()) else {
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
