//! The tables of a cluster, made over the Data API.
//!
//! What was applied last is kept as a tag of the cluster, so that a plan needs no statement and a paused cluster is
//! no difference.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use super::redshift_tags;
use crate::aws::Sorted;
use crate::diag::Explain;
use crate::kinds::base::{Cx, Diff, Found, Kind, KindError, Known, Outputs, Scope};
use crate::model::Address;
use crate::ownership::{Owner, Tags, fingerprint};
use crate::sql::{self, Redshift};

const TAG: &str = "stack:schema";

/// The schema of a cluster.
pub struct Schema;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// The cluster.
    pub cluster: Address,
    /// The database, which the cluster makes.
    pub database: String,
    /// The fingerprint of the SQL file.
    pub content_hash: String,
    /// The SQL file.
    #[serde(skip)]
    pub file: PathBuf,
}

impl Spec {
    /// Reads the SQL file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of_file(cluster: Address, database: &str, file: PathBuf) -> Result<Self, KindError> {
        let content = std::fs::read(&file).map_err(|source| KindError::File { path: file.clone(), source })?;
        Ok(Self { cluster, database: database.to_owned(), content_hash: fingerprint(&content), file })
    }
}

/// What is observed of it: the mark on the cluster.
#[derive(Debug)]
pub struct Seen {
    cluster: String,
    content_hash: String,
}

#[async_trait]
impl Kind for Schema {
    const NAME: &'static str = "redshift_schema";
    const LIMIT: Duration = Duration::from_secs(300);
    const OUTPUTS: &'static [&'static str] = &[];
    const TAGGED: bool = false;
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.cluster.to_string())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        vec![want.cluster.clone()]
    }

    fn diff(&self, want: &Spec, seen: &Seen, _known: &Known) -> Diff {
        Diff::new().in_place("schema", &want.content_hash, &seen.content_hash)
    }

    fn outputs(&self, _seen: &Seen) -> Outputs {
        Outputs::new()
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.redshift.describe_clusters().into_paginator().items().send();
        let mut found = vec![];
        while let Some(cluster) = pages.next().await {
            let cluster = cluster.named("redshift:DescribeClusters")?;
            let tags = redshift_tags::seen(cluster.tags);
            if let (Owner::Ours(address), Some(mark)) = (tags.owner(&scope.stack), tags.0.get(TAG)) {
                let seen = Seen { cluster: cluster.cluster_identifier.unwrap_or_default(), content_hash: mark.clone() };
                found.push(Found { name: address.to_string(), tags: Tags::default(), seen });
            }
        }
        Ok(found)
    }

    async fn create(&self, cx: &Cx, want: &Spec, _tags: &Tags) -> Result<(), KindError> {
        let script = std::fs::read_to_string(&want.file);
        let script = script.map_err(|source| KindError::File { path: want.file.clone(), source })?;
        let redshift = Redshift {
            clients: cx.aws.clone(),
            cluster: cx.known.need(&want.cluster, "identifier")?,
            database: want.database.clone(),
            secret_arn: cx.known.need(&want.cluster, "secret_arn")?,
        };
        for statement in sql::statements(&script) {
            redshift.execute(&statement).await.map_err(|error| {
                let hint = error.hints().into_iter().next().map(|hint| hint.0);
                KindError::Database { what: error.to_string(), hint }
            })?;
        }
        let mark = Tags(BTreeMap::from([(TAG.to_owned(), want.content_hash.clone())]));
        Ok(redshift_tags::write(cx, "cluster", &redshift.cluster, &mark).await?)
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        self.create(cx, want, &Tags::default()).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        // The tables go with the cluster; `stack` never drops a table by itself. Only the mark goes.
        Ok(redshift_tags::remove(cx, &seen.cluster, TAG).await?)
    }
}
