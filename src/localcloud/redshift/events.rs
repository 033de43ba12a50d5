//! `DescribeEvents`, and what is told of clusters.

use serde::{Deserialize, Serialize};

use super::service::{Inner, Request};
use super::state::Region;
use crate::localcloud::chronicle::Happening;
use crate::localcloud::query::{Refusal, Xml, timestamp};

const CLUSTER: &str = "cluster";

/// What Redshift tells events of beside clusters.
const OTHERS: &[&str] = &["cluster-parameter-group", "cluster-security-group", "cluster-snapshot", "scheduled-action"];

/// What can happen to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Event {
    Created,
    Restored,
    Deleted,
    Paused,
    Resumed,
    Rebooted,
}

impl Event {
    /// Returns number, category and verb. AWS documents no numbers of pauses and resumes that can be relied on.
    fn told(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Created => ("REDSHIFT-EVENT-2000", "management", "created"),
            Self::Restored => ("", "management", "restored from a snapshot"),
            Self::Deleted => ("REDSHIFT-EVENT-2001", "management", "deleted"),
            Self::Paused => ("", "management", "paused"),
            Self::Resumed => ("", "management", "resumed"),
            Self::Rebooted => ("", "management", "rebooted"),
        }
    }
}

impl Inner {
    /// Writes down what happens to a cluster now.
    pub(super) fn note(&self, region: &str, identifier: &str, event: Event) {
        let now = self.context.clock.now();
        let (id, category, verb) = event.told();
        let message = format!("Cluster '{identifier}' was {verb} at {}.", now.strftime("%F %R UTC"));
        let (source, id, category) = (identifier.to_owned(), id.to_owned(), category.to_owned());
        let happening = Happening { source, moment: now, id, category, message };
        self.change(region, |region: &mut Region| region.events.note(now, happening));
    }

    pub(super) fn describe_events(&self, request: &Request) -> Result<String, Refusal> {
        let now = self.context.clock.now();
        let page = self.read(&request.region, |region| region.events.page(&request.form, now, CLUSTER, OTHERS));
        let (events, marker) = page?;
        let write = |xml: &mut Xml, event: Happening| {
            xml.text("SourceIdentifier", &event.source)
                .text("SourceType", CLUSTER)
                .text("Message", event.message)
                .text("Severity", "INFO")
                .text("Date", timestamp(event.moment))
                .maybe("EventId", Some(event.id).filter(|id| !id.is_empty()))
                .group("EventCategories", |list| {
                    list.text("EventCategory", event.category);
                });
        };
        Ok(Xml::default().list("Events", "Event", events, write).maybe("Marker", marker).finish())
    }
}
