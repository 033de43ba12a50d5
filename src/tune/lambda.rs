//! Runs the loader at several memory sizes and measures time and cost.
//!
//! Each size loads a copy of its own: the loader loads the same object once only. The copies have keys that the
//! function's trigger does not take, so nothing else loads them, and what was loaded is deleted afterwards.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{LastUpdateStatus, LogType};
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::TuneError;
use super::report::Report;
use crate::aws::{AwsError, Clients, Sorted};
use crate::billing::Prices;
use crate::logs::what_matters;
use crate::sql::Mysql;
use crate::wait::{Backoff, Probe, WaitError, until};

/// How long Lambda may take to change a function's memory.
const SETTLES_WITHIN: Duration = Duration::from_secs(120);

/// The folder of the copies.
const FOLDER: &str = ".stack/tune/";

/// What is tried.
pub struct Trial<'a> {
    /// The way to AWS.
    pub aws: &'a Clients,
    /// What Lambda costs.
    pub prices: &'a Prices,
    /// The function's name.
    pub function: String,
    /// Its processor, which decides the price.
    pub architecture: String,
    /// The bucket that sets it off.
    pub bucket: String,
    /// What the keys that set it off begin and end with.
    pub trigger: (String, String),
    /// The table with the rows, and the table of loads.
    pub tables: (String, String),
    /// The connection to the server that it fills.
    pub mysql: Mysql,
    /// The file, unzipped.
    pub file: &'a Path,
}

/// What came of one size.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The memory in MiB.
    pub memory_mib: i32,
    /// Time, memory and cost, or the lines that say why it failed.
    pub outcome: Result<Figures, Vec<String>>,
}

/// Time, memory and cost of one load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Seconds in the handler.
    pub seconds: f64,
    /// Seconds that are paid for, the start of the environment among them.
    pub billed_seconds: f64,
    /// The most memory that was used, in MiB.
    pub used_mib: u64,
    /// US dollars; `None` if the price is not known.
    pub usd: Option<f64>,
}

impl Trial<'_> {
    /// Tries every size, tells each outcome to `say`, and leaves everything as it was, also if a size fails or if
    /// `stop` is set; then the load under way ends first.
    ///
    /// # Errors
    /// If AWS or the server refuses, or if what was changed cannot be changed back.
    pub async fn run(
        &mut self,
        sizes: &[i32],
        stop: &AtomicBool,
        say: &(dyn Fn(&Measured) + Sync),
    ) -> Result<Vec<Measured>, TuneError> {
        let before = self.memory().await?;
        let run = format!("{FOLDER}{}/", jiff::Timestamp::now().as_millisecond());
        let mut copies = vec![];
        let tried = self.try_all(sizes, stop, (&run, &mut copies), say).await;
        // All of it is tried, whatever fails: the first failure is told.
        let restored = self.set_memory(before).await;
        let cleaned = self.clean(&copies).await;
        let tried = tried?;
        restored?;
        cleaned?;
        Ok(tried)
    }

    async fn try_all(
        &self,
        sizes: &[i32],
        stop: &AtomicBool,
        (run, copies): (&str, &mut Vec<Copy>),
        say: &(dyn Fn(&Measured) + Sync),
    ) -> Result<Vec<Measured>, TuneError> {
        let mut all = vec![];
        for memory_mib in sizes {
            if stop.load(Ordering::SeqCst) {
                break;
            }
            let key = format!("{run}{memory_mib}.data");
            if self.sets_off(&key) {
                return Err(TuneError::TakesAll { function: self.function.clone() });
            }
            let copy = self.upload(&key).await?;
            let event = event(&self.bucket, &copy);
            copies.push(copy);
            self.set_memory(*memory_mib).await?;
            let measured = self.measure(*memory_mib, &event).await?;
            say(&measured);
            all.push(measured);
        }
        Ok(all)
    }

    fn sets_off(&self, key: &str) -> bool {
        let (prefix, suffix) = &self.trigger;
        key.starts_with(prefix.as_str()) && key.ends_with(suffix.as_str())
    }

    async fn upload(&self, key: &str) -> Result<Copy, TuneError> {
        let failed = |why: String| TuneError::File { path: self.file.to_path_buf(), why };
        let body = ByteStream::from_path(self.file).await.map_err(|error| failed(error.to_string()))?;
        let call = self.aws.s3.put_object().bucket(&self.bucket).key(key).body(body);
        let answer = call.send().await.named("s3:PutObject")?;
        Ok(Copy { key: key.to_owned(), version: answer.version_id, etag: answer.e_tag.unwrap_or_default() })
    }

    async fn memory(&self) -> Result<i32, TuneError> {
        const OPERATION: &str = "lambda:GetFunctionConfiguration";
        let answer = self.aws.lambda.get_function_configuration().function_name(&self.function).send().await;
        Ok(answer.named(OPERATION)?.memory_size.ok_or_else(|| AwsError::incomplete(OPERATION, "memory"))?)
    }

    /// Sets the memory and waits until the next invocation has it.
    async fn set_memory(&self, memory_mib: i32) -> Result<(), TuneError> {
        let call = self.aws.lambda.update_function_configuration().function_name(&self.function);
        call.memory_size(memory_mib).send().await.named("lambda:UpdateFunctionConfiguration")?;
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        let settled = until(SETTLES_WITHIN, backoff, || async {
            let answer = self.aws.lambda.get_function_configuration().function_name(&self.function).send().await;
            let answer = answer.named("lambda:GetFunctionConfiguration")?;
            Ok::<_, AwsError>(match answer.last_update_status {
                Some(LastUpdateStatus::Successful) if answer.memory_size == Some(memory_mib) => Probe::Ready(()),
                Some(LastUpdateStatus::Failed) => {
                    Probe::Failed(answer.last_update_status_reason.unwrap_or_else(|| "the update failed".into()))
                }
                _ => Probe::Pending("updating".into()),
            })
        });
        settled.await.map_err(|error| match error {
            WaitError::Look(error) => error.into(),
            other => TuneError::Unsettled { function: self.function.clone(), why: other.to_string() },
        })
    }

    /// Invokes the function once. A second attempt of the SDK would load a second time, so there is none.
    async fn measure(&self, memory_mib: i32, event: &str) -> Result<Measured, TuneError> {
        let call = self.aws.lambda_once.invoke().function_name(&self.function).log_type(LogType::Tail);
        let answer = call.payload(Blob::new(event.as_bytes())).send().await.named("lambda:InvokeFunction")?;
        let log = answer.log_result.and_then(|log| STANDARD.decode(log).ok()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        let payload = answer.payload.map(|payload| String::from_utf8_lossy(payload.as_ref()).into_owned());
        let payload = payload.unwrap_or_default();
        let failed = |lines| Ok(Measured { memory_mib, outcome: Err(lines) });
        if answer.function_error.is_some() {
            return failed(what_matters(&format!("{log}\n{payload}")));
        }
        if let Some(why) = not_loaded(&payload) {
            return failed(vec![why]);
        }
        let Some(report) = Report::find(&log) else {
            return failed(vec!["the function's log has no REPORT line".to_owned()]);
        };
        let Report { seconds, billed_seconds, used_mib } = report;
        let usd = self.prices.lambda_usd(&self.architecture, memory_mib, billed_seconds);
        Ok(Measured { memory_mib, outcome: Ok(Figures { seconds, billed_seconds, used_mib, usd }) })
    }

    /// Deletes the copies, their rows, their entries in the table of loads, and what the loader put aside.
    async fn clean(&mut self, copies: &[Copy]) -> Result<(), TuneError> {
        let (table, log) = (self.tables.0.clone(), self.tables.1.clone());
        for copy in copies {
            let bucket = &self.bucket;
            let mine = format!("FROM `{log}` WHERE Bucket = '{bucket}' AND ObjectKey = '{}'", copy.key);
            for row in self.mysql.query(&format!("SELECT LoadId, RejectsUri {mine}")).await? {
                let Some(Some(id)) = row.first() else { continue };
                self.mysql.execute(&format!("DELETE FROM `{table}` WHERE LoadId = {id}")).await?;
                let rejects = row.get(1).cloned().flatten();
                let place = rejects.as_deref().and_then(|uri| uri.strip_prefix("s3://")?.split_once('/'));
                if let Some((bucket, key)) = place {
                    let call = self.aws.s3.delete_object().bucket(bucket).key(key);
                    call.send().await.named("s3:DeleteObject")?;
                }
            }
            self.mysql.execute(&format!("DELETE {mine}")).await?;
            let call = self.aws.s3.delete_object().bucket(bucket).key(&copy.key);
            call.set_version_id(copy.version.clone()).send().await.named("s3:DeleteObject")?;
        }
        Ok(())
    }
}

/// A copy of the file in the bucket.
struct Copy {
    key: String,
    version: Option<String>,
    etag: String,
}

/// Returns the event that S3 would have sent.
fn event(bucket: &str, copy: &Copy) -> String {
    let object = json!({ "key": copy.key, "versionId": copy.version, "eTag": copy.etag.trim_matches('"') });
    let s3 = json!({ "s3SchemaVersion": "1.0", "bucket": { "name": bucket }, "object": object });
    let record = json!({ "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3 });
    json!({ "Records": [record] }).to_string()
}

/// Returns why a load that ended without an error loaded nothing, if the loader says so.
fn not_loaded(payload: &str) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_str(payload).ok()?;
    let load = answer["loads"].get(0)?;
    let state = load["state"].as_str().filter(|state| *state != "loaded")?;
    Some(format!("the load ended as {state}: {}", load["reason"].as_str().unwrap_or("no reason given")))
}

/// Returns the size to take: the cheapest of those that take at most a tenth longer than the fastest.
pub fn best(measured: &[Measured]) -> Option<&Measured> {
    let good = || measured.iter().filter_map(|one| Some((one, one.outcome.as_ref().ok()?)));
    let fastest = good().map(|(_, figures)| figures.seconds).min_by(f64::total_cmp)?;
    let near = good().filter(|(_, figures)| figures.seconds <= fastest * 1.1);
    // Every invocation costs the same beside memory times seconds, so the order needs no price.
    let gib_seconds = |(one, figures): &(&Measured, &Figures)| f64::from(one.memory_mib) * figures.billed_seconds;
    near.min_by(|one, other| gib_seconds(one).total_cmp(&gib_seconds(other))).map(|(one, _)| one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(memory_mib: i32, seconds: f64) -> Measured {
        Measured { memory_mib, outcome: Ok(Figures { seconds, billed_seconds: seconds, used_mib: 90, usd: None }) }
    }

    #[test]
    fn the_cheapest_of_the_fast_ones_is_the_best() {
        let failed = Measured { memory_mib: 128, outcome: Err(vec!["it used all of its memory".into()]) };
        let all = [failed.clone(), measured(256, 20.0), measured(512, 10.5), measured(1024, 10.0)];
        assert_eq!(best(&all).map(|one| one.memory_mib), Some(512));
        assert_eq!(best(&[measured(512, 12.0), measured(1024, 10.0)]).map(|one| one.memory_mib), Some(1024));
        assert_eq!(best(&[failed]), None);
    }

    #[test]
    fn the_event_names_the_copy_and_a_refused_load_is_no_measurement() {
        let copy = Copy { key: format!("{FOLDER}1/512.data"), version: None, etag: "\"5d41\"".into() };
        let event: serde_json::Value = serde_json::from_str(&event("input", &copy)).unwrap();
        assert_eq!(event["Records"][0]["s3"]["object"]["eTag"], "5d41");
        let refused = r#"{"loads": [{"state": "failed", "reason": "the header has no total"}]}"#;
        assert_eq!(not_loaded(refused).as_deref(), Some("the load ended as failed: the header has no total"));
        assert_eq!(not_loaded(r#"{"loads": [{"state": "loaded"}]}"#), None);
    }
}
