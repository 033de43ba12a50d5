//! Two runs at once: a lease, kept as one small object in a bucket of the stack and taken by a conditional write.
//!
//! Every write of `stack` is safe to repeat, so a lease that is lost, or whose owner's clock is wrong, does no damage;
//! it keeps two people from working against each other without knowing.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::aws::{AwsError, Clients, Sorted};
use crate::diag::{Class, Explain, Hint};

/// Where the lease lies in its bucket. Nothing else of ours lies under `.stack/`.
const KEY: &str = ".stack/lease.json";

/// How long a lease holds without being renewed.
const HOLDS: SignedDuration = SignedDuration::from_secs(120);

/// How often it is renewed.
const RENEWAL: Duration = Duration::from_secs(30);

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The user and the machine: `ana@laptop`.
    pub who: String,
    /// The process on that machine.
    pub process: u32,
    /// What it does: `up`.
    pub command: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when, unless it is renewed.
    pub until: Timestamp,
}

impl Holder {
    /// Describes this process.
    pub fn this_process(command: &str) -> Self {
        let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "somebody".into());
        let since = Timestamp::now();
        let who = format!("{user}@{}", host());
        Self { who, process: std::process::id(), command: command.to_owned(), since, until: since + HOLDS }
    }

    /// Returns whether it is the same run, whenever it was renewed last.
    fn is_same_run(&self, other: &Self) -> bool {
        (&self.who, self.process, self.since) == (&other.who, other.process, other.since)
    }

    /// Returns whether the lease has run out, or its process is known to be gone.
    fn is_over(&self, now: Timestamp) -> bool {
        let is_here = self.who.rsplit('@').next() == Some(&host());
        self.until <= now || (is_here && is_gone(self.process))
    }
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    if name.trim().is_empty() { "this-machine".into() } else { name.trim().to_owned() }
}

/// Returns whether a process of this machine has ended; unknown counts as alive.
fn is_gone(process: u32) -> bool {
    let processes = std::path::Path::new("/proc");
    if !processes.join("self").exists() {
        return false;
    }
    let stat = std::fs::read_to_string(processes.join(process.to_string()).join("stat")).unwrap_or_default();
    // The state follows the name in parentheses; a zombie has ended, though nobody has taken note yet.
    stat.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with('Z'))
}

/// Why a lease could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Somebody else holds it.
    #[error(
        "`{}` (process {}) has been running `stack {}` on this stack since {}",
        holder.who, holder.process, holder.command, holder.since.strftime("%F %T UTC")
    )]
    Held {
        /// Who.
        holder: Box<Holder>,
    },
    /// The lease cannot be read or written.
    #[error("cannot take the lease of the stack in bucket `{bucket}`")]
    Aws {
        /// The bucket.
        bucket: String,
        /// Why.
        source: AwsError,
    },
}

impl Explain for LeaseError {
    fn class(&self) -> Class {
        match self {
            Self::Held { .. } => Class::Locked,
            Self::Aws { .. } => Class::Failed,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Held { holder } => vec![
                "wait until it has ended, then run the command again".into(),
                format!(
                    "if that process is gone: `stack unlock`; by itself the lease ends at {}",
                    holder.until.strftime("%T UTC")
                )
                .into(),
            ],
            Self::Aws { source, .. } => source.hints(),
        }
    }
}

/// A lease that is held. It is renewed until it is released.
#[derive(Debug)]
pub struct Lease {
    bucket: String,
    aws: Clients,
    holder: Holder,
    renewal: JoinHandle<()>,
}

impl Lease {
    /// Takes the lease in `bucket`. One that has run out is taken over.
    ///
    /// # Errors
    /// If somebody else holds it, or the bucket cannot be read or written.
    pub async fn take(aws: &Clients, bucket: &str, holder: Holder) -> Result<Self, LeaseError> {
        let failed = |source| LeaseError::Aws { bucket: bucket.to_owned(), source };
        let mut etag = put(aws, bucket, &holder, None).await.map_err(failed)?;
        while etag.is_none() {
            match look(aws, bucket).await.map_err(failed)? {
                Some((other, _)) if !other.is_over(Timestamp::now()) => {
                    return Err(LeaseError::Held { holder: Box::new(other) });
                }
                Some((_, old)) => etag = put(aws, bucket, &holder, Some(&old)).await.map_err(failed)?,
                // Released in between.
                None => etag = put(aws, bucket, &holder, None).await.map_err(failed)?,
            }
        }
        let renewal = tokio::spawn(renew(aws.clone(), bucket.to_owned(), holder.clone(), etag.unwrap_or_default()));
        Ok(Self { bucket: bucket.to_owned(), aws: aws.clone(), holder, renewal })
    }

    /// Gives the lease back, unless somebody else has it by now.
    pub async fn release(self) {
        self.renewal.abort();
        // It ends by itself if it cannot be read or deleted; and after `destroy` its bucket is gone.
        if let Ok(Some((holder, _))) = look(&self.aws, &self.bucket).await
            && holder.is_same_run(&self.holder)
        {
            drop(remove(&self.aws, &self.bucket).await);
        }
    }

    /// Returns who holds the lease in `bucket`.
    ///
    /// # Errors
    /// If the bucket cannot be read.
    pub async fn holder(aws: &Clients, bucket: &str) -> Result<Option<Holder>, AwsError> {
        Ok(look(aws, bucket).await?.map(|(holder, _)| holder))
    }

    /// Ends the lease in `bucket`, whoever holds it.
    ///
    /// # Errors
    /// If the bucket cannot be written.
    pub async fn end(aws: &Clients, bucket: &str) -> Result<(), AwsError> {
        remove(aws, bucket).await
    }
}

async fn renew(aws: Clients, bucket: String, mut holder: Holder, mut etag: String) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        holder.until = Timestamp::now() + HOLDS;
        match put(&aws, &bucket, &holder, Some(&etag)).await {
            Ok(Some(new)) => etag = new,
            // Somebody ended it or took it over.
            Ok(None) => {
                tracing::warn!("the lease of the stack was taken by somebody else");
                return;
            }
            // A failed renewal is made good by the next one.
            Err(error) => tracing::info!(%error, "the lease was not renewed"),
        }
    }
}

/// Writes the lease if there is none, or if it still is the one with `etag`; `None` means that it is not.
async fn put(aws: &Clients, bucket: &str, holder: &Holder, etag: Option<&str>) -> Result<Option<String>, AwsError> {
    let body = serde_json::to_vec(holder).expect("a holder has only texts and numbers");
    // Text, so that a person who looks for the holder sees it in any browser.
    let call = aws.s3.put_object().bucket(bucket).key(KEY).content_type("text/plain; charset=utf-8");
    let call = match etag {
        Some(etag) => call.if_match(etag),
        None => call.if_none_match("*"),
    };
    match call.body(ByteStream::from(body)).send().await.named("s3:PutObject") {
        Ok(answer) => Ok(Some(answer.e_tag.unwrap_or_default())),
        Err(error) if ["PreconditionFailed", "ConditionalRequestConflict"].contains(&error.code.as_str()) => Ok(None),
        // The one to be replaced is gone.
        Err(error) if etag.is_some() && error.code == "NoSuchKey" => Ok(None),
        Err(error) => Err(error),
    }
}

async fn look(aws: &Clients, bucket: &str) -> Result<Option<(Holder, String)>, AwsError> {
    let answer = match aws.s3.get_object().bucket(bucket).key(KEY).send().await.named("s3:GetObject") {
        Ok(answer) => answer,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    let etag = answer.e_tag.unwrap_or_default();
    let body = answer.body.collect().await;
    let body = body.map_err(|error| AwsError::incomplete("s3:GetObject", &error.to_string()))?.into_bytes();
    // What cannot be read was not written by us or was cut off: nobody's lease.
    Ok(Some((serde_json::from_slice(&body).unwrap_or_else(|_| nobody()), etag)))
}

fn nobody() -> Holder {
    let past = Timestamp::UNIX_EPOCH;
    Holder { who: "nobody".into(), process: 0, command: String::new(), since: past, until: past }
}

async fn remove(aws: &Clients, bucket: &str) -> Result<(), AwsError> {
    match aws.s3.delete_object().bucket(bucket).key(KEY).send().await.named("s3:DeleteObject") {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_over_when_its_time_or_its_process_is() {
        let now = Timestamp::now();
        let own = Holder::this_process("up");
        assert!(!own.is_over(now));
        assert!(own.is_over(now + HOLDS + HOLDS));
        let dead = Holder { process: u32::MAX, ..own.clone() };
        assert!(dead.is_over(now));
        let elsewhere = Holder { who: "ana@laptop".into(), ..dead };
        assert!(!elsewhere.is_over(now));
    }
}
