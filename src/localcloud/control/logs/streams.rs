//! Log streams.

use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::groups::with_token;
use super::state::{Region, Stream, arn, group_name, invalid, now, page};

impl Region {
    /// Answers `CreateLogStream`.
    pub(super) fn create_stream(&mut self, request: &Value) -> Result<Value, Refusal> {
        let name = stream_name(request)?;
        let group = self.group_mut(&group_name(request)?)?;
        if group.streams.contains_key(&name) {
            return Err(Refusal::bad("ResourceAlreadyExistsException", "The specified log stream already exists"));
        }
        group.streams.insert(name, Stream { created: now(), ..Stream::default() });
        Ok(json!({}))
    }

    /// Answers `DeleteLogStream`.
    pub(super) fn delete_stream(&mut self, request: &Value) -> Result<Value, Refusal> {
        let name = stream_name(request)?;
        let group = self.group_mut(&group_name(request)?)?;
        group.stream(&name)?;
        group.streams.remove(&name);
        Ok(json!({}))
    }

    /// Answers `DescribeLogStreams`.
    pub(super) fn describe_streams(&self, request: &Value, region: &str) -> Result<Value, Refusal> {
        let name = group_name(request)?;
        let group = self.group(&name)?;
        let prefix = request["logStreamNamePrefix"].as_str().unwrap_or_default();
        let by_time = request["orderBy"].as_str() == Some("LastEventTime");
        if by_time && !prefix.is_empty() {
            return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        let mut found: Vec<(&String, &Stream)> =
            group.streams.iter().filter(|(name, _)| name.starts_with(prefix)).collect();
        if by_time {
            found.sort_by_key(|(_, stream)| stream.last);
        }
        if request["descending"].as_bool() == Some(true) {
            found.reverse();
        }
        let found = found.into_iter().map(|(stream_name, stream)| (stream_name, (stream_name, stream)));
        let (found, next) = page(request, 50, found.collect());
        let shown = found.into_iter().map(|(stream_name, stream)| {
            let mut shown = json!({
                "logStreamName": stream_name,
                "creationTime": stream.created,
                "arn": format!("{}:log-stream:{stream_name}", arn(region, &name)),
                "storedBytes": 0,
                "uploadSequenceToken": "0",
            });
            let times = [
                ("firstEventTimestamp", stream.first),
                ("lastEventTimestamp", stream.last),
                ("lastIngestionTime", stream.ingested),
            ];
            for (field, time) in times.into_iter().filter_map(|(field, time)| Some((field, time?))) {
                shown[field] = json!(time);
            }
            shown
        });
        Ok(with_token(json!({ "logStreams": shown.collect::<Vec<Value>>() }), next))
    }
}

/// Returns the stream that a request names.
pub(super) fn stream_name(request: &Value) -> Result<String, Refusal> {
    let name = request["logStreamName"].as_str().unwrap_or_default();
    if name.is_empty() || name.len() > 512 || name.contains([':', '*']) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'logStreamName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [^:*]*"
        )));
    }
    Ok(name.to_owned())
}
