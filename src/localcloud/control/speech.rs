//! The three protocols that newer services speak: CBOR, JSON and the older query form. Inside, all are JSON values.

use ciborium::Value as Cbor;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::query::{Params, list, text, wrap};
use super::refusal::Refusal;
use crate::localcloud::{Call, Reply};

const NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";

/// The member that marks a time, in seconds since 1970, which every protocol writes in its own way.
const TIME: &str = "$time";

/// How a caller speaks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Speech {
    Cbor,
    Json,
    Query,
}

/// Returns a time as answers carry it.
pub(super) fn time(seconds: f64) -> Value {
    json!({ TIME: seconds })
}

impl Speech {
    /// Returns how a call is written.
    pub(super) fn of(call: &Call) -> Self {
        let kind = call.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("application/cbor") || call.headers.contains_key("smithy-protocol") {
            Self::Cbor
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            Self::Query
        } else {
            Self::Json
        }
    }

    /// Reads a request.
    pub(super) fn read(self, call: &Call) -> Value {
        match self {
            Self::Json => call.json(),
            Self::Query => from_form(&Params::of(call.form())),
            Self::Cbor => {
                let body: Result<Cbor, _> = ciborium::from_reader(call.body.as_ref());
                body.map_or_else(|_| json!({}), from_cbor)
            }
        }
    }

    /// Writes an answer.
    pub(super) fn answer(self, operation: &str, answer: &Value) -> Reply {
        match self {
            Self::Json => Reply::new(200, "application/x-amz-json-1.0", plain(answer).to_string()),
            Self::Query => Reply::query(operation, NAMESPACE, &to_xml(answer)),
            Self::Cbor => cbor(200, answer),
        }
    }

    /// Writes an error. The shape of an error has a longer name than its code on the wire of the query form.
    pub(super) fn refuse(self, refusal: &Refusal) -> Reply {
        let Refusal { status, code, message } = refusal;
        let shape = match code.as_str() {
            "ResourceNotFound" => "DashboardNotFoundError",
            "InvalidParameterInput" => "DashboardInvalidInputError",
            code => code,
        };
        let mut reply = match self {
            Self::Query => return Reply::query_error(*status, code, message),
            Self::Json => Reply::json_error(*status, shape, message),
            Self::Cbor => cbor(*status, &json!({ "__type": shape, "message": message })),
        };
        // So that callers who know the older codes still see them.
        if let Ok(value) = HeaderValue::from_str(&format!("{code};Sender")) {
            reply.headers.insert("x-amzn-query-error", value);
        }
        reply
    }
}

fn cbor(status: u16, value: &Value) -> Reply {
    let mut body = Vec::new();
    // Writing to memory cannot fail.
    let _ = ciborium::into_writer(&to_cbor(value), &mut body);
    let mut reply = Reply::new(status, "application/cbor", body);
    reply.headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    reply
}

fn from_cbor(value: Cbor) -> Value {
    match value {
        Cbor::Text(text) => Value::String(text),
        Cbor::Bool(on) => Value::Bool(on),
        Cbor::Float(number) => json!(number),
        Cbor::Integer(number) => json!(i128::from(number) as i64),
        Cbor::Tag(_, inner) => from_cbor(*inner),
        Cbor::Array(values) => Value::Array(values.into_iter().map(from_cbor).collect()),
        Cbor::Map(members) => Value::Object(
            members.into_iter().filter_map(|(name, value)| Some((name.into_text().ok()?, from_cbor(value)))).collect(),
        ),
        _ => Value::Null,
    }
}

fn to_cbor(value: &Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(on) => Cbor::Bool(*on),
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Cbor::Integer(number.into()),
            None => Cbor::Float(number.as_f64().unwrap_or_default()),
        },
        Value::Array(values) => Cbor::Array(values.iter().map(to_cbor).collect()),
        Value::Object(members) => match members.get(TIME).and_then(Value::as_f64) {
            Some(seconds) => Cbor::Tag(1, Box::new(Cbor::Float(seconds))),
            None => Cbor::Map(members.iter().map(|(name, value)| (Cbor::Text(name.clone()), to_cbor(value))).collect()),
        },
    }
}

/// Replaces marked times by numbers.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(values) => Value::Array(values.iter().map(plain).collect()),
        Value::Object(members) => match members.get(TIME) {
            Some(seconds) => seconds.clone(),
            None => Value::Object(members.iter().map(|(name, value)| (name.clone(), plain(value))).collect()),
        },
        other => other.clone(),
    }
}

fn to_xml(value: &Value) -> String {
    let member = |(name, value): (&String, &Value)| match value {
        Value::Array(values) => list(name, "member", values.iter().map(to_xml)),
        Value::Object(members) if !members.contains_key(TIME) => wrap(name, to_xml(value)),
        other => wrap(name, to_xml(other)),
    };
    match value {
        Value::Object(members) => match members.get(TIME).and_then(Value::as_f64) {
            Some(seconds) => moment(seconds),
            None => members.iter().map(member).collect(),
        },
        Value::Null => String::new(),
        Value::String(inner) => text("x", inner)["<x>".len()..].trim_end_matches("</x>").to_owned(),
        other => other.to_string(),
    }
}

fn moment(seconds: f64) -> String {
    let milliseconds = (seconds * 1000.0) as i64;
    jiff::Timestamp::from_millisecond(milliseconds).map(|time| time.to_string()).unwrap_or_default()
}

fn from_form(params: &Params) -> Value {
    let Some(value) = params.value() else {
        let names = params.names();
        if names.iter().all(|name| name == "member" || name.parse::<usize>().is_ok()) && !names.is_empty() {
            return Value::Array(params.members().into_iter().map(from_form).collect());
        }
        let members: Map<String, Value> = names
            .into_iter()
            .filter_map(|name| params.member(&name).map(|member| (name.clone(), from_form(member))))
            .collect();
        return Value::Object(members);
    };
    Value::String(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_lists_and_members() {
        let pairs = [("DashboardNames.member.1", "a"), ("DashboardNames.member.2", "b"), ("X.Y", "1")];
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let value = from_form(&Params::of(pairs));
        assert_eq!(value, json!({ "DashboardNames": ["a", "b"], "X": { "Y": "1" } }));
    }

    #[test]
    fn times_are_written_as_each_protocol_has_them() {
        let answer = json!({ "At": time(1.5) });
        assert_eq!(plain(&answer), json!({ "At": 1.5 }));
        assert_eq!(to_xml(&answer), "<At>1970-01-01T00:00:01.5Z</At>");
        assert_eq!(from_cbor(to_cbor(&answer)), json!({ "At": 1.5 }));
    }
}
