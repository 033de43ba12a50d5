//! STS: who the caller is, which is always the same.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::names::digits;
use super::query::{Params, text, wrap};
use super::refusal::Refusal;
use crate::localcloud::cloud::Context;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::service::Service;
use crate::localcloud::{Call, Reply, sdk};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The id of the one user.
pub(super) const USER_ID: &str = "AIDALOCALCLOUDUSER000";

/// STS of an account with one user.
pub(super) struct Sts {
    endpoint: String,
}

impl Sts {
    /// Makes the service; it keeps nothing.
    pub(super) fn new(context: &Context) -> Self {
        Self { endpoint: context.endpoint.clone() }
    }

    async fn assume_role(&self, params: &Params, region: &str) -> Result<String, Refusal> {
        let arn = params.required("RoleArn")?;
        let session = params.required("RoleSessionName")?;
        let name = arn.rsplit('/').next().unwrap_or_default();
        let iam = aws_sdk_iam::Client::new(&sdk::config(&self.endpoint, region).await);
        let found = iam.get_role().role_name(name).send().await.ok();
        let Some(role) = found.and_then(|found| found.role).filter(|role| role.arn() == arn) else {
            let message =
                format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}", user_arn());
            return Err(Refusal::new(403, "AccessDenied", message));
        };
        let assumed = text("AssumedRoleId", format!("{}:{session}", role.role_id()))
            + &text("Arn", format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"));
        Ok(credentials(params) + &wrap("AssumedRoleUser", assumed))
    }
}

#[async_trait]
impl Service for Sts {
    fn signing_names(&self) -> &'static [&'static str] {
        &["sts"]
    }

    async fn handle(&self, call: Call) -> Reply {
        let params = Params::of(call.form());
        let operation = call.operation.as_str();
        let answer = match operation {
            "GetCallerIdentity" => Ok(text("Arn", user_arn()) + &text("UserId", USER_ID) + &text("Account", ACCOUNT)),
            "GetSessionToken" => Ok(credentials(&params)),
            "AssumeRole" => self.assume_role(&params, &call.region).await,
            _ => Err(Refusal::bad("InvalidAction", format!("The local cloud does not have the action {operation}"))),
        };
        match answer {
            Ok(inner) => Reply::query(operation, NAMESPACE, &inner),
            Err(refusal) => Reply::query_error(refusal.status, &refusal.code, &refusal.message),
        }
    }
}

fn user_arn() -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/local")
}

/// Writes credentials that end in time; nothing checks them.
fn credentials(params: &Params) -> String {
    let seconds = params.number("DurationSeconds").and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(3600);
    let end = (Timestamp::now() + Duration::from_secs(seconds)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let inner = text("AccessKeyId", format!("ASIA{}", digits(16).to_uppercase()))
        + &text("SecretAccessKey", digits(40))
        + &text("SessionToken", digits(64))
        + &text("Expiration", end);
    wrap("Credentials", inner)
}
