//! A crawl, and a job.

use serde_json::{Value, json};

use super::states::Piece;

/// How long to wait between two looks at a crawler, in seconds.
const LOOK: u32 = 15;

/// How long to wait for an earlier run of a job, in seconds, and how many times.
const BUSY: (u32, u32) = (60, 60);

/// Starts a crawler and waits until it is ready again. That alone is no success: the last crawl must be another one than
/// before, and must have succeeded.
pub(super) fn crawl(piece: &mut Piece, crawler: &str) {
    let look =
        |path: &str, next: String| json!({ "Parameters": { "Name": crawler }, "ResultPath": path, "Next": next });
    piece.task("", "aws-sdk:glue:getCrawler", look("$.before", piece.state("start")));
    let running = json!([{
        // Somebody started it a moment ago; its end is as good as ours.
        "ErrorEquals": ["Glue.CrawlerRunningException"], "ResultPath": null, "Next": piece.state("wait"),
    }]);
    let start = json!({
        "Parameters": { "Name": crawler }, "ResultPath": null, "Catch": running, "Next": piece.state("wait"),
    });
    piece.task("start", "aws-sdk:glue:startCrawler", start);
    piece.add("wait", json!({ "Type": "Wait", "Seconds": LOOK, "Next": piece.state("look") }));
    piece.task("look", "aws-sdk:glue:getCrawler", look("$.crawl", piece.state("ended")));
    let is = |path: &str, value: &str| json!({ "Variable": path, "StringEquals": value });
    let present = |path: &str| json!({ "Variable": path, "IsPresent": true });
    let (before, last) = ("$.before.Crawler.LastCrawl.StartTime", "$.crawl.Crawler.LastCrawl.StartTime");
    let ready = is("$.crawl.Crawler.State", "READY");
    let old: Value = json!({ "And": [present(before), { "Variable": last, "StringEqualsPath": before }] });
    let ended = json!([ready, present(last), { "Not": old }]);
    let status = "$.crawl.Crawler.LastCrawl.Status";
    let mut good = ended.as_array().cloned().unwrap_or_default();
    good.push(is(status, "SUCCEEDED"));
    let choice = json!({
        "Type": "Choice",
        "Choices": [{ "And": good, "Next": piece.next() }, { "And": ended, "Next": piece.state("failed") }],
        "Default": piece.state("wait"),
    });
    piece.add("ended", choice);
    piece.fail("CrawlFailed", &format!("the crawler `{crawler}` did not succeed; its log is in /aws-glue/crawlers"));
}

/// Runs a job to its end; while an earlier run goes on, it waits.
pub(super) fn job(piece: &mut Piece, job: &str) {
    let (seconds, attempts) = BUSY;
    let busy = json!([{
        "ErrorEquals": ["Glue.ConcurrentRunsExceededException"],
        "IntervalSeconds": seconds, "MaxAttempts": attempts, "BackoffRate": 1,
    }]);
    let state = json!({
        "Parameters": { "JobName": job }, "ResultPath": null, "Retry": busy, "Next": piece.next(),
    });
    piece.task("", "glue:startJobRun.sync", state);
}
