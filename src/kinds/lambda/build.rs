//! How a layer is built: pip installs packages for Lambda's platform, and they are zipped.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::{LayerTable, zip};
use crate::kinds::base::KindError;
use crate::ownership::SpecHash;

/// What was built in this run: the checks before the first write and the upload need the same zip file.
static BUILT: Mutex<BTreeMap<String, Arc<Vec<u8>>>> = Mutex::const_new(BTreeMap::new());

/// Returns the zip file of a layer, built once a run.
///
/// # Errors
/// If pip fails.
pub(super) async fn zip_of(want: &LayerTable) -> Result<Arc<Vec<u8>>, KindError> {
    let key = SpecHash::of(want).0;
    let mut built = BUILT.lock().await;
    if let Some(content) = built.get(&key) {
        return Ok(Arc::clone(content));
    }
    let content = Arc::new(build(want).await?);
    built.insert(key, Arc::clone(&content));
    Ok(content)
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
