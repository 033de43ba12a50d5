//! The deletion of a cluster, with or without a final snapshot.

use super::observed::{self, Seen};
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{Cx, KindError};
use crate::kinds::final_snapshot;

/// The states of a cluster on its way out.
const GOING: [&str; 2] = ["deleting", "final-snapshot"];

/// Deletes the cluster; what is on its way out already is success. A paused one can be deleted, too.
pub(super) async fn delete(cx: &Cx, seen: &Seen) -> Result<(), KindError> {
    if GOING.contains(&seen.status.as_str()) {
        return Ok(());
    }
    // What was never made holds no data.
    let suffix = cx.final_snapshot.as_ref().filter(|_| was_made(seen));
    let snapshot = suffix.map(|suffix| final_snapshot::name(&seen.identifier, suffix));
    match (request(cx, seen, snapshot.as_deref()).await, snapshot) {
        // The first attempt took the snapshot and its answer was lost.
        (Err(error), Some(snapshot)) if error.trouble == Trouble::Exists => {
            if !is_of(cx, seen, &snapshot).await? {
                return Err(error.into());
            }
            Ok(request(cx, seen, None).await?)
        }
        (outcome, _) => Ok(outcome?),
    }
}

/// Returns whether the cluster ever took data.
pub(super) fn was_made(seen: &Seen) -> bool {
    seen.made_at.is_some() && seen.status != "creating"
}

async fn request(cx: &Cx, seen: &Seen, snapshot: Option<&str>) -> Result<(), AwsError> {
    let call = cx.aws.redshift.delete_cluster().cluster_identifier(&seen.identifier);
    let call = match snapshot {
        Some(name) => call.skip_final_cluster_snapshot(false).final_cluster_snapshot_identifier(name),
        None => call.skip_final_cluster_snapshot(true),
    };
    match call.send().await.named("redshift:DeleteCluster") {
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) if error.trouble == Trouble::Conflict => {
            let now = observed::cluster(cx, &seen.identifier).await?;
            let status = now.map(|cluster| cluster.cluster_status.unwrap_or_default());
            if status.is_none_or(|status| GOING.contains(&status.as_str())) { Ok(()) } else { Err(error) }
        }
        outcome => outcome.map(drop),
    }
}

/// Returns whether a snapshot with this name is a finished one of this very cluster.
async fn is_of(cx: &Cx, seen: &Seen, snapshot: &str) -> Result<bool, AwsError> {
    let call = cx.aws.redshift.describe_cluster_snapshots().snapshot_identifier(snapshot);
    let answer = call.cluster_identifier(&seen.identifier).send().await.named("redshift:DescribeClusterSnapshots")?;
    Ok(answer.snapshots.unwrap_or_default().iter().any(|snapshot| {
        let made_at = snapshot.cluster_create_time().map(aws_sdk_redshift::primitives::DateTime::secs);
        made_at == seen.made_at && snapshot.status() == Some("available")
    }))
}
