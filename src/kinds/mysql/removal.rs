//! The deletion of an instance, with or without a final snapshot.

use super::observed::{self, Seen};
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{Cx, KindError};
use crate::kinds::final_snapshot;

/// States in which RDS takes no snapshot and deletes only without one.
const BEYOND_SNAPSHOTS: [&str; 3] = ["failed", "incompatible-restore", "incompatible-network"];

/// Deletes the instance; what is on its way out already is success.
pub(super) async fn delete(cx: &Cx, seen: &Seen) -> Result<(), KindError> {
    if seen.status == "deleting" {
        return Ok(());
    }
    if seen.deletion_protection {
        let what = format!("`{}` is protected from deletion", seen.identifier);
        let hint = "write `deletion_protection = false`, run `stack up`, and delete it then".to_owned();
        return Err(KindError::Refused { what, hint });
    }
    // What was never made holds no data.
    let suffix = cx.final_snapshot.as_ref().filter(|_| seen.was_made);
    let snapshot = suffix.map(|suffix| final_snapshot::name(&seen.identifier, suffix));
    if snapshot.is_some() && BEYOND_SNAPSHOTS.contains(&seen.status.as_str()) {
        let what = format!("`{}` is `{}`, so RDS takes no final snapshot of it", seen.identifier, seen.status);
        let hint = "delete it without a final snapshot if its data may be lost".to_owned();
        return Err(KindError::Refused { what, hint });
    }
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

async fn request(cx: &Cx, seen: &Seen, snapshot: Option<&str>) -> Result<(), AwsError> {
    let call = cx.aws.rds.delete_db_instance().db_instance_identifier(&seen.identifier).delete_automated_backups(true);
    let call = match snapshot {
        Some(name) => call.skip_final_snapshot(false).final_db_snapshot_identifier(name),
        None => call.skip_final_snapshot(true),
    };
    match call.send().await.named("rds:DeleteDBInstance") {
        Err(error) if error.is_not_found() || error.message.contains("already being deleted") => Ok(()),
        Err(error) if error.trouble == Trouble::Conflict => {
            let now = observed::instance(cx, &seen.identifier).await?;
            let status = now.map(|instance| instance.db_instance_status.unwrap_or_default());
            if status.is_none_or(|status| status == "deleting") { Ok(()) } else { Err(error) }
        }
        outcome => outcome.map(drop),
    }
}

/// Returns whether a snapshot with this name is a finished one of this very instance.
async fn is_of(cx: &Cx, seen: &Seen, snapshot: &str) -> Result<bool, AwsError> {
    let call = cx.aws.rds.describe_db_snapshots().db_snapshot_identifier(snapshot);
    let snapshots = call.send().await.named("rds:DescribeDBSnapshots")?.db_snapshots.unwrap_or_default();
    Ok(snapshots.iter().any(|snapshot| {
        snapshot.dbi_resource_id() == Some(&seen.resource_id) && snapshot.status() == Some("available")
    }))
}
