//! What tasks call: operations of AWS, jobs and queries that are followed to their end, and functions.

use std::time::Duration;

use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use serde_json::{Value, json};

use super::asl::Fault;
use crate::localcloud::cloud::Context;
use crate::localcloud::remote::{self, Failed, Remote};
use crate::localcloud::sdk;

/// How often a job or a query is looked at.
const POLL: Duration = Duration::from_millis(300);

/// What a resource of a task stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Work {
    Call(Remote, String),
    JobToItsEnd,
    QueryToItsEnd,
    /// A function, whose answer comes as it is or with what Lambda says of it.
    Function(Option<String>),
}

/// The operations that have an integration of their own, beside those through the SDK.
const OPTIMIZED: &[&str] = &[
    "athena:getQueryExecution",
    "athena:getQueryResults",
    "athena:startQueryExecution",
    "athena:stopQueryExecution",
    "glue:startJobRun",
];

/// Returns whether a task may name this resource.
pub(super) fn knows(resource: &str) -> bool {
    read(resource).is_some()
}

fn read(resource: &str) -> Option<Work> {
    if resource.starts_with("arn:aws:lambda:") && resource.contains(":function:") {
        return Some(Work::Function(Some(resource.to_owned())));
    }
    let named = resource.strip_prefix("arn:aws:states:::")?;
    match named {
        "lambda:invoke" => return Some(Work::Function(None)),
        "glue:startJobRun.sync" => return Some(Work::JobToItsEnd),
        "athena:startQueryExecution.sync" => return Some(Work::QueryToItsEnd),
        _ => {}
    }
    let call = named.strip_prefix("aws-sdk:").or_else(|| OPTIMIZED.contains(&named).then_some(named))?;
    remote::find(call).map(|(remote, operation)| Work::Call(remote, operation))
}

/// Who calls, and from where.
pub(super) struct Caller<'a> {
    pub(super) context: &'a Context,
    pub(super) region: &'a str,
    pub(super) role: &'a str,
}

impl Caller<'_> {
    /// Does what a task names and returns its result.
    pub(super) async fn perform(&self, resource: &str, input: &Value) -> Result<Value, Fault> {
        match read(resource) {
            Some(Work::Call(remote, operation)) => self.call(remote, &operation, input).await,
            Some(Work::JobToItsEnd) => self.follow_job(input).await,
            Some(Work::QueryToItsEnd) => self.follow_query(input).await,
            Some(Work::Function(Some(function))) => self.invoke(&function, input).await.map(|(_, answer)| answer),
            Some(Work::Function(None)) => {
                let function = input["FunctionName"].as_str().unwrap_or_default();
                let (version, answer) = self.invoke(function, &input["Payload"]).await?;
                Ok(json!({ "ExecutedVersion": version, "Payload": answer, "StatusCode": 200 }))
            }
            None => Err(Fault::runtime(format!("The resource '{resource}' is not supported"))),
        }
    }

    async fn call(&self, remote: Remote, operation: &str, input: &Value) -> Result<Value, Fault> {
        let place = (self.context.endpoint.as_str(), self.region);
        if !remote::may(self.role, place, (remote, operation), input).await {
            let message = format!("{} is not authorized to perform: {}:{operation}", self.role, remote.word);
            return Err(Fault::new(format!("{}.AccessDeniedException", remote.errors), message));
        }
        let answer = remote::call(place.0, place.1, remote, operation, input).await;
        answer
            .map_err(|Failed { code, message }| Fault::new(format!("{}.{}", remote.errors, exception(&code)), message))
    }

    async fn named(&self, named: &str, input: &Value) -> Result<Value, Fault> {
        let (remote, operation) = remote::find(named).ok_or_else(|| Fault::runtime(named))?;
        self.call(remote, &operation, input).await
    }

    async fn follow_job(&self, input: &Value) -> Result<Value, Fault> {
        let started = self.named("glue:startJobRun", input).await?;
        let run = json!({ "JobName": input["JobName"], "RunId": started["JobRunId"] });
        let mut guard = StopJob { context: self.context, region: self.region, run: Some(run.clone()) };
        loop {
            let seen = self.named("glue:getJobRun", &run).await?["JobRun"].take();
            match seen["JobRunState"].as_str().unwrap_or_default() {
                "SUCCEEDED" => {
                    guard.run = None;
                    return Ok(seen);
                }
                "FAILED" | "ERROR" | "STOPPED" | "TIMEOUT" | "EXPIRED" => {
                    guard.run = None;
                    return Err(Fault::new("States.TaskFailed", seen.to_string()));
                }
                _ => tokio::time::sleep(POLL).await,
            }
        }
    }

    async fn follow_query(&self, input: &Value) -> Result<Value, Fault> {
        let started = self.named("athena:startQueryExecution", input).await?;
        let query = json!({ "QueryExecutionId": started["QueryExecutionId"] });
        loop {
            // A query names no work group, so that the role's permissions are checked when it starts.
            let seen = self.named("athena:getQueryExecution", &query).await?;
            match seen["QueryExecution"]["Status"]["State"].as_str().unwrap_or_default() {
                "SUCCEEDED" => return Ok(seen),
                "FAILED" | "CANCELLED" => return Err(Fault::new("States.TaskFailed", seen.to_string())),
                _ => tokio::time::sleep(POLL).await,
            }
        }
    }

    async fn invoke(&self, function: &str, payload: &Value) -> Result<(String, Value), Fault> {
        let client = aws_sdk_lambda::Client::new(&sdk::config(&self.context.endpoint, self.region).await);
        let call = client.invoke().function_name(function).payload(Blob::new(payload.to_string()));
        let answer = call.send().await.map_err(|error| {
            let code = error.code().unwrap_or("SdkClientException").to_owned();
            Fault::new(format!("Lambda.{}", exception(&code)), error.message().unwrap_or_default())
        })?;
        let bytes = answer.payload().map(AsRef::as_ref).unwrap_or_default();
        let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
        if answer.function_error().is_some() {
            let error = body["errorType"].as_str().unwrap_or("Lambda.Unknown").to_owned();
            return Err(Fault::new(error, body.to_string()));
        }
        Ok((answer.executed_version().unwrap_or("$LATEST").to_owned(), body))
    }
}

/// Stops a run of a job whose task ends before it, as Step Functions does when an execution is stopped.
struct StopJob<'a> {
    context: &'a Context,
    region: &'a str,
    /// The run, as long as it may go on.
    run: Option<Value>,
}

impl Drop for StopJob<'_> {
    fn drop(&mut self) {
        let (Some(run), Some((remote, operation))) = (self.run.take(), remote::find("glue:batchStopJobRun")) else {
            return;
        };
        let (endpoint, region) = (self.context.endpoint.clone(), self.region.to_owned());
        let request = json!({ "JobName": run["JobName"], "JobRunIds": [run["RunId"]] });
        self.context.tasks.spawn(async move {
            let stopped = remote::call(&endpoint, &region, remote, &operation, &request).await;
            if let Err(failed) = stopped {
                tracing::warn!(%failed, "a run of a job goes on without its execution");
            }
        });
    }
}

/// Returns the name that AWS's Java SDK, whose names Step Functions shows, has for an error.
fn exception(code: &str) -> String {
    let code = code.strip_prefix("DB").map_or_else(|| code.to_owned(), |rest| format!("Db{rest}"));
    if code.ends_with("Exception") { code } else { format!("{code}Exception") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_of_tasks_are_told_apart() {
        assert!(knows("arn:aws:states:::glue:startJobRun.sync") && knows("arn:aws:states:::lambda:invoke"));
        assert!(knows("arn:aws:states:::aws-sdk:redshiftdata:describeStatement"));
        assert!(!knows("arn:aws:states:::glue:getCrawler") && !knows("arn:aws:states:::aws-sdk:glue:GetCrawler"));
        assert_eq!(exception("DBInstanceNotFound"), "DbInstanceNotFoundException");
        assert_eq!(exception("CrawlerRunningException"), "CrawlerRunningException");
    }
}
