//! The Python interpreter that runs handlers and job scripts: the one of the tool's own virtual environment.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

/// Why Python code cannot run here.
#[derive(Debug, thiserror::Error)]
pub(super) enum PythonError {
    /// There is no interpreter at the configured place.
    #[error("there is no Python interpreter at `{path}`; `stack doctor --fix` installs it")]
    Missing {
        /// Where it should be.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The interpreter lacks a package.
    #[error("`{path}` lacks `{module}`; `stack doctor --fix` installs it")]
    Lacks {
        /// The interpreter.
        path: String,
        /// The module that cannot be imported.
        module: &'static str,
    },
}

/// The interpreter of a virtual environment.
#[derive(Debug, Clone)]
pub(super) struct Python {
    path: PathBuf,
}

/// What the interpreter says of itself.
#[derive(Debug, Clone)]
pub(super) struct PythonFacts {
    /// Major and minor version, such as `3.13`.
    pub version: String,
    /// Where its packages lie.
    pub packages: PathBuf,
}

impl Python {
    /// Takes the path of the interpreter, which need not exist until code is to run.
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns the interpreter's path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Asks the interpreter for its facts, and whether it can import `module`.
    ///
    /// # Errors
    /// If there is no interpreter, or it lacks the module.
    pub(super) async fn facts(&self, module: &'static str) -> Result<PythonFacts, PythonError> {
        let path = self.path.display().to_string();
        let question = format!(
            "import importlib.util, sys, sysconfig\n\
             assert importlib.util.find_spec('{module}')\n\
             print('%d.%d' % sys.version_info[:2])\n\
             print(sysconfig.get_path('purelib'))"
        );
        let mut command = Command::new(&self.path);
        let asked = command.args(["-c", &question]).stdin(Stdio::null()).output().await;
        let answer = asked.map_err(|source| PythonError::Missing { path: path.clone(), source })?;
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        match text.lines().collect::<Vec<_>>().as_slice() {
            [version, packages] if answer.status.success() => {
                Ok(PythonFacts { version: (*version).to_owned(), packages: PathBuf::from(packages) })
            }
            _ => Err(PythonError::Lacks { path, module }),
        }
    }
}
