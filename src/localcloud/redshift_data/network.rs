//! S3 and IAM as a cluster sees them.

use aws_sdk_iam::error::{DisplayErrorContext, ProvideErrorMetadata};

use super::run::Session;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::sdk;

/// A place in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bucket: String,
    pub(super) prefix: String,
}

impl Place {
    /// Reads `s3://bucket/prefix`.
    pub(super) fn parse(address: &str) -> Result<Self, String> {
        let bad = || format!("ERROR: The S3 address {address} is not valid");
        let rest = address.strip_prefix("s3://").ok_or_else(bad)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(bad());
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }

    /// Returns the place of one object in the same bucket.
    pub(super) fn object(&self, key: String) -> Self {
        Self { bucket: self.bucket.clone(), prefix: key }
    }
}

/// Returns an S3 client of the cluster's region or of another.
pub(super) async fn s3(session: &Session<'_>, region: Option<&str>) -> aws_sdk_s3::Client {
    sdk::s3(&session.context.endpoint, region.unwrap_or(&session.order.region)).await
}

/// Checks that the cluster may take a role: it is attached, it exists, and it trusts Redshift.
pub(super) async fn check_role(session: &Session<'_>, role: Option<&str>) -> Result<(), String> {
    let default = || session.door.default_role.clone().ok_or("ERROR: The cluster has no default IAM role");
    let role = match role {
        Some(role) => role.to_owned(),
        None => default()?,
    };
    let refused = || {
        format!(
            "ERROR: User arn:aws:redshift:{}:{ACCOUNT}:dbuser:{}/{} is not authorized to assume IAM Role {role}",
            session.order.region, session.order.cluster, session.user
        )
    };
    if !session.door.roles.contains(&role) {
        return Err(refused());
    }
    let name = role.rsplit('/').next().unwrap_or_default();
    let client = aws_sdk_iam::Client::new(&sdk::config(&session.context.endpoint, "us-east-1").await);
    match client.get_role().role_name(name).send().await {
        Ok(found) => {
            let trust = found.role.and_then(|role| role.assume_role_policy_document).unwrap_or_default();
            // The document comes percent-encoded; the name of the service has nothing to encode in it.
            if trust.contains("redshift.amazonaws.com") { Ok(()) } else { Err(refused()) }
        }
        Err(error) if error.code() == Some("NoSuchEntity") => Err(refused()),
        Err(error) => Err(format!("ERROR: IAM could not be asked: {}", DisplayErrorContext(error))),
    }
}

/// Returns the keys under a prefix, sorted; empty objects and folders' markers are left out.
pub(super) async fn keys(client: &aws_sdk_s3::Client, place: &Place) -> Result<Vec<String>, String> {
    let asked = client.list_objects_v2().bucket(&place.bucket).prefix(&place.prefix);
    let mut pages = asked.into_paginator().send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| s3_error(&error, &place.bucket))?;
        let found = page.contents.unwrap_or_default().into_iter().filter(|object| object.size.unwrap_or(0) > 0);
        keys.extend(found.filter_map(|object| object.key));
    }
    Ok(keys)
}

/// Says what S3 answered, with the words of Redshift.
pub(super) fn s3_error<E>(error: &E, bucket: &str) -> String
where
    E: ProvideErrorMetadata + std::error::Error,
{
    let code = error.code().unwrap_or("Unknown");
    let message = error.message().map_or_else(|| DisplayErrorContext(error).to_string(), str::to_owned);
    format!("ERROR: S3ServiceException:{message},Status 400,Error {code},Bucket {bucket}")
}
