//! The operations of CloudWatch Logs by name.

use async_trait::async_trait;
use serde_json::Value;

use super::super::refusal::Refusal;
use super::super::saved::Saved;
use super::events::{disk, filter, get, put};
use super::files::Files;
use super::state::{Region, arn, group_name};
use super::streams::stream_name;
use crate::localcloud::service::{Service, Tagged};
use crate::localcloud::{Call, Home, Reply};

/// CloudWatch Logs.
pub(in super::super) struct Logs {
    regions: Saved<Region>,
    files: Files,
}

impl Logs {
    /// Opens the logs that were kept.
    pub(in super::super) fn open(home: &Home) -> std::io::Result<Self> {
        Ok(Self { regions: Saved::open("logs", home)?, files: Files::new(home.root().join("logs")) })
    }

    fn look(&self, state: &Region, call: &Call, request: &Value) -> Result<Value, Refusal> {
        let region = call.region.as_str();
        match call.operation.as_str() {
            "DescribeLogGroups" | "ListLogGroups" => state.describe_groups(request, region),
            "DescribeLogStreams" => state.describe_streams(request, region),
            "FilterLogEvents" => filter(state, &self.files, region, request),
            "GetLogEvents" => get(state, &self.files, region, request),
            "ListTagsForResource" | "ListTagsLogGroup" => state.list_tags(request),
            operation => Err(unknown(operation)),
        }
    }

    fn change(&self, state: &mut Region, call: &Call, request: &Value) -> Result<Value, Refusal> {
        let region = call.region.as_str();
        match call.operation.as_str() {
            "CreateLogGroup" => state.create_group(request),
            "CreateLogStream" => state.create_stream(request),
            "DeleteLogGroup" => {
                let answer = state.delete_group(request)?;
                self.files.remove_group(region, &group_name(request)?).map_err(disk)?;
                Ok(answer)
            }
            "DeleteLogStream" => {
                let answer = state.delete_stream(request)?;
                self.files.remove(region, &group_name(request)?, &stream_name(request)?).map_err(disk)?;
                Ok(answer)
            }
            "DeleteRetentionPolicy" => state.delete_retention(request),
            "PutLogEvents" => put(state, &self.files, region, request),
            "PutRetentionPolicy" => state.put_retention(request),
            "TagLogGroup" | "TagResource" => state.tag(request),
            "UntagLogGroup" | "UntagResource" => state.untag(request),
            operation => Err(unknown(operation)),
        }
    }
}

#[async_trait]
impl Service for Logs {
    fn signing_names(&self) -> &'static [&'static str] {
        &["logs"]
    }

    async fn tagged(&self, region: &str) -> Vec<Tagged> {
        self.regions.read(region, |state| {
            let groups = state.groups.iter();
            groups.map(|(name, group)| Tagged { arn: arn(region, name), tags: group.tags.clone() }).collect()
        })
    }

    async fn handle(&self, call: Call) -> Reply {
        let request = call.json();
        let answer = if call.is_read() {
            self.regions.read(&call.region, |state| self.look(state, &call, &request))
        } else {
            self.regions.change(&call.region, |state| self.change(state, &call, &request))
        };
        match answer {
            Ok(answer) => Reply::json(&answer),
            Err(refusal) => Reply::json_error(refusal.status, &refusal.code, &refusal.message),
        }
    }
}

fn unknown(operation: &str) -> Refusal {
    Refusal::bad("UnknownOperationException", format!("The local cloud does not have the operation {operation}"))
}
