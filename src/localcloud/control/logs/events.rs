//! Writing, reading and searching events.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::refusal::Refusal;
use super::files::{Event, Files};
use super::groups::with_token;
use super::pattern::Pattern;
use super::state::{Group, Region, group_name, invalid, now};
use super::streams::stream_name;

/// The most events of an answer.
const MOST_EVENTS: u64 = 10_000;
/// The most bytes of events of one call; each counts for 26 bytes more than its text.
const MOST_BYTES: usize = 1_048_576;
const MILLISECONDS_PER_DAY: i64 = 24 * 60 * 60 * 1000;
const TWO_HOURS: i64 = 2 * 60 * 60 * 1000;
const OLDEST_DAYS: i64 = 14;

/// An event with the stream that it is in and its id, by which a search is continued.
type Hit<'a> = (i64, String, &'a str, Event);

/// Answers `PutLogEvents`.
pub(super) fn put(state: &mut Region, files: &Files, region: &str, request: &Value) -> Result<Value, Refusal> {
    let (group_name, stream_name) = (group_name(request)?, stream_name(request)?);
    state.group(&group_name)?.stream(&stream_name)?;
    let now = now();
    let sent = request["logEvents"].as_array().cloned().unwrap_or_default();
    let mut events: Vec<Event> = Vec::with_capacity(sent.len());
    for event in &sent {
        let timestamp = event["timestamp"].as_i64().ok_or_else(|| invalid("An event has no timestamp"))?;
        let message = event["message"].as_str().filter(|message| !message.is_empty());
        let message = message.ok_or_else(|| invalid("Log event message must not be empty"))?.to_owned();
        events.push(Event { timestamp, ingested: now, message });
    }
    let bytes: usize = events.iter().map(|event| event.message.len() + 26).sum();
    if events.is_empty() || events.len() as u64 > MOST_EVENTS || bytes > MOST_BYTES {
        return Err(invalid("Upload too large or empty: at most 10,000 events and 1,048,576 bytes at once"));
    }
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let old = events.iter().take_while(|event| event.timestamp < now - OLDEST_DAYS * MILLISECONDS_PER_DAY).count();
    let new = events.iter().take_while(|event| event.timestamp <= now + TWO_HOURS).count();
    let mut answer = json!({ "nextSequenceToken": format!("{now:056}") });
    if old > 0 {
        answer["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"] = json!(old);
    }
    if new < events.len() {
        answer["rejectedLogEventsInfo"]["tooNewLogEventStartIndex"] = json!(new);
    }
    let kept = events.get(old..new).unwrap_or_default();
    files.append(region, &group_name, &stream_name, kept).map_err(disk)?;
    if let Some(stream) = state.group_mut(&group_name)?.streams.get_mut(&stream_name)
        && let (Some(first), Some(last)) = (kept.first(), kept.last())
    {
        stream.first = Some(stream.first.map_or(first.timestamp, |time| time.min(first.timestamp)));
        stream.last = stream.last.max(Some(last.timestamp));
        stream.ingested = Some(now);
        stream.bytes += bytes as u64;
    }
    Ok(answer)
}

/// Answers `GetLogEvents`: a window on a stream that its tokens move on and back.
pub(super) fn get(state: &Region, files: &Files, region: &str, request: &Value) -> Result<Value, Refusal> {
    let (group_name, stream_name) = (group_name(request)?, stream_name(request)?);
    let group = state.group(&group_name)?;
    group.stream(&stream_name)?;
    let mut events = files.read(region, &group_name, &stream_name);
    events.retain(|event| is_wanted(event, group, request));
    let limit = limit(request);
    let token = request["nextToken"].as_str();
    let (start, end) = match token.map(|token| (token.split_once('/'), events.len())) {
        Some((Some(("f", place)), length)) => {
            let start = place.parse::<usize>().map_err(|_| bad_token())?.min(length);
            (start, (start + limit).min(length))
        }
        Some((Some(("b", place)), length)) => {
            let end = place.parse::<usize>().map_err(|_| bad_token())?.min(length);
            (end.saturating_sub(limit), end)
        }
        Some(_) => return Err(bad_token()),
        None if request["startFromHead"].as_bool() == Some(true) => (0, limit.min(events.len())),
        None => (events.len().saturating_sub(limit), events.len()),
    };
    let shown: Vec<Value> = events[start..end]
        .iter()
        .map(|event| json!({ "timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingested }))
        .collect();
    Ok(json!({
        "events": shown,
        "nextForwardToken": format!("f/{end:056}"),
        "nextBackwardToken": format!("b/{start:056}"),
    }))
}

/// Answers `FilterLogEvents`: a search through the streams of a group in the order of time.
pub(super) fn filter(state: &Region, files: &Files, region: &str, request: &Value) -> Result<Value, Refusal> {
    let name = group_name(request)?;
    let group = state.group(&name)?;
    let pattern = Pattern::parse(request["filterPattern"].as_str().unwrap_or_default())?;
    let named = request["logStreamNames"].as_array();
    let prefix = request["logStreamNamePrefix"].as_str().unwrap_or_default();
    let wants =
        |stream: &str| stream.starts_with(prefix) && named.is_none_or(|names| names.iter().any(|name| name == stream));
    let mut hits: Vec<Hit<'_>> = Vec::new();
    for stream in group.streams.keys().filter(|stream| wants(stream)) {
        for (place, event) in files.placed(region, &name, stream) {
            if is_wanted(&event, group, request) && pattern.matches(&event.message) {
                hits.push((event.timestamp, event_id(stream, place, &event), stream.as_str(), event));
            }
        }
    }
    hits.sort_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
    if let Some(token) = request["nextToken"].as_str() {
        let (time, id) = token.split_once('/').ok_or_else(bad_token)?;
        let after = (time.parse::<i64>().map_err(|_| bad_token())?, id);
        hits.retain(|(time, id, ..)| (*time, id.as_str()) > after);
    }
    let limit = limit(request);
    let more = hits.len() > limit;
    hits.truncate(limit);
    let next = hits.last().filter(|_| more).map(|(time, id, ..)| format!("{time}/{id}"));
    let shown: Vec<Value> = hits
        .into_iter()
        .map(|(timestamp, id, stream, event)| {
            json!({
                "logStreamName": stream,
                "timestamp": timestamp,
                "message": event.message,
                "ingestionTime": event.ingested,
                "eventId": id,
            })
        })
        .collect();
    Ok(with_token(json!({ "events": shown, "searchedLogStreams": [] }), next))
}

/// Returns whether an event is in the time that was asked for and was not forgotten since.
fn is_wanted(event: &Event, group: &Group, request: &Value) -> bool {
    let forgotten = group.retention.map(|days| now() - days * MILLISECONDS_PER_DAY);
    request["startTime"].as_i64().is_none_or(|start| event.timestamp >= start)
        && request["endTime"].as_i64().is_none_or(|end| event.timestamp < end)
        && forgotten.is_none_or(|forgotten| event.timestamp >= forgotten)
}

/// Returns an id that rises within a stream and is the same at every search.
fn event_id(stream: &str, place: usize, event: &Event) -> String {
    let digest = Sha256::digest(stream.as_bytes());
    let of_stream = u64::from_be_bytes([digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], 0, 0]) >> 16;
    format!("{:016}{place:010}{of_stream:015}{:015}", event.timestamp, event.ingested)
}

fn limit(request: &Value) -> usize {
    usize::try_from(request["limit"].as_u64().unwrap_or(MOST_EVENTS).clamp(1, MOST_EVENTS)).unwrap_or(usize::MAX)
}

fn bad_token() -> Refusal {
    invalid("The specified nextToken is invalid.")
}

/// Says that the disk failed.
pub(super) fn disk(error: std::io::Error) -> Refusal {
    tracing::error!(%error, "the logs could not be written");
    Refusal::new(500, "ServiceUnavailableException", "The logs could not be written")
}
