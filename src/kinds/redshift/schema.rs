//! The tables of a cluster, made over the Data API.
//!
//! What was applied last is kept as a tag of the cluster, so that a plan needs no statement and a paused cluster is
//! no difference.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_redshift::types::Cluster;
use serde::Serialize;

use super::{observed, permissions, redshift_tags};
use crate::diag::Explain;
use crate::kinds::base::{Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope};
use crate::model::{Address, Effect};
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
    pub schema: String,
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
        Ok(Self { cluster, database: database.to_owned(), schema: fingerprint(&content), file })
    }
}

/// What is observed of it: the mark on the cluster.
#[derive(Debug)]
pub struct Seen {
    /// The cluster's ARN.
    arn: String,
    schema: String,
}

#[async_trait]
impl Kind for Schema {
    const NAME: &'static str = "redshift_schema";
    const LIMIT: Duration = Duration::from_secs(300);
    const OUTPUTS: &'static [&'static str] = &[];
    const TAGGED: bool = false;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("cluster", observed::READ),
        Attribute::ignored("database", "it belongs to the cluster, which compares it"),
        Attribute::running("schema", observed::READ),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.cluster.to_string())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        vec![want.cluster.clone()]
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        // A cluster that is about to be made anew has no tables yet.
        let is_there = known.get(&want.cluster, "arn").is_some();
        Diff::new().maybe("schema", is_there.then(|| want.schema.clone()), &seen.schema, Effect::Running)
    }

    fn runs_on(&self, want: &Spec) -> Option<Address> {
        Some(want.cluster.clone())
    }

    fn outputs(&self, _seen: &Seen) -> Outputs {
        Outputs::new()
    }

    fn permissions(&self, _want: &Spec, meta: &Meta) -> Vec<Permission> {
        // Which cluster it is, its tags say.
        let statements = ["redshift-data:ExecuteStatement", "redshift-data:BatchExecuteStatement"];
        let tags = [observed::READ, "redshift:CreateTags", "redshift:DeleteTags"];
        let cluster = redshift_tags::arn(meta, "cluster", "*");
        vec![
            Permission::new(&cluster, &statements),
            Permission::new(cluster, &tags),
            Permission::anywhere(&["redshift-data:DescribeStatement", "redshift-data:GetStatementResult"]),
            Permission::new(permissions::secret(meta), &["secretsmanager:GetSecretValue"]),
        ]
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let all = scope.shared.once(observed::READ, observed::clusters(cx)).await?;
        Ok(all.iter().filter_map(|cluster| observe(cx, cluster)).collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let address = one.name.as_deref().and_then(Address::parse);
        let identifier = address.and_then(|address| cx.known.get(&address, "identifier"));
        let found = match identifier {
            Some(identifier) => observed::cluster(cx, &identifier).await?.into_iter().collect(),
            None => observed::clusters(cx).await?,
        };
        let mut found = found.iter().filter_map(|cluster| observe(cx, cluster));
        Ok(found.find(|found| one.is(&found.name, &found.tags)))
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
        let mark = Tags(BTreeMap::from([(TAG.to_owned(), want.schema.clone())]));
        Ok(redshift_tags::write(cx, &cx.known.need(&want.cluster, "arn")?, &mark, &[]).await?)
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        self.create(cx, want, &Tags::default()).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        // The tables go with the cluster; `stack` never drops a table by itself. Only the mark goes.
        Ok(redshift_tags::remove(cx, &seen.arn, &[TAG.to_owned()]).await?)
    }
}

fn observe(cx: &Cx, cluster: &Cluster) -> Option<Found<Seen>> {
    let tags = redshift_tags::seen(cluster.tags.clone());
    let stack = &cx.known.stack;
    let Owner::Ours(address) = tags.owner(&stack.name) else { return None };
    let arn = redshift_tags::arn(stack, "cluster", cluster.cluster_identifier()?);
    let seen = Seen { arn, schema: tags.0.get(TAG)?.clone() };
    Some(Found { name: address.to_string(), tags: Tags::default(), seen })
}
