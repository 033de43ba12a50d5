//! `[layer.NAME]`: Python packages that functions share, built with pip for Lambda's platform.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, LayerVersionContentInput, Runtime};
use serde::{Deserialize, Serialize};

use super::zip;
use crate::aws::Sorted;
use crate::kinds::base::{Cx, Diff, Entry, Finding, Found, Kind, KindError, Known, Outputs, Resource, Scope, Table};
use crate::model::{Address, Effect};
use crate::ownership::{SpecHash, Tags};

/// A layer version cannot be tagged; its description carries the stack and the hash of what it was built from.
const MARK: &str = "stack";

/// The kind and the table.
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

/// What is observed of it: its newest version.
#[derive(Debug)]
pub struct Seen {
    name: String,
    arn: String,
    hash: String,
}

impl Table for Layer {
    const NAME: &'static str = "layer";
    type Spec = LayerTable;

    fn check(&self, spec: &LayerTable, _entry: Entry<'_>) -> Vec<Finding> {
        let mut findings = vec![];
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
    const TAGGED: bool = false;
    type Spec = LayerTable;
    type Seen = Seen;

    fn identity(&self, want: &LayerTable) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, _want: &LayerTable) -> Vec<Address> {
        vec![]
    }

    fn diff(&self, want: &LayerTable, seen: &Seen, _known: &Known) -> Diff {
        Diff::new().field("content", SpecHash::of(want).0, &seen.hash, Effect::InPlace)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("arn", seen.arn.clone())])
    }

    fn changes_outputs(&self, _diff: &Diff) -> bool {
        // A change is a new version with an ARN of its own.
        true
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.lambda.list_layers().into_paginator().items().send();
        let mut found = vec![];
        while let Some(layer) = pages.next().await {
            let layer = layer.named("lambda:ListLayers")?;
            let Some((name, version)) = layer.layer_name.zip(layer.latest_matching_version) else { continue };
            let description = version.description.unwrap_or_default();
            let hash = description.strip_prefix(&format!("{MARK}:{} ", scope.stack)).map(str::to_owned);
            if hash.is_some() || scope.names.contains(&name) {
                let arn = version.layer_version_arn.unwrap_or_default();
                let seen = Seen { name: name.clone(), arn, hash: hash.unwrap_or(description) };
                found.push(Found { name, tags: Tags::default(), seen });
            }
        }
        Ok(found)
    }

    async fn create(&self, cx: &Cx, want: &LayerTable, _tags: &Tags) -> Result<(), KindError> {
        let content = LayerVersionContentInput::builder().zip_file(Blob::new(build(want).await?)).build();
        let call = cx
            .aws
            .lambda
            .publish_layer_version()
            .layer_name(&want.name)
            .description(format!("{MARK}:{} {}", cx.known.stack.name, SpecHash::of(want).0))
            .compatible_runtimes(Runtime::from(want.runtime.as_str()))
            .compatible_architectures(Architecture::from(want.architecture.as_str()))
            .content(content);
        call.send().await.named("lambda:PublishLayerVersion")?;
        Ok(())
    }

    async fn update(&self, cx: &Cx, want: &LayerTable, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        // Versions are immutable: a change is a new version.
        self.create(cx, want, &Tags::default()).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let mut pages = cx.aws.lambda.list_layer_versions().layer_name(&seen.name).into_paginator().items().send();
        while let Some(version) = pages.next().await {
            let number = version.named("lambda:ListLayerVersions")?.version;
            let call = cx.aws.lambda.delete_layer_version().layer_name(&seen.name).version_number(number);
            call.send().await.named("lambda:DeleteLayerVersion")?;
        }
        Ok(())
    }
}

/// Installs the packages into a folder of their own and zips it with `python/` at the root.
async fn build(want: &LayerTable) -> Result<Vec<u8>, KindError> {
    let folder = tempfile::tempdir().map_err(|source| KindError::File { path: std::env::temp_dir(), source })?;
    let version = want.runtime.trim_start_matches("python");
    let machine = if want.architecture == "arm64" { "aarch64" } else { "x86_64" };
    let mut pip = tokio::process::Command::new(python());
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"])
        .args(["--only-binary=:all:", "--python-version", version, "--implementation", "cp"])
        .args(["--platform", &format!("manylinux2014_{machine}"), "--platform", "any"])
        .arg("--target")
        .arg(folder.path())
        .args(&want.requirements)
        .kill_on_drop(true);
    let output = pip.output().await;
    let output = output.map_err(|error| KindError::Program {
        program: format!("`{} -m pip`", python().display()),
        output: error.to_string(),
    })?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(KindError::Program { program: "pip".into(), output: text });
    }
    strip(folder.path()).map_err(|source| KindError::File { path: folder.path().to_path_buf(), source })?;
    zip::zip_folder(folder.path(), "python/")
}

/// Returns the interpreter whose pip builds layers: the project's own, else the system's.
fn python() -> std::path::PathBuf {
    let own = Path::new(".venv/bin/python");
    std::env::var_os("STACK_PYTHON")
        .map_or_else(|| if own.exists() { own.to_path_buf() } else { "python3".into() }, Into::into)
}

/// Removes what pip writes differently at every run: launchers and the record of where they were put.
fn strip(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name == "bin") {
            std::fs::remove_dir_all(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "dist-info") {
            for name in ["RECORD", "direct_url.json", "REQUESTED", "INSTALLER"] {
                match std::fs::remove_file(path.join(name)) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
    }
    Ok(())
}
