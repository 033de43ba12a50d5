//! The operations of CloudWatch by name.

use async_trait::async_trait;
use serde_json::Value;

use super::super::refusal::Refusal;
use super::super::saved::Saved;
use super::super::speech::Speech;
use super::state::{Boards, Metrics};
use crate::localcloud::service::{Service, Tagged};
use crate::localcloud::{Call, Home, Reply};

/// Dashboards belong to no region.
const EVERYWHERE: &str = "global";

/// CloudWatch without alarms.
pub(in super::super) struct CloudWatch {
    boards: Saved<Boards>,
    metrics: Saved<Metrics>,
}

impl CloudWatch {
    /// Opens what was saved.
    pub(in super::super) fn open(home: &Home) -> std::io::Result<Self> {
        Ok(Self { boards: Saved::open("dashboards", home)?, metrics: Saved::open("metrics", home)? })
    }

    fn answer(&self, operation: &str, region: &str, request: &Value) -> Result<Value, Refusal> {
        match operation {
            "DeleteDashboards" => self.boards.change(EVERYWHERE, |boards| boards.delete(request)),
            "GetDashboard" => self.boards.read(EVERYWHERE, |boards| boards.get(request)),
            "GetMetricStatistics" => self.metrics.read(region, |metrics| metrics.statistics(request)),
            "ListDashboards" => Ok(self.boards.read(EVERYWHERE, |boards| boards.list(request))),
            "ListMetrics" => Ok(self.metrics.read(region, |metrics| metrics.list(request))),
            "ListTagsForResource" => self.boards.read(EVERYWHERE, |boards| boards.list_tags(request)),
            "PutDashboard" => self.boards.change(EVERYWHERE, |boards| boards.put(request)),
            "PutMetricData" => self.metrics.change(region, |metrics| metrics.put(request)),
            "TagResource" | "UntagResource" => self.boards.change(EVERYWHERE, |boards| boards.tag(request)),
            _ => {
                let message = format!("The local cloud does not have the action {operation}");
                Err(Refusal::bad("InvalidAction", message))
            }
        }
    }
}

#[async_trait]
impl Service for CloudWatch {
    fn signing_names(&self) -> &'static [&'static str] {
        &["monitoring"]
    }

    /// Dashboards belong to no region and are told in each.
    async fn tagged(&self, _region: &str) -> Vec<Tagged> {
        self.boards.read(EVERYWHERE, Boards::tagged)
    }

    async fn handle(&self, call: Call) -> Reply {
        let speech = Speech::of(&call);
        let request = speech.read(&call);
        match self.answer(&call.operation, &call.region, &request) {
            Ok(answer) => speech.answer(&call.operation, &answer),
            Err(refusal) => speech.refuse(&refusal),
        }
    }

    fn refuse(&self, call: &Call, status: u16, code: &str, message: &str) -> Reply {
        Speech::of(call).refuse(&Refusal::new(status, code, message))
    }
}
