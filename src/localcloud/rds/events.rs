//! `DescribeEvents`, and what is told of instances.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::service::{Inner, Request};
use super::state::{Region, arn};
use crate::localcloud::chronicle::Happening;
use crate::localcloud::query::{Refusal, Xml, timestamp};

const INSTANCE: &str = "db-instance";

/// What RDS tells events of beside instances.
const OTHERS: &[&str] = &[
    "db-parameter-group",
    "db-security-group",
    "db-snapshot",
    "db-cluster",
    "db-cluster-snapshot",
    "custom-engine-version",
    "db-proxy",
    "blue-green-deployment",
    "db-shard-group",
    "zero-etl",
];

/// What can happen to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Event {
    Created,
    Restored,
    Deleted,
    Stopped,
    Started,
    /// It was stopped for as long as RDS allows.
    StopExpired,
    ShutDown,
    Restarted,
}

impl Event {
    /// Returns number, category and message as RDS words them. Source: the event messages in the RDS user guide.
    fn told(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Created => ("RDS-EVENT-0005", "creation", "DB instance created"),
            Self::Restored => ("RDS-EVENT-0043", "restoration", "Restored from snapshot"),
            Self::Deleted => ("RDS-EVENT-0003", "deletion", "DB instance deleted"),
            Self::Stopped => ("RDS-EVENT-0087", "notification", "DB instance stopped"),
            Self::Started => ("RDS-EVENT-0088", "notification", "DB instance started"),
            Self::StopExpired => (
                "RDS-EVENT-0154",
                "notification",
                "DB instance is being started due to it exceeding the maximum allowed time being stopped.",
            ),
            Self::ShutDown => ("RDS-EVENT-0004", "availability", "DB instance shutdown"),
            Self::Restarted => ("RDS-EVENT-0006", "availability", "DB instance restarted"),
        }
    }
}

impl Region {
    /// Writes down what happened to an instance at a moment.
    pub(super) fn note(&mut self, identifier: &str, event: Event, moment: Timestamp, now: Timestamp) {
        let (id, category, message) = event.told();
        let (id, category, message) = (id.to_owned(), category.to_owned(), message.to_owned());
        self.events.note(now, Happening { source: identifier.to_owned(), moment, id, category, message });
    }
}

impl Inner {
    /// Writes down what happens to an instance now.
    pub(super) fn note(&self, region: &str, identifier: &str, event: Event) {
        let now = self.context.clock.now();
        self.change(region, |region| region.note(identifier, event, now, now));
    }

    pub(super) fn describe_events(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        Self::look_after_servers(inner, &request.region);
        let now = inner.context.clock.now();
        let page = inner.read(&request.region, |region| region.events.page(&request.form, now, INSTANCE, OTHERS));
        let (events, marker) = page?;
        let write = |xml: &mut Xml, event: Happening| {
            xml.text("SourceIdentifier", &event.source)
                .text("SourceType", INSTANCE)
                .text("SourceArn", arn(&request.region, "db", &event.source))
                .text("Message", event.message)
                .text("Date", timestamp(event.moment))
                .group("EventCategories", |list| {
                    list.text("EventCategory", event.category);
                });
        };
        Ok(Xml::default().list("Events", "Event", events, write).maybe("Marker", marker).finish())
    }
}
