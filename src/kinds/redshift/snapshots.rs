//! The copies of a cluster's data that Redshift keeps.

use super::observed::Seen;
use crate::aws::{Sorted, moment};
use crate::kinds::base::{Cx, KindError};
use crate::model::Backup;

/// How many MiB a GiB has.
const MIB_A_GIB: f64 = 1024.0;

/// Lists the snapshots of a cluster, automatic ones among them.
pub(super) async fn list(cx: &Cx, seen: &Seen) -> Result<Vec<Backup>, KindError> {
    const READ: &str = "redshift:DescribeClusterSnapshots";
    let call = cx.aws.redshift.describe_cluster_snapshots().cluster_identifier(&seen.identifier);
    let mut pages = call.into_paginator().items().send();
    let mut backups = vec![];
    while let Some(snapshot) = pages.next().await {
        let snapshot = snapshot.named(READ)?;
        let is_manual = snapshot.snapshot_type.as_deref() != Some("automated");
        let taken_at = snapshot.snapshot_create_time.as_ref().and_then(moment);
        // Manual snapshots say their own days, -1 for ever; automatic ones have those of the cluster.
        let days =
            if is_manual { snapshot.manual_snapshot_retention_period } else { Some(seen.snapshot_retention_days) };
        backups.push(Backup {
            name: snapshot.snapshot_identifier.unwrap_or_default(),
            gib: snapshot.total_backup_size_in_mega_bytes.map(|mib| mib / MIB_A_GIB),
            kept_until: Backup::kept_until(taken_at, days),
            taken_at,
            is_manual,
        });
    }
    Ok(backups)
}
