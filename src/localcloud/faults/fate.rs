//! What is to become of what a call begins.

use std::time::Duration;

/// The operations that begin something which has a failed state.
const CREATES: &[(&str, &str)] = &[
    ("ec2", "CreateNatGateway"),
    ("ec2", "CreateVpcEndpoint"),
    ("lambda", "CreateFunction"),
    ("lambda", "UpdateFunctionCode"),
    ("lambda", "UpdateFunctionConfiguration"),
    ("rds", "CreateDBInstance"),
    ("rds", "RestoreDBInstanceFromDBSnapshot"),
    ("redshift", "CreateCluster"),
    ("redshift", "RestoreFromClusterSnapshot"),
];

/// The other operations that begin something and do not wait for its end.
const TRANSITIONS: &[(&str, &str)] = &[
    ("ec2", "DeleteNatGateway"),
    ("ec2", "DeleteVpcEndpoints"),
    ("lambda", "DeleteFunction"),
    ("rds", "DeleteDBInstance"),
    ("rds", "ModifyDBInstance"),
    ("rds", "RebootDBInstance"),
    ("rds", "StartDBInstance"),
    ("rds", "StopDBInstance"),
    ("redshift", "DeleteCluster"),
    ("redshift", "ModifyCluster"),
    ("redshift", "ModifyClusterIamRoles"),
    ("redshift", "PauseCluster"),
    ("redshift", "RebootCluster"),
    ("redshift", "ResumeCluster"),
];

/// How long what a call begins is under way, and whether it fails in the end. Services carry it from the call to the
/// task that finishes the work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fate {
    slow: Duration,
    failure: Option<Failure>,
}

/// A failure in the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Failure {
    state: Option<String>,
    reason: Option<String>,
}

impl Fate {
    /// Makes it slower.
    pub(super) fn delay(&mut self, millis: u64) {
        self.slow += Duration::from_millis(millis);
    }

    /// Makes it fail.
    pub(super) fn fail(&mut self, state: Option<String>, reason: Option<String>) {
        self.failure = Some(Failure { state, reason });
    }

    /// Returns how much longer the work is under way.
    pub(in super::super) fn slow(&self) -> Duration {
        self.slow
    }

    /// Waits for as long as the work is to be under way in addition to the time that it takes.
    pub(in super::super) async fn wait(&self) {
        if !self.slow.is_zero() {
            tokio::time::sleep(self.slow).await;
        }
    }

    /// Returns the failure that the work is to end with.
    pub(in super::super) fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }
}

impl Failure {
    /// Returns the failed state: the one that the fault names, or else the service's usual one.
    pub(in super::super) fn state<'a>(&'a self, usual: &'a str) -> &'a str {
        self.state.as_deref().unwrap_or(usual)
    }

    /// Returns why it failed.
    pub(in super::super) fn reason<'a>(&'a self, usual: &'a str) -> &'a str {
        self.reason.as_deref().unwrap_or(usual)
    }
}

/// Returns whether an operation begins something that a fault can make slower.
pub(super) fn can_be_slow(service: &str, operation: &str) -> bool {
    can_fail(service, operation) || TRANSITIONS.contains(&(service, operation))
}

/// Returns whether an operation begins something that can end in a failed state.
pub(super) fn can_fail(service: &str, operation: &str) -> bool {
    CREATES.contains(&(service, operation))
}
