//! Query executions as the API shows them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::refused::{invalid, required};
use super::results::{self, Page};
use super::service::{Answer, Athena};
use super::task::{self, Finished};
use super::workgroups::PRIMARY;
use crate::localcloud::mint;
use crate::localcloud::page::page;
use crate::localcloud::refusal::Refusal;

/// The kind of document that an execution is.
pub(super) const EXECUTION: &str = "execution";

/// Most bytes of a query, as on AWS.
const MOST_BYTES: usize = 262_144;

impl Athena {
    pub(super) fn start_query(self: &Arc<Self>, region: &str, input: &Value) -> Answer {
        let query = required(input, "QueryString")?;
        if query.len() > MOST_BYTES {
            return Err(invalid(format!("queryString must not be longer than {MOST_BYTES} bytes")));
        }
        if let Some(known) = self.same_request(region, input)? {
            return Ok(json!({ "QueryExecutionId": known }));
        }
        let group = self.work_group(region, input["WorkGroup"].as_str().unwrap_or(PRIMARY))?;
        if group["State"] == "DISABLED" {
            return Err(invalid(format!("WorkGroup {} is disabled", group["Name"].as_str().unwrap_or_default())));
        }
        let identifier = mint::uuid();
        let location = output_location(&group["Configuration"], input, &identifier)?;
        let execution = json!({
            "QueryExecutionId": identifier, "Query": query, "StatementType": statement_type(query),
            "ResultConfiguration": { "OutputLocation": location }, "WorkGroup": group["Name"],
            "QueryExecutionContext": context(&input["QueryExecutionContext"]),
            "Status": { "State": "QUEUED", "SubmissionDateTime": mint::now_seconds() },
            "Statistics": {
                "EngineExecutionTimeInMillis": 0, "DataScannedInBytes": 0, "TotalExecutionTimeInMillis": 0,
            },
            "EngineVersion": group["Configuration"]["EngineVersion"],
            "ResultReuseConfiguration": { "ResultReuseByAgeConfiguration": { "Enabled": false } },
            "Token": input["ClientRequestToken"],
        });
        self.documents.put(region, EXECUTION, &identifier, execution);
        let (athena, place, query) = (Arc::clone(self), region.to_owned(), identifier.clone());
        let task = tokio::spawn(async move { task::run(&athena, &place, &query).await });
        self.keep(&identifier, task.abort_handle());
        Ok(json!({ "QueryExecutionId": identifier }))
    }

    /// Returns the execution that an earlier, equal request started.
    fn same_request(&self, region: &str, input: &Value) -> Result<Option<String>, Refusal> {
        let Some(token) = input["ClientRequestToken"].as_str() else { return Ok(None) };
        let known = self.documents.list(region, EXECUTION).into_iter().find(|(_, known)| known["Token"] == token);
        match known {
            Some((identifier, known)) if known["Query"] == input["QueryString"] => Ok(Some(identifier)),
            Some(_) => Err(invalid("Idempotent parameters do not match")),
            None => Ok(None),
        }
    }

    pub(super) fn get_query(&self, region: &str, input: &Value) -> Answer {
        let execution = self.execution(region, required(input, "QueryExecutionId")?)?;
        Ok(json!({ "QueryExecution": shown(execution) }))
    }

    pub(super) fn batch_get_query(&self, region: &str, input: &Value) -> Answer {
        let mut found = vec![];
        let mut lost = vec![];
        for identifier in input["QueryExecutionIds"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            match self.execution(region, identifier) {
                Ok(execution) => found.push(shown(execution)),
                Err(refusal) => lost.push(json!({
                    "QueryExecutionId": identifier, "ErrorCode": "INVALID_QUERY_EXECUTION_ID",
                    "ErrorMessage": refusal.message(),
                })),
            }
        }
        if found.len() + lost.len() > 50 {
            return Err(invalid("At most 50 query executions can be read at once"));
        }
        Ok(json!({ "QueryExecutions": found, "UnprocessedQueryExecutionIds": lost }))
    }

    pub(super) fn list_queries(&self, region: &str, input: &Value) -> Answer {
        let group = input["WorkGroup"].as_str().unwrap_or(PRIMARY);
        self.work_group(region, group)?;
        let mut executions = self.documents.list(region, EXECUTION);
        executions.retain(|(_, execution)| execution["WorkGroup"] == group);
        let submitted = |execution: &Value| execution["Status"]["SubmissionDateTime"].as_f64().unwrap_or(0.0);
        executions.sort_by(|(_, one), (_, other)| submitted(other).total_cmp(&submitted(one)));
        let identifiers = executions.into_iter().map(|(identifier, _)| identifier).collect();
        let (shown, next) = page(identifiers, input["NextToken"].as_str(), input["MaxResults"].as_u64(), 50);
        Ok(json!({ "QueryExecutionIds": shown, "NextToken": next }))
    }

    pub(super) fn get_results(&self, region: &str, input: &Value) -> Answer {
        let identifier = required(input, "QueryExecutionId")?;
        let execution = self.execution(region, identifier)?;
        let state = execution["Status"]["State"].as_str().unwrap_or_default();
        if state != "SUCCEEDED" {
            let message = match state {
                "FAILED" | "CANCELLED" => "Query did not finish successfully. Final query state: ",
                _ => "Query has not yet finished. Current state: ",
            };
            return Err(invalid(format!("{message}{state}")));
        }
        let start = input["NextToken"].as_str().and_then(|token| token.parse().ok()).unwrap_or(0);
        let limit = input["MaxResults"].as_u64().and_then(|most| usize::try_from(most).ok()).unwrap_or(1000);
        if limit > 1000 {
            return Err(invalid("MaxResults is more than maximum allowed length 1000"));
        }
        let page = results::read(&self.context.home, identifier, start, limit.max(1));
        let Page { rows, next } = page.map_err(|_| invalid("Could not find results"))?;
        let mut body = json!({
            "UpdateCount": 0,
            "ResultSet": { "Rows": rows, "ResultSetMetadata": { "ColumnInfo": execution["Columns"] } },
        });
        if let Some(next) = next {
            body["NextToken"] = json!(next.to_string());
        }
        Ok(body)
    }

    pub(super) fn stop_query(&self, region: &str, input: &Value) -> Answer {
        let identifier = required(input, "QueryExecutionId")?;
        let execution = self.execution(region, identifier)?;
        if is_active(&execution) {
            self.abort(identifier);
            self.finish(region, identifier, &Finished::cancelled());
        }
        Ok(json!({}))
    }

    /// Moves an execution that still waits or runs to its last state.
    pub(super) fn finish(&self, region: &str, identifier: &str, finished: &Finished) {
        self.documents.edit(region, EXECUTION, identifier, |execution| {
            if !is_active(execution) {
                return;
            }
            let now = mint::now_seconds();
            let submitted = execution["Status"]["SubmissionDateTime"].as_f64().unwrap_or(now);
            execution["Status"]["State"] = json!(finished.state);
            execution["Status"]["CompletionDateTime"] = json!(now);
            if let Some(reason) = &finished.reason {
                execution["Status"]["StateChangeReason"] = json!(reason);
                execution["Status"]["AthenaError"] =
                    json!({ "ErrorCategory": 2, "ErrorType": 1006, "Retryable": false, "ErrorMessage": reason });
            }
            execution["Statistics"] = json!({
                "EngineExecutionTimeInMillis": finished.engine_milliseconds,
                "DataScannedInBytes": finished.scanned_bytes,
                "TotalExecutionTimeInMillis": ((now - submitted) * 1000.0) as u64,
                "QueryQueueTimeInMillis": 0,
                "ServiceProcessingTimeInMillis": 0,
                "ResultReuseInformation": { "ReusedPreviousResult": false },
            });
            execution["Columns"] = json!(finished.columns);
        });
    }

    /// Removes an execution with its results.
    pub(super) fn forget_execution(&self, region: &str, identifier: &str) {
        self.abort(identifier);
        self.documents.remove(region, EXECUTION, identifier);
        results::forget(&self.context.home, identifier);
    }

    /// Ends the queries that the process before left.
    pub(super) fn fail_interrupted(&self) {
        for region in self.documents.regions() {
            for (identifier, execution) in self.documents.list(&region, EXECUTION) {
                if is_active(&execution) {
                    let reason = "INTERNAL_ERROR: the local cloud stopped while the query ran".to_owned();
                    self.finish(&region, &identifier, &Finished::failed(reason));
                }
            }
        }
    }

    pub(super) fn execution(&self, region: &str, identifier: &str) -> Result<Value, Refusal> {
        let known = self.documents.get(region, EXECUTION, identifier);
        known.ok_or_else(|| invalid(format!("QueryExecution {identifier} was not found")))
    }
}

fn is_active(execution: &Value) -> bool {
    matches!(execution["Status"]["State"].as_str(), Some("QUEUED" | "RUNNING"))
}

/// An execution without what is kept for ourselves.
fn shown(mut execution: Value) -> Value {
    if let Some(members) = execution.as_object_mut() {
        members.remove("Columns");
        members.remove("Token");
    }
    execution
}

fn context(given: &Value) -> Value {
    let mut context = json!({});
    for member in ["Database", "Catalog"] {
        if let Some(text) = given[member].as_str() {
            context[member] = json!(text.to_lowercase());
        }
    }
    context
}

fn statement_type(query: &str) -> &'static str {
    let word = query.trim_start().split(|letter: char| !letter.is_alphabetic()).next().unwrap_or_default();
    match word.to_lowercase().as_str() {
        "create" | "drop" | "alter" => "DDL",
        "show" | "describe" | "explain" => "UTILITY",
        _ => "DML",
    }
}

/// Returns where the results go, which the work group may decide alone.
fn output_location(configuration: &Value, input: &Value, identifier: &str) -> Result<String, Refusal> {
    let theirs = input["ResultConfiguration"]["OutputLocation"].as_str();
    let group = configuration["ResultConfiguration"]["OutputLocation"].as_str();
    let enforced = configuration["EnforceWorkGroupConfiguration"] == json!(true);
    let location = if enforced { group.or(theirs) } else { theirs.or(group) };
    let Some(location) = location else {
        return Err(invalid(
            "No output location provided. An output location is required either through the Workgroup result \
             configuration setting or as an API input.",
        ));
    };
    if !location.starts_with("s3://") {
        return Err(invalid("outputLocation is not a valid S3 path."));
    }
    Ok(format!("{}/{identifier}.csv", location.trim_end_matches('/')))
}
