//! What an execution environment is made from: one revision of a function, and the packages of the managed runtime.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::code::CodeStore;
use crate::localcloud::python::{Python, PythonError, PythonFacts};

/// What the managed Python runtimes of AWS have installed beside the standard library.
const MANAGED: [&str; 12] = [
    "awslambdaric",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "python_dateutil",
    "runtime_client",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot_restore_py",
    "urllib3",
];

/// One revision of a function, ready to be run.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) region: String,
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) revision: String,
    pub(super) runtime: String,
    pub(super) handler: String,
    pub(super) memory_mib: u64,
    pub(super) timeout: Duration,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) log_group: String,
    /// The unzipped code.
    pub(super) task_root: PathBuf,
    /// The unzipped layers, which on AWS is `/opt`.
    pub(super) opt: Option<PathBuf>,
}

impl Image {
    /// Reads a function's document and unzips what it needs.
    pub(super) async fn prepare(region: &str, document: &Value, store: &CodeStore) -> std::io::Result<Self> {
        let configuration = &document["Configuration"];
        let text = |member: &str| configuration[member].as_str().unwrap_or_default().to_owned();
        let layers: Vec<String> = serde_json::from_value(document["LayerCode"].clone()).unwrap_or_default();
        let variables = serde_json::from_value(configuration["Environment"]["Variables"].clone()).unwrap_or_default();
        let code = document["Code"].as_str().unwrap_or_default().to_owned();
        let log_group = configuration["LoggingConfig"]["LogGroup"].as_str();
        Ok(Self {
            region: region.to_owned(),
            name: text("FunctionName"),
            arn: text("FunctionArn"),
            revision: text("RevisionId"),
            runtime: text("Runtime"),
            handler: text("Handler"),
            memory_mib: configuration["MemorySize"].as_u64().unwrap_or(128),
            timeout: Duration::from_secs(configuration["Timeout"].as_u64().unwrap_or(3)),
            variables,
            log_group: log_group.map_or_else(|| format!("/aws/lambda/{}", text("FunctionName")), str::to_owned),
            task_root: store.unzipped(&[code]).await?,
            opt: if layers.is_empty() { None } else { Some(store.unzipped(&layers).await?) },
        })
    }

    /// Returns the search path for modules: the code, the layers, then what the managed runtime has.
    pub(super) fn module_path(&self, managed: &ManagedRuntime) -> String {
        let mut folders = vec![self.task_root.clone()];
        if let Some(opt) = &self.opt {
            folders.push(opt.join("python"));
            folders.push(opt.join(format!("python/lib/python{}/site-packages", managed.version)));
        }
        folders.push(managed.packages.clone());
        folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(":")
    }
}

/// The stand-in for AWS's managed Python runtimes.
///
/// It links the packages that AWS has, and only those, so that a function that lacks its layer fails here as it
/// fails there.
#[derive(Debug, Clone)]
pub(super) struct ManagedRuntime {
    /// The interpreter's version, such as `3.13`.
    pub(super) version: String,
    /// The folder with the links.
    pub(super) packages: PathBuf,
}

impl ManagedRuntime {
    /// Builds the folder anew from what the interpreter has now.
    pub(super) async fn build(python: &Python, folder: &Path) -> Result<Self, RuntimeError> {
        let facts = python.facts("awslambdaric").await?;
        let packages = folder.join(format!("python{}", facts.version));
        link_managed(&facts, &packages)
            .map_err(|source| RuntimeError::Folder { path: packages.display().to_string(), source })?;
        Ok(Self { version: facts.version, packages })
    }
}

/// Why no handler can run.
#[derive(Debug, thiserror::Error)]
pub(super) enum RuntimeError {
    #[error(transparent)]
    Python(#[from] PythonError),
    #[error("could not prepare `{path}`: {source}")]
    Folder { path: String, source: std::io::Error },
}

fn link_managed(facts: &PythonFacts, packages: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(packages) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => std::fs::create_dir_all(packages)?,
    }
    for entry in std::fs::read_dir(&facts.packages)? {
        let entry = entry?;
        let name = entry.file_name();
        let stem = name.to_string_lossy();
        let stem = stem.split(['.', '-']).next().unwrap_or_default();
        if MANAGED.contains(&stem) {
            std::os::unix::fs::symlink(entry.path(), packages.join(&name))?;
        }
    }
    Ok(())
}
