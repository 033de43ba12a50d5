//! Crawlers as the API shows them.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::crawl::{self, Ended};
use super::refused::{absent, exists, invalid, required, texts};
use super::service::{Answer, Glue, paged};
use crate::localcloud::refusal::Refusal;
use crate::localcloud::{mint, role};

/// The kind of document that a crawler is.
pub(super) const CRAWLER: &str = "crawler";

/// The kind of document that a finished crawl is.
const CRAWL: &str = "crawl";

/// Members that a caller sets and Glue shows unchanged.
const PLAIN: [&str; 9] = [
    "Classifiers",
    "Configuration",
    "CrawlerSecurityConfiguration",
    "DatabaseName",
    "Description",
    "LakeFormationConfiguration",
    "LineageConfiguration",
    "RecrawlPolicy",
    "TablePrefix",
];

impl Glue {
    pub(super) async fn create_crawler(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "Name")?.to_owned();
        for member in ["Role", "DatabaseName"] {
            required(input, member)?;
        }
        let mut crawler = json!({
            "Name": name, "State": "READY", "Version": 1, "CrawlElapsedTime": 0, "Classifiers": [], "TablePrefix": "",
            "SchemaChangePolicy": { "UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE" },
            "RecrawlPolicy": { "RecrawlBehavior": "CRAWL_EVERYTHING" },
            "LineageConfiguration": { "CrawlerLineageSettings": "DISABLE" },
            "LakeFormationConfiguration": { "UseLakeFormationCredentials": false, "AccountId": "" },
            "CreationTime": mint::now_seconds(), "LastUpdated": mint::now_seconds(),
        });
        self.apply_crawler(region, &mut crawler, input).await?;
        if crawler["Targets"].is_null() {
            return Err(invalid("Crawler targets cannot be empty."));
        }
        if !self.documents.create(region, CRAWLER, &name, crawler) {
            return Err(exists(format!("Crawler with name {name} already exists")));
        }
        self.put_tags(region, CRAWLER, &name, &input["Tags"]);
        Ok(json!({}))
    }

    pub(super) async fn update_crawler(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "Name")?;
        let mut crawler = self.crawler(region, name)?;
        refuse_while_running(&crawler)?;
        self.apply_crawler(region, &mut crawler, input).await?;
        crawler["Version"] = json!(crawler["Version"].as_u64().unwrap_or(0) + 1);
        crawler["LastUpdated"] = json!(mint::now_seconds());
        self.documents.put(region, CRAWLER, name, crawler);
        Ok(json!({}))
    }

    /// Sets in `crawler` what `input` names, and nothing else.
    async fn apply_crawler(&self, region: &str, crawler: &mut Value, input: &Value) -> Result<(), Refusal> {
        if let Some(given) = input["Role"].as_str() {
            crawler["Role"] = json!(self.checked_role(given, region).await?);
        }
        for member in PLAIN {
            if !input[member].is_null() {
                crawler[member] = input[member].clone();
            }
        }
        if let Some(policy) = input["SchemaChangePolicy"].as_object() {
            for (member, value) in policy {
                crawler["SchemaChangePolicy"][member] = value.clone();
            }
        }
        if let Some(expression) = input["Schedule"].as_str() {
            let state = if expression.is_empty() { "NOT_SCHEDULED" } else { "SCHEDULED" };
            crawler["Schedule"] = json!({ "ScheduleExpression": expression, "State": state });
        }
        for classifier in texts(&crawler["Classifiers"]) {
            self.classifier(region, &classifier)?;
        }
        if input["Targets"].is_object() {
            crawler["Targets"] = complete_targets(&input["Targets"])?;
        }
        Ok(())
    }

    /// Returns the role's name, which is what Glue shows, from its name or ARN.
    async fn checked_role(&self, given: &str, region: &str) -> Result<String, Refusal> {
        self.check_role(given, region).await.map_err(|()| {
            invalid(format!(
                "Service is unable to assume provided role. Please verify role's TrustPolicy: {given} \
                 (Service: AWSGlue)"
            ))
        })?;
        let path = given.split_once(":role/").map_or(given, |(_, path)| path);
        Ok(path.rsplit('/').next().unwrap_or(path).to_owned())
    }

    /// Asks IAM whether Glue may take a role, given by its name or ARN.
    pub(super) async fn check_role(&self, given: &str, region: &str) -> Result<(), ()> {
        let account = crate::localcloud::emulated::ACCOUNT;
        let arn = match given.starts_with("arn:") {
            true => given.to_owned(),
            false => format!("arn:aws:iam::{account}:role/{given}"),
        };
        role::check(&arn, "glue.amazonaws.com", &self.context.endpoint, region).await.map_err(|_| ())
    }

    pub(super) fn get_crawler(&self, region: &str, input: &Value) -> Answer {
        Ok(json!({ "Crawler": self.crawler(region, required(input, "Name")?)? }))
    }

    pub(super) fn get_crawlers(&self, region: &str, input: &Value) -> Answer {
        Ok(self.paged_documents("Crawlers", region, CRAWLER, input, 1000))
    }

    pub(super) fn batch_get_crawlers(&self, region: &str, input: &Value) -> Answer {
        let names = texts(&input["CrawlerNames"]);
        if names.len() > 100 {
            return Err(invalid("At most 100 crawlers can be read at once"));
        }
        let (found, lost): (Vec<_>, Vec<_>) = names
            .into_iter()
            .map(|name| (self.documents.get(region, CRAWLER, &name), name))
            .partition(|(known, _)| known.is_some());
        let found: Vec<Value> = found.into_iter().filter_map(|(known, _)| known).collect();
        let lost: Vec<String> = lost.into_iter().map(|(_, name)| name).collect();
        Ok(json!({ "Crawlers": found, "CrawlersNotFound": lost }))
    }

    pub(super) fn list_crawlers(&self, region: &str, input: &Value) -> Answer {
        let mut names: Vec<Value> = self.documents.names(region, CRAWLER).into_iter().map(|name| json!(name)).collect();
        names.retain(|name| self.fits_tags(region, CRAWLER, name.as_str().unwrap_or_default(), &input["Tags"]));
        Ok(paged("CrawlerNames", names, input, 1000))
    }

    pub(super) fn delete_crawler(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "Name")?;
        refuse_while_running(&self.crawler(region, name)?)?;
        self.documents.remove(region, CRAWLER, name);
        self.drop_tags(region, CRAWLER, name);
        Ok(json!({}))
    }

    pub(super) fn start_crawler(self: &Arc<Self>, region: &str, input: &Value) -> Answer {
        let name = required(input, "Name")?;
        self.crawler(region, name)?;
        let started = self.documents.edit(region, CRAWLER, name, |crawler| {
            refuse_while_running(crawler).map(|()| crawler["State"] = json!("RUNNING"))
        });
        started.unwrap_or(Ok(()))?;
        let (stop, stopped) = watch::channel(false);
        let (glue, place, crawler) = (Arc::clone(self), region.to_owned(), name.to_owned());
        let task = tokio::spawn(async move { crawl::run(&glue, &place, &crawler, stopped).await });
        self.crawls.keep(region, name, stop, task);
        Ok(json!({}))
    }

    pub(super) fn stop_crawler(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "Name")?;
        let crawler = self.crawler(region, name)?;
        match crawler["State"].as_str() {
            Some("STOPPING") => {
                Err(Refusal::new("CrawlerStoppingException", format!("Crawler with name {name} is stopping")))
            }
            Some("RUNNING") if self.crawls.stop(region, name) => {
                self.documents.edit(region, CRAWLER, name, |crawler| crawler["State"] = json!("STOPPING"));
                Ok(json!({}))
            }
            _ => Err(Refusal::new("CrawlerNotRunningException", format!("Crawler with name {name} isn't running"))),
        }
    }

    pub(super) fn list_crawls(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "CrawlerName")?;
        self.crawler(region, name)?;
        let mut crawls = self.all(region, CRAWL);
        crawls.retain(|crawl| crawl["CrawlerName"] == name);
        crawls.sort_by(|one, other| {
            other["StartTime"].as_f64().unwrap_or(0.0).total_cmp(&one["StartTime"].as_f64().unwrap_or(0.0))
        });
        Ok(paged("Crawls", crawls, input, 1000))
    }

    /// Notes how a crawl ended.
    pub(super) fn finish_crawl(&self, region: &str, name: &str, ended: &Ended) {
        let mut last = json!({
            "Status": ended.status, "LogGroup": crawl::LOG_GROUP, "LogStream": name, "MessagePrefix": ended.identifier,
            "StartTime": ended.started,
        });
        if let Some(message) = &ended.error {
            last["ErrorMessage"] = json!(message);
        }
        self.documents.edit(region, CRAWLER, name, |crawler| {
            crawler["State"] = json!("READY");
            crawler["LastCrawl"] = last;
        });
        let state = match ended.status {
            "SUCCEEDED" => "COMPLETED",
            "CANCELLED" => "STOPPED",
            _ => "FAILED",
        };
        let record = json!({
            "CrawlId": ended.identifier, "CrawlerName": name, "State": state, "StartTime": ended.started,
            "EndTime": mint::now_seconds(), "ErrorMessage": ended.error, "LogGroup": crawl::LOG_GROUP,
            "LogStream": name, "MessagePrefix": ended.identifier,
        });
        self.documents.put(region, CRAWL, &ended.identifier, record);
    }

    /// Ends the crawls that the process before left.
    pub(super) fn fail_interrupted_crawls(&self) {
        for region in self.documents.regions() {
            for (name, crawler) in self.documents.list(&region, CRAWLER) {
                if crawler["State"] != "READY" {
                    self.finish_crawl(&region, &name, &Ended::interrupted());
                }
            }
        }
    }

    pub(super) fn crawler(&self, region: &str, name: &str) -> Result<Value, Refusal> {
        let known = self.documents.get(region, CRAWLER, name);
        known.ok_or_else(|| absent(format!("Crawler with name {name} does not exist")))
    }
}

fn refuse_while_running(crawler: &Value) -> Result<(), Refusal> {
    if crawler["State"] == "READY" {
        return Ok(());
    }
    let name = crawler["Name"].as_str().unwrap_or_default();
    Err(Refusal::new("CrawlerRunningException", format!("Crawler with name {name} has already started")))
}

/// Returns targets as Glue shows them: every kind is there, if only as an empty list.
fn complete_targets(wanted: &Value) -> Result<Value, Refusal> {
    let kinds = [
        "S3Targets",
        "JdbcTargets",
        "MongoDBTargets",
        "DynamoDBTargets",
        "CatalogTargets",
        "DeltaTargets",
        "IcebergTargets",
        "HudiTargets",
    ];
    let mut targets = json!({});
    let mut count = 0;
    for kind in kinds {
        let list = wanted[kind].as_array().cloned().unwrap_or_default();
        if !list.is_empty() && !matches!(kind, "S3Targets" | "JdbcTargets") {
            return Err(invalid(format!("The local Glue has no {kind}")));
        }
        count += list.len();
        targets[kind] = json!(list);
    }
    if count == 0 {
        return Err(invalid("Crawler targets cannot be empty."));
    }
    Ok(targets)
}
