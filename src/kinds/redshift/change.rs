//! Changes of a cluster: its settings, its roles, its pauses.

use super::cluster::Spec;
use super::observed::{self, Seen};
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{Cx, Diff, KindError};

/// Changes what differs. A cluster takes one change at a time and refuses the second until the first is through; so the
/// whole is repeated, and what an earlier attempt did is left out.
pub(super) async fn carry_out(cx: &Cx, want: &Spec, diff: &Diff) -> Result<(), KindError> {
    if diff.0.iter().any(|change| change.field == "role") {
        let arn = cx.known.need(&want.role, "arn")?;
        let now = observed::cluster(cx, &want.identifier).await?;
        let now = now.map(|cluster| observed::found(cx, &cluster).seen.roles).unwrap_or_default();
        let others: Vec<String> = now.iter().map(|(other, _)| other.clone()).filter(|other| *other != arn).collect();
        if !others.is_empty() || now.is_empty() {
            let call = cx.aws.redshift.modify_cluster_iam_roles().cluster_identifier(&want.identifier);
            let call = call.add_iam_roles(arn).set_remove_iam_roles((!others.is_empty()).then_some(others));
            call.send().await.named("redshift:ModifyClusterIamRoles")?;
        }
    }
    if diff.0.iter().any(|change| change.field != "role") {
        modify(cx, want, diff).await?;
    }
    Ok(())
}

async fn modify(cx: &Cx, want: &Spec, diff: &Diff) -> Result<(), KindError> {
    let mut call = cx.aws.redshift.modify_cluster().cluster_identifier(&want.identifier);
    for change in &diff.0 {
        call = match change.field.as_str() {
            // A resize takes type and number together, and for a single node no number.
            "node_type" | "nodes" if want.nodes == 1 => call.node_type(&want.node_type).cluster_type("single-node"),
            "node_type" | "nodes" => {
                call.node_type(&want.node_type).cluster_type("multi-node").number_of_nodes(want.nodes)
            }
            "public" => call.publicly_accessible(want.public),
            "port" => call.port(want.port),
            "snapshot_retention_days" => call.automated_snapshot_retention_period(want.snapshot_retention_days),
            "security_group" => call.vpc_security_group_ids(cx.known.need(&want.security_group, "id")?),
            _ => call,
        };
    }
    match call.send().await.named("redshift:ModifyCluster") {
        // An earlier attempt, whose answer was lost, did it.
        Err(error) if error.message.contains("No modifications were requested") => Ok(()),
        outcome => Ok(outcome.map(drop)?),
    }
}

/// Begins to resume or pause the cluster. Where it is there or on its way already, nothing is to be done.
pub(super) async fn switch(cx: &Cx, seen: &Seen, on: bool) -> Result<(), KindError> {
    let identifier = &seen.identifier;
    if !on && seen.multi_az {
        let what = format!("Redshift does not pause `{identifier}`: it stands in several zones");
        return Err(KindError::Refused { what, hint: "turn Multi-AZ off, or leave the cluster running".to_owned() });
    }
    if !on && seen.snapshot_retention_days == 0 {
        let what = format!("Redshift does not pause `{identifier}`: its automatic snapshots are off");
        let hint = "set `snapshot_retention_days` to at least 1 and run `stack up`".to_owned();
        return Err(KindError::Refused { what, hint });
    }
    let outcome = if on {
        let call = cx.aws.redshift.resume_cluster().cluster_identifier(identifier);
        call.send().await.named("redshift:ResumeCluster").map(drop)
    } else {
        let call = cx.aws.redshift.pause_cluster().cluster_identifier(identifier);
        call.send().await.named("redshift:PauseCluster").map(drop)
    };
    match outcome {
        Err(error) if error.trouble == Trouble::Conflict => {
            let now = observed::cluster(cx, identifier).await?;
            let status = now.and_then(|cluster| cluster.cluster_status).unwrap_or_default();
            if has_turned(&status, on) { Ok(()) } else { Err(error.into()) }
        }
        outcome => Ok(outcome?),
    }
}

/// Returns whether a cluster with this status is where it should be, or on its way.
fn has_turned(status: &str, on: bool) -> bool {
    match status {
        "paused" | "pausing" => !on,
        "deleting" | "final-snapshot" | "creating" | "" => false,
        _ => on,
    }
}

#[cfg(test)]
mod tests {
    use super::has_turned;

    #[test]
    fn a_cluster_on_its_way_is_not_turned_again() {
        assert!(has_turned("resuming", true) && has_turned("available, resize-cleanup", true));
        assert!(has_turned("pausing", false) && !has_turned("modifying", false));
        assert!(!has_turned("pausing", true) && !has_turned("creating", false));
    }
}
