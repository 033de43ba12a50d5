//! How the Data API says what became of a statement.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::statements::{Part, Statement, User};

/// Returns the answer to `ExecuteStatement` and its like.
pub(super) fn accepted(statement: &Statement) -> Value {
    let mut answer = json!({
        "Id": statement.id,
        "ClusterIdentifier": statement.order.cluster,
        "Database": statement.order.database,
        "CreatedAt": seconds(statement.created),
    });
    say_user(&mut answer, &statement.order.user);
    answer
}

/// Returns the answer to `DescribeStatement`.
pub(super) fn described(statement: &Statement) -> Value {
    let last = statement.parts.last();
    let mut answer = accepted(statement);
    let more = json!({
        "Status": statement.status.word(),
        "UpdatedAt": seconds(statement.updated),
        "Duration": nanoseconds(statement.took),
        "HasResultSet": statement.parts.iter().any(|part| part.result.is_some()),
        "RedshiftPid": statement.number,
        "RedshiftQueryId": statement.number,
        "ResultFormat": "JSON",
    });
    extend(&mut answer, more);
    if let Some(error) = &statement.error {
        answer["Error"] = json!(error);
    }
    if !statement.order.parameters.is_empty() {
        let pairs = statement.order.parameters.iter();
        answer["QueryParameters"] = pairs.map(|(name, value)| json!({ "name": name, "value": value })).collect();
    }
    if statement.order.is_batch {
        let parts = statement.parts.iter().enumerate();
        answer["SubStatements"] = parts.map(|(place, part)| sub_statement(statement, place, part)).collect();
    } else if let Some(part) = last {
        answer["QueryString"] = json!(part.text);
        answer["ResultRows"] = json!(part.rows);
        answer["ResultSize"] = json!(size(part));
    }
    answer
}

/// Returns one item of `ListStatements`.
pub(super) fn listed(statement: &Statement) -> Value {
    let texts: Vec<&String> = statement.parts.iter().map(|part| &part.text).collect();
    let mut item = json!({
        "Id": statement.id,
        "Status": statement.status.word(),
        "IsBatchStatement": statement.order.is_batch,
        "CreatedAt": seconds(statement.created),
        "UpdatedAt": seconds(statement.updated),
        "ResultFormat": "JSON",
    });
    if let Some(name) = &statement.order.name {
        item["StatementName"] = json!(name);
    }
    if statement.order.is_batch {
        item["QueryStrings"] = json!(texts);
    } else {
        item["QueryString"] = json!(texts.first());
    }
    if let User::Secret(arn) = &statement.order.user {
        item["SecretArn"] = json!(arn);
    }
    item
}

fn sub_statement(statement: &Statement, place: usize, part: &Part) -> Value {
    let mut item = json!({
        "Id": format!("{}:{}", statement.id, place + 1),
        "Status": part.status.word(),
        "CreatedAt": seconds(part.created),
        "UpdatedAt": seconds(part.updated),
        "Duration": nanoseconds(part.took),
        "QueryString": part.text,
        "ResultRows": part.rows,
        "ResultSize": size(part),
        "HasResultSet": part.result.is_some(),
        "RedshiftQueryId": statement.number,
    });
    if let Some(error) = &part.error {
        item["Error"] = json!(error);
    }
    item
}

fn say_user(answer: &mut Value, user: &User) {
    match user {
        User::Secret(arn) => answer["SecretArn"] = json!(arn),
        User::Database(name) => answer["DbUser"] = json!(name),
        User::Identity => {}
    }
}

fn extend(answer: &mut Value, more: Value) {
    let more: Map<String, Value> = serde_json::from_value(more).unwrap_or_default();
    if let Some(members) = answer.as_object_mut() {
        members.extend(more);
    }
}

fn size(part: &Part) -> i64 {
    part.result.as_ref().map_or(-1, |result| i64::try_from(result.bytes).unwrap_or(i64::MAX))
}

/// Returns a time as the JSON protocol says it.
fn seconds(time: jiff::Timestamp) -> f64 {
    time.as_duration().as_secs_f64()
}

fn nanoseconds(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}
