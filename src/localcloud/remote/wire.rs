//! Names and values on the wire, and as Scheduler and Step Functions show them.

use jiff::Timestamp;
use serde_json::Value;

/// The ends of the names of members that hold moments.
const MOMENTS: [&str; 5] = ["Time", "Date", "On", "At", "LastUpdated"];

/// The first moment that a number can mean: what is less counts seconds of something else.
const FIRST_MOMENT: f64 = 1e9;

/// Returns the members of a request as its form names them: the API says `DBInstanceIdentifier` where targets say
/// `DbInstanceIdentifier`.
pub(super) fn form(operation: &str, version: &str, input: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", operation).append_pair("Version", version);
    for (name, value) in input.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        form.append_pair(&api_name(name), &text);
    }
    form.finish()
}

/// Returns the name that the API of a query service has for a member.
fn api_name(name: &str) -> String {
    match name.strip_prefix("Db") {
        Some(rest) if rest.starts_with(|letter: char| letter.is_ascii_uppercase()) => format!("DB{rest}"),
        _ => name.to_owned(),
    }
}

/// Returns a value with the names of all members changed by `change`.
fn renamed(value: Value, change: fn(&str) -> String) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (change(&name), renamed(value, change))).collect()
        }
        Value::Array(values) => values.into_iter().map(|value| renamed(value, change)).collect(),
        other => other,
    }
}

fn first(name: &str, change: fn(&char) -> char) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| format!("{}{}", change(&first), letters.as_str())).unwrap_or_default()
}

/// Returns a request whose names begin with small letters.
pub(super) fn small(input: Value) -> Value {
    renamed(input, |name| first(name, char::to_ascii_lowercase))
}

/// Returns an answer as Step Functions shows it: names begin with capitals, and moments are texts.
pub(super) fn shown(answer: Value) -> Value {
    moments(renamed(answer, |name| shown_name(&first(name, char::to_ascii_uppercase))))
}

/// Returns the name that AWS's Java SDK, whose names Step Functions shows, has for a member.
fn shown_name(name: &str) -> String {
    match name.strip_prefix("DB") {
        Some(rest) if rest.starts_with(|letter: char| letter.is_ascii_uppercase()) => format!("Db{rest}"),
        _ => name.to_owned(),
    }
}

fn moments(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| {
                let is_moment = MOMENTS.iter().any(|end| name.ends_with(end));
                let moment = value.as_f64().filter(|seconds| is_moment && *seconds > FIRST_MOMENT).and_then(text);
                (name, moment.map_or_else(|| moments(value), Value::String))
            };
            members.into_iter().map(member).collect()
        }
        Value::Array(values) => values.into_iter().map(moments).collect(),
        other => other,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
fn text(seconds: f64) -> Option<String> {
    Timestamp::from_millisecond((seconds * 1000.0) as i64).ok().map(|moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn databases_are_named_as_their_service_does() {
        let input = json!({ "DbInstanceIdentifier": "shop", "SkipFinalSnapshot": true });
        let form = form("StopDBInstance", "2014-10-31", &input);
        assert!(form.contains("DBInstanceIdentifier=shop") && form.contains("SkipFinalSnapshot=true"), "{form}");
    }

    #[test]
    fn answers_are_shown_as_step_functions_does() {
        let answer = json!({ "records": [[{ "longValue": 3 }]], "LastCrawl": { "StartTime": 1_763_000_000.5 } });
        assert_eq!(
            shown(answer),
            json!({ "Records": [[{ "LongValue": 3 }]], "LastCrawl": { "StartTime": "2025-11-13T02:13:20.5Z" } })
        );
    }
}
