//! Changes of an instance: its settings, its restarts, its stops and starts.

use std::time::Duration;

use super::instance::Spec;
use super::observed::{self, Seen};
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{Cx, Diff, KindError};
use crate::model::Effect;
use crate::wait::{Backoff, Probe, WaitError, until};

/// The longest wait until an accepted change shows, which it does after some seconds.
const SHOWS_WITHIN: Duration = Duration::from_secs(60);

/// The longest wait until a change is through, before the restart that it asks for.
const SETTLES_WITHIN: Duration = Duration::from_secs(3600);

/// Changes what differs, and restarts the instance where that is what brings it into effect.
pub(super) async fn carry_out(cx: &Cx, want: &Spec, diff: &Diff) -> Result<(), KindError> {
    if diff.0.iter().any(|change| change.field != "parameters") {
        modify(cx, want, diff).await?;
        let has_begun = |seen: &Seen| seen.status != "available" || !seen.has_pending;
        wait(cx, want, SHOWS_WITHIN, has_begun).await?;
    }
    let asks_reboot = diff.0.iter().any(|change| change.effect == Effect::Reboot);
    if asks_reboot {
        wait(cx, want, SETTLES_WITHIN, |seen| seen.status == "available").await?;
        wait(cx, want, SHOWS_WITHIN, Seen::waits_for_reboot).await?;
    }
    // One that was stopped may have been started for this change just before its parameters changed.
    let now = observed::instance(cx, &want.identifier).await?.map(|instance| observed::found(&instance).seen);
    if asks_reboot || now.is_some_and(|seen| seen.waits_for_reboot() && seen.status == "available") {
        let call = cx.aws.rds.reboot_db_instance().db_instance_identifier(&want.identifier);
        call.send().await.named("rds:RebootDBInstance")?;
    }
    Ok(())
}

async fn modify(cx: &Cx, want: &Spec, diff: &Diff) -> Result<(), KindError> {
    let mut call = cx.aws.rds.modify_db_instance().db_instance_identifier(&want.identifier).apply_immediately(true);
    for change in &diff.0 {
        call = match change.field.as_str() {
            "class" => call.db_instance_class(&want.class),
            "version" => call.engine_version(&want.version).allow_major_version_upgrade(true),
            "storage_gib" => call.allocated_storage(want.storage_gib),
            "public" => call.publicly_accessible(want.public),
            "multi_az" => call.multi_az(want.multi_az),
            "backup_retention_days" => call.backup_retention_period(want.backup_retention_days),
            "deletion_protection" => call.deletion_protection(want.deletion_protection),
            "parameter_group" => call.db_parameter_group_name(want.parameter_group_name()),
            "security_group" => call.vpc_security_group_ids(cx.known.need(&want.security_group, "id")?),
            "port" => call.db_port_number(want.port),
            _ => call,
        };
    }
    match call.send().await.named("rds:ModifyDBInstance") {
        // An earlier attempt, whose answer was lost or whose restart was refused, did it.
        Err(error) if error.message.contains("No modifications were requested") => Ok(()),
        outcome => Ok(outcome.map(drop)?),
    }
}

/// Waits until the instance is as asked; what does not come in time is left to the wait that follows every change.
async fn wait(cx: &Cx, want: &Spec, limit: Duration, is_so: impl Fn(&Seen) -> bool) -> Result<(), KindError> {
    let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(15));
    let outcome = until(limit, backoff, || async {
        let instance = observed::instance(cx, &want.identifier).await?;
        Ok::<_, AwsError>(match instance.map(|instance| observed::found(&instance).seen) {
            Some(seen) if !is_so(&seen) => Probe::Pending(seen.status),
            _ => Probe::Ready(()),
        })
    });
    match outcome.await {
        Err(WaitError::Look(error)) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Begins to start or stop the instance. Where it is there or on its way already, nothing is to be done.
pub(super) async fn switch(cx: &Cx, seen: &Seen, on: bool) -> Result<(), KindError> {
    let identifier = &seen.identifier;
    if !on && seen.replicates {
        let what = format!("RDS does not stop `{identifier}`: it is a read replica or has one");
        let hint = "delete the replica first, or leave the instance running".to_owned();
        return Err(KindError::Refused { what, hint });
    }
    let outcome = if on {
        let call = cx.aws.rds.start_db_instance().db_instance_identifier(identifier);
        call.send().await.named("rds:StartDBInstance").map(drop)
    } else {
        let call = cx.aws.rds.stop_db_instance().db_instance_identifier(identifier);
        call.send().await.named("rds:StopDBInstance").map(drop)
    };
    match outcome {
        Err(error) if error.trouble == Trouble::Conflict => {
            let now = observed::instance(cx, identifier).await?;
            let status = now.and_then(|instance| instance.db_instance_status).unwrap_or_default();
            if has_turned(&status, on) { Ok(()) } else { Err(error.into()) }
        }
        outcome => Ok(outcome?),
    }
}

/// Returns whether an instance with this status is where it should be, or on its way.
fn has_turned(status: &str, on: bool) -> bool {
    match status {
        "stopped" | "stopping" => !on,
        "deleting" | "creating" | "" => false,
        _ => on,
    }
}

#[cfg(test)]
mod tests {
    use super::has_turned;

    #[test]
    fn an_instance_on_its_way_is_not_turned_again() {
        assert!(has_turned("starting", true) && has_turned("configuring-enhanced-monitoring", true));
        assert!(has_turned("stopping", false) && !has_turned("backing-up", false));
        assert!(!has_turned("stopping", true) && !has_turned("creating", false));
    }
}
