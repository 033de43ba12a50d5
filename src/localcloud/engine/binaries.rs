//! Where the servers' programs lie.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::EngineError;

/// Returns the MySQL server: MariaDB's, else MySQL's own.
///
/// # Errors
/// [`EngineError::Missing`] with the Debian package that has it.
pub(crate) fn mysql_server() -> Result<PathBuf, EngineError> {
    find("mariadbd")
        .or_else(|| find("mysqld"))
        .ok_or(EngineError::Missing { what: "a MySQL server", package: "mariadb-server" })
}

/// Returns the folder with `postgres` and `initdb`, of the newest version that is installed.
///
/// # Errors
/// [`EngineError::Missing`] with the Debian package that has it.
pub(crate) fn postgres_folder() -> Result<PathBuf, EngineError> {
    let complete = |folder: &Path| ["postgres", "initdb"].iter().all(|name| is_program(&folder.join(name)));
    let installed = if named_folders().is_some() { None } else { std::fs::read_dir("/usr/lib/postgresql").ok() };
    let versions = installed.into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| complete(folder))
        .collect();
    found.sort();
    let on_path = || find("postgres").and_then(|program| program.parent().map(Path::to_path_buf));
    found
        .pop()
        .map(|(_, folder)| folder)
        .or_else(|| on_path().filter(|folder| complete(folder)))
        .ok_or(EngineError::Missing { what: "a PostgreSQL server", package: "postgresql" })
}

/// Returns the folders that a person named as the only ones to look in.
fn named_folders() -> Option<Vec<PathBuf>> {
    std::env::var_os("STACK_ENGINES").map(|folders| std::env::split_paths(&folders).collect())
}

/// Finds a program on the path and in the folders of system programs, which a person's path may lack.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    if let Some(folders) = named_folders() {
        return folders.into_iter().map(|folder| folder.join(name)).find(|program| is_program(program));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/usr/bin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).map(|folder| folder.join(name)).find(|program| is_program(program))
}

fn is_program(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}
