//! The copies of an instance's data that RDS keeps.

use super::observed::Seen;
use crate::aws::{Sorted, moment};
use crate::kinds::base::{Cx, KindError};
use crate::model::Backup;

/// Lists the snapshots of an instance, automatic ones among them.
pub(super) async fn list(cx: &Cx, seen: &Seen) -> Result<Vec<Backup>, KindError> {
    const READ: &str = "rds:DescribeDBSnapshots";
    let call = cx.aws.rds.describe_db_snapshots().db_instance_identifier(&seen.identifier);
    let mut pages = call.into_paginator().items().send();
    let mut backups = vec![];
    while let Some(snapshot) = pages.next().await {
        let snapshot = snapshot.named(READ)?;
        let is_manual = snapshot.snapshot_type.as_deref() != Some("automated");
        let taken_at = snapshot.snapshot_create_time.as_ref().and_then(moment);
        let days = (!is_manual).then_some(seen.backup_retention_days);
        backups.push(Backup {
            name: snapshot.db_snapshot_identifier.unwrap_or_default(),
            gib: snapshot.allocated_storage.map(f64::from),
            kept_until: Backup::kept_until(taken_at, days),
            taken_at,
            is_manual,
        });
    }
    Ok(backups)
}
