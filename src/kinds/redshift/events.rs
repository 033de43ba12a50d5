//! Since when a cluster runs, by the events of Redshift.

use aws_sdk_redshift::types::SourceType;
use jiff::Timestamp;

use super::observed::Seen;
use crate::aws::{AwsError, Sorted};
use crate::kinds::base::Cx;
use crate::kinds::running::{self, TOLD_MINUTES, Turn};
use crate::model::Since;

/// The operation that reads events.
pub(super) const EVENTS: &str = "redshift:DescribeEvents";

/// Returns since when a cluster that runs does so.
pub(super) async fn running_since(cx: &Cx, seen: &Seen) -> Result<Since, AwsError> {
    let call = cx.aws.redshift.describe_events().source_type(SourceType::Cluster).source_identifier(&seen.identifier);
    let mut pages = call.duration(TOLD_MINUTES).into_paginator().items().send();
    let mut turns = vec![];
    while let Some(event) = pages.next().await {
        let event = event.named(EVENTS)?;
        turns.extend(running::turn(event.date(), event.message(), meaning));
    }
    let made = seen.made_at.and_then(|seconds| Timestamp::from_second(seconds).ok());
    Ok(running::since(&turns, made, cx.aws.clock.now()))
}

/// Returns what the words of a message say: the numbers of the events are not documented reliably.
fn meaning(message: &str) -> Option<Turn> {
    let says = |words: &[&str]| running::says(message, words);
    // A pause or a resume that did not come about changes nothing, and snapshots and tables are created, too.
    let is_restored = says(&["restored"]) && !says(&["table"]);
    if says(&["fail", "unable", "cannot", "can't", "could not", "couldn't"]) {
        None
    } else if says(&["paused"]) {
        Some(Turn::Ended)
    } else if says(&["resumed"]) || is_restored || (says(&["created"]) && !says(&["snapshot", "table"])) {
        Some(Turn::Began)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_known_by_their_words() {
        for begun in [
            "Cluster 'warehouse' was created at 2026-11-23 10:00 UTC.",
            "The cluster warehouse has been resumed",
            "Cluster 'warehouse' was restored from a snapshot at 2026-11-23 10:00 UTC.",
        ] {
            assert_eq!(meaning(begun), Some(Turn::Began), "{begun}");
        }
        assert_eq!(meaning("Cluster 'warehouse' was paused at 2026-11-23 10:00 UTC."), Some(Turn::Ended));
        for other in [
            "The cluster warehouse could not be paused",
            "Resume failed: the cluster was not resumed for lack of capacity",
            "Cluster 'warehouse' was rebooted at 2026-11-23 10:00 UTC.",
            "A snapshot of the cluster warehouse was created",
            "The table sales was restored to the cluster warehouse",
        ] {
            assert_eq!(meaning(other), None, "{other}");
        }
    }
}
