//! Where the local cloud keeps what it must not forget.

use std::path::{Path, PathBuf};

use super::backlog::Backlog;

/// The folder of one local cloud. Everything below it belongs to that cloud and to nothing else.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
    backlog: Backlog,
}

impl Home {
    /// Takes `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), backlog: Backlog::default() }
    }

    /// Returns the files that are to be written.
    pub(super) fn backlog(&self) -> &Backlog {
        &self.backlog
    }

    /// Returns the saved states of a service, by region.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(super) fn states_of(&self, service: &str) -> std::io::Result<Vec<(String, PathBuf)>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.state())? {
            let path = entry?.path();
            let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".json"));
            let Some((named, region)) = stem.and_then(|stem| stem.split_once('@')) else { continue };
            if named == service {
                found.push((region.to_owned(), path.clone()));
            }
        }
        Ok(found)
    }

    /// Returns the folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns where objects lie: `<buckets>/<bucket>/<key>` is the plain file.
    pub fn buckets(&self) -> PathBuf {
        self.root.join("buckets")
    }

    /// Returns where the control plane's snapshots lie, one JSON file a service and region.
    pub fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    /// Returns the folder of one engine's data, such as `mysql/data-engineering-aws`.
    pub fn engine(&self, engine: &str, identifier: &str) -> PathBuf {
        self.root.join(engine).join(identifier)
    }

    /// Returns a folder for files that may vanish with the process.
    pub fn scratch(&self) -> PathBuf {
        self.root.join("scratch")
    }

    /// Returns where the process writes its own log.
    pub fn log(&self) -> PathBuf {
        self.root.join("local-cloud.log")
    }

    /// Returns the file that names the running process and its endpoint.
    pub fn process(&self) -> PathBuf {
        self.root.join("process.json")
    }
}
