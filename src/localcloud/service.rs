//! What a service of the local cloud must answer.

use async_trait::async_trait;

use super::{Call, Reply};

/// One AWS service. Its own parts are reached through the endpoint like everything else.
#[async_trait]
pub(super) trait Service: Send + Sync {
    /// Returns the SigV4 signing names that lead here.
    fn signing_names(&self) -> &'static [&'static str];

    /// Answers one request; what AWS would refuse is refused with the same error code.
    async fn handle(&self, call: Call) -> Reply;

    /// Starts again what was running when the process ended. Called once, after the endpoint listens.
    async fn resume(&self) {}

    /// Stops every process and task that it started; data stay.
    async fn stop(&self) {}
}
