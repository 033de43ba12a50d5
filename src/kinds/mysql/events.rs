//! Since when an instance runs, by the events of RDS.

use aws_sdk_rds::types::SourceType;

use super::observed::Seen;
use crate::aws::{AwsError, Sorted};
use crate::kinds::base::Cx;
use crate::kinds::running::{self, TOLD_MINUTES, Turn};
use crate::model::Since;

/// The operation that reads events.
pub(super) const EVENTS: &str = "rds:DescribeEvents";

/// Returns since when an instance that runs does so.
pub(super) async fn running_since(cx: &Cx, seen: &Seen) -> Result<Since, AwsError> {
    let call = cx.aws.rds.describe_events().source_type(SourceType::DbInstance).source_identifier(&seen.identifier);
    let mut pages = call.duration(TOLD_MINUTES).into_paginator().items().send();
    let mut turns = vec![];
    while let Some(event) = pages.next().await {
        let event = event.named(EVENTS)?;
        turns.extend(running::turn(event.date(), event.message(), meaning));
    }
    Ok(running::since(&turns, seen.made_at, cx.aws.clock.now()))
}

/// Returns what the words of a message say. A restart of the server inside a running instance is none: RDS bills on.
fn meaning(message: &str) -> Option<Turn> {
    let says = |words: &[&str]| running::says(message, words);
    if says(&["instance stopped"]) {
        Some(Turn::Ended)
    } else if says(&["instance started", "is being started", "instance created", "restored from"]) {
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
            "DB instance started",
            "DB instance created",
            "DB instance is being started due to it exceeding the maximum allowed time being stopped.",
            "Restored from snapshot sales-final-1",
        ] {
            assert_eq!(meaning(begun), Some(Turn::Began), "{begun}");
        }
        assert_eq!(meaning("DB instance stopped"), Some(Turn::Ended));
        for other in [
            "DB instance shutdown",
            "DB instance restarted",
            "Backing up DB instance",
            "Finished DB Instance backup",
            "Updated to use DBParameterGroup sales",
        ] {
            assert_eq!(meaning(other), None, "{other}");
        }
    }
}
