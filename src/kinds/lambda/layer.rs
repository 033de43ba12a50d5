//! `[layer.NAME]`: Python packages that functions share, built with pip for Lambda's platform.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, LayerVersionContentInput, LayerVersionsListItem, Runtime};
use serde::{Deserialize, Serialize};

use super::build::zip_of;
use super::limits;
use super::mark::Mark;
use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{
    Attribute, Cx, Diff, Entry, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Resource,
    Scope, Table,
};
use crate::kinds::retired;
use crate::ownership::{SpecHash, Tags};

const READ: &str = "lambda:ListLayers";

/// The kind and the table. Listing takes one call for fifty layers with their newest versions, and one more for a
/// declared layer whose newest version is somebody else's; a thorough look takes that one for every such layer.
///
/// A version can be neither tagged nor changed, so a mark in its description tells whose it is. Versions without the
/// mark are never deleted.
pub struct Layer;

/// Its keys and, at once, its declared fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerTable {
    /// Its name.
    pub name: String,
    /// What pip installs, such as `pymysql==1.1.2`.
    pub requirements: Vec<String>,
    /// The runtime it is built for.
    pub runtime: String,
    /// `arm64` or `x86_64`.
    #[serde(default = "default_architecture")]
    pub architecture: String,
}

/// Returns the architecture of a function that says nothing.
pub(super) fn default_architecture() -> String {
    "x86_64".into()
}

/// What is observed of it: the newest version of the stack or, if there is none, of somebody else.
#[derive(Debug)]
pub struct Seen {
    name: String,
    arn: String,
    mark: Option<Mark>,
    runtime: String,
    architecture: String,
}

impl Table for Layer {
    const NAME: &'static str = "layer";
    type Spec = LayerTable;

    fn check(&self, spec: &LayerTable, entry: Entry<'_>) -> Vec<Finding> {
        let mut findings = vec![];
        findings.extend(retired::runtime(&spec.runtime, entry.today));
        if spec.requirements.is_empty() {
            findings.push(Finding::error("requirements", "a layer without packages is of no use"));
        }
        for (position, requirement) in spec.requirements.iter().enumerate() {
            if !requirement.contains("==") {
                let warning = Finding::warning(
                    format!("requirements.{position}"),
                    format!("`{requirement}` has no version, so two builds may differ"),
                );
                findings.push(warning.hint(format!("such as `{requirement}==1.2.3`")));
            }
        }
        findings.extend(architecture_problem(&spec.architecture));
        findings
    }

    fn unique_name(&self, spec: &LayerTable) -> Option<String> {
        Some(spec.name.clone())
    }

    fn expand(&self, spec: &LayerTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        Ok(vec![Resource::new(&Layer, entry.name, entry.origin.clone(), spec.clone())])
    }
}

/// Checks the name of a processor architecture.
pub(super) fn architecture_problem(architecture: &str) -> Option<Finding> {
    let known = ["arm64", "x86_64"].contains(&architecture);
    (!known).then(|| Finding::error("architecture", "an architecture is `arm64` or `x86_64`"))
}

#[async_trait]
impl Kind for Layer {
    const NAME: &'static str = "layer";
    const LIMIT: Duration = Duration::from_secs(600);
    const OUTPUTS: &'static [&'static str] = &["arn"];
    const MOVES: bool = false;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", READ),
        Attribute::in_place("requirements", READ),
        Attribute::in_place("runtime", READ),
        Attribute::in_place("architecture", READ),
    ];
    type Spec = LayerTable;
    type Seen = Seen;

    fn identity(&self, want: &LayerTable) -> Option<String> {
        Some(want.name.clone())
    }

    fn permissions(&self, want: &LayerTable, meta: &Meta) -> Vec<Permission> {
        let arn = format!("arn:aws:lambda:{}:{}:layer:{}", meta.region, meta.account, want.name);
        vec![
            Permission::anywhere(&[READ, "lambda:GetAccountSettings"]),
            Permission::new(&arn, &["lambda:ListLayerVersions", "lambda:PublishLayerVersion"]),
            Permission::new(format!("{arn}:*"), &["lambda:DeleteLayerVersion", "lambda:GetLayerVersion"]),
        ]
    }

    fn diff(&self, want: &LayerTable, seen: &Seen, _known: &Known) -> Diff {
        let diff = Diff::new().in_place("runtime", &want.runtime, &seen.runtime).in_place(
            "architecture",
            &want.architecture,
            &seen.architecture,
        );
        let hash = seen.mark.as_ref().map_or("", |mark| mark.hash.as_str());
        // The hash is over all fields; what the two others do not explain is the packages.
        if diff.is_empty() { diff.in_place("requirements", SpecHash::of(want).0, hash) } else { diff }
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("arn", seen.arn.clone())])
    }

    fn changes_outputs(&self, _diff: &Diff) -> bool {
        // A change is a new version with an ARN of its own.
        true
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.lambda.list_layers().max_items(50).into_paginator().items().send();
        let mut found = vec![];
        while let Some(layer) = pages.next().await {
            let layer = layer.named(READ)?;
            let Some((name, newest)) = layer.layer_name.zip(layer.latest_matching_version) else { continue };
            let mut seen = observe(&name, newest);
            let is_ours = seen.mark.as_ref().is_some_and(|mark| mark.stack == scope.stack);
            if !is_ours && !scope.declares(&name) && scope.trusts_index {
                continue;
            }
            if !is_ours {
                // Somebody published a version after ours, or it is somebody else's layer.
                let own = versions(cx, &name, |mark| mark.stack == scope.stack).await?.into_iter().next();
                match own {
                    Some((_, own)) => seen = own,
                    None if scope.declares(&name) => {}
                    None => continue,
                }
            }
            found.push(Found { tags: tags_of(&seen, scope.names.get(&name)), name, seen });
        }
        Ok(found)
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = &one.name else { return Ok(None) };
        let id = one.address.to_string();
        let is_one = |mark: &Mark| mark.stack == one.stack && mark.id == id;
        let own = versions(cx, name, is_one).await?.into_iter().next();
        Ok(own.map(|(_, seen)| Found { name: name.clone(), tags: tags_of(&seen, None), seen }))
    }

    async fn preflight(&self, cx: &Cx, want: &LayerTable) -> Result<Vec<Finding>, KindError> {
        limits::check(cx, "requirements", &zip_of(want).await?).await
    }

    async fn create(&self, cx: &Cx, want: &LayerTable, tags: &Tags) -> Result<(), KindError> {
        publish(cx, want, &Mark::of_tags(tags, SpecHash::of(want))).await
    }

    async fn update(&self, cx: &Cx, want: &LayerTable, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        // Versions are immutable: a change is a new version.
        let Some(mark) = &seen.mark else { return Err(cannot_adopt(&seen.name)) };
        publish(cx, want, &Mark { hash: SpecHash::of(want).0, ..mark.clone() }).await
    }

    async fn retag(&self, _cx: &Cx, seen: &Seen, tags: &Tags, _gone: &[String]) -> Result<(), KindError> {
        // The hash came with the version that was just published; there are no other tags.
        let is_same = |mark: &Mark| tags.0.get("stack:id").is_none_or(|id| *id == mark.id);
        if seen.mark.as_ref().is_some_and(is_same) { Ok(()) } else { Err(cannot_adopt(&seen.name)) }
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let Some(mark) = &seen.mark else { return Ok(()) };
        let is_same = |other: &Mark| other.stack == mark.stack && other.id == mark.id;
        for (number, _) in versions(cx, &seen.name, is_same).await? {
            let call = cx.aws.lambda.delete_layer_version().layer_name(&seen.name).version_number(number);
            match call.send().await.named("lambda:DeleteLayerVersion") {
                Err(error) if !error.is_not_found() => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }
}

fn cannot_adopt(name: &str) -> KindError {
    KindError::Broken(format!(
        "the versions of the layer `{name}` can be neither tagged nor changed; give the layer in the file another name"
    ))
}

fn observe(name: &str, version: LayerVersionsListItem) -> Seen {
    let runtime = version.compatible_runtimes.unwrap_or_default().into_iter().next();
    let architecture = version.compatible_architectures.unwrap_or_default().into_iter().next();
    Seen {
        name: name.to_owned(),
        arn: version.layer_version_arn.unwrap_or_default(),
        mark: Mark::parse(version.description.as_deref().unwrap_or_default()),
        runtime: runtime.map(|runtime| runtime.as_str().to_owned()).unwrap_or_default(),
        architecture: architecture.map(|one| one.as_str().to_owned()).unwrap_or_default(),
    }
}

/// Returns the tags that the mark stands for. A version carries none of the stack's own tags, so those count as there.
fn tags_of(seen: &Seen, expected: Option<&Tags>) -> Tags {
    let Some(mark) = &seen.mark else { return Tags::default() };
    let mut tags = expected.cloned().unwrap_or_default();
    tags.0.extend(mark.tags().0);
    tags
}

/// Returns the versions of a layer with a mark that is looked for, the newest first.
async fn versions(cx: &Cx, name: &str, is_wanted: impl Fn(&Mark) -> bool) -> Result<Vec<(i64, Seen)>, KindError> {
    let call = cx.aws.lambda.list_layer_versions().layer_name(name).max_items(50);
    let mut pages = call.into_paginator().items().send();
    let mut own = vec![];
    while let Some(version) = pages.next().await {
        let version = match version.named("lambda:ListLayerVersions") {
            Err(error) if error.is_not_found() => break,
            version => version?,
        };
        let number = version.version;
        let seen = observe(name, version);
        if seen.mark.as_ref().is_some_and(&is_wanted) {
            own.push((number, seen));
        }
    }
    own.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    Ok(own)
}

async fn publish(cx: &Cx, want: &LayerTable, mark: &Mark) -> Result<(), KindError> {
    let content = LayerVersionContentInput::builder().zip_file(Blob::new(zip_of(want).await?.to_vec())).build();
    let call = cx
        .aws
        .lambda_once
        .publish_layer_version()
        .layer_name(&want.name)
        .description(mark.text())
        .compatible_runtimes(Runtime::from(want.runtime.as_str()))
        .compatible_architectures(Architecture::from(want.architecture.as_str()))
        .content(content);
    call.send().await.named("lambda:PublishLayerVersion").map(drop).map_err(AwsError::into)
}
