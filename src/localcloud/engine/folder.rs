//! What becomes of a data folder when its database or snapshot is deleted or copied.

use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

/// The file that names a running process, which a copy does not have.
const PROCESS_FILE: &str = "server.pid";

/// Clears a data folder away: moved to `snapshot` if the data are to be kept, else removed. Gone already is success.
///
/// # Errors
/// If the folder cannot be moved or removed.
pub(crate) fn retire(folder: PathBuf, snapshot: Option<&Path>) -> io::Result<()> {
    let Some(place) = snapshot else { return remove(folder) };
    if let Some(parent) = place.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::rename(folder, place)
}

/// Copies a data folder whose server does not run, with the owners and permissions of its files. What a crash left of
/// an earlier copy is removed; the copy is there only when it is whole.
///
/// # Errors
/// If anything cannot be read or written.
pub(crate) fn duplicate(folder: &Path, copy: &Path) -> io::Result<()> {
    let mut name = copy.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = copy.with_file_name(name);
    remove(beside.clone())?;
    if let Some(parent) = copy.parent() {
        std::fs::create_dir_all(parent)?;
    }
    duplicate_tree(folder, &beside)?;
    std::fs::rename(beside, copy)
}

/// Does [`duplicate`] beside the other work, and returns whether it succeeded; why not goes to the log.
pub(crate) async fn copied(from: PathBuf, to: PathBuf) -> bool {
    let shown = from.display().to_string();
    let outcome = tokio::task::spawn_blocking(move || duplicate(&from, &to)).await;
    match outcome.map_err(io::Error::other).flatten() {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(folder = shown, %error, "could not copy a data folder");
            false
        }
    }
}

fn duplicate_tree(from: &Path, to: &Path) -> io::Result<()> {
    let metadata = std::fs::symlink_metadata(from)?;
    if metadata.is_dir() {
        std::fs::create_dir(to)?;
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            if entry.file_name() != PROCESS_FILE {
                duplicate_tree(&entry.path(), &to.join(entry.file_name()))?;
            }
        }
    } else if metadata.is_file() {
        std::fs::copy(from, to)?;
    } else {
        // Sockets belong to a process, and the servers here make no links.
        return Ok(());
    }
    std::fs::set_permissions(to, metadata.permissions())?;
    chown(to, Some(metadata.uid()), Some(metadata.gid()))
}

fn remove(folder: PathBuf) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::{duplicate, retire};

    #[test]
    fn a_copy_keeps_permissions_and_leaves_the_process_behind() {
        let home = tempfile::tempdir().unwrap();
        let (data, copy) = (home.path().join("data"), home.path().join("snapshots/one.2"));
        std::fs::create_dir_all(data.join("inner")).unwrap();
        std::fs::set_permissions(data.join("inner"), Permissions::from_mode(0o700)).unwrap();
        std::fs::write(data.join("inner/rows"), "rows").unwrap();
        std::fs::write(data.join("server.pid"), "1").unwrap();
        // What a crash left of an earlier attempt is no part of the copy.
        std::fs::create_dir_all(home.path().join("snapshots/one.2.new/old")).unwrap();
        duplicate(&data, &copy).unwrap();
        assert_eq!(std::fs::read_to_string(copy.join("inner/rows")).unwrap(), "rows");
        assert_eq!(std::fs::metadata(copy.join("inner")).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(!copy.join("server.pid").exists() && !copy.join("old").exists() && data.exists());
    }

    #[test]
    fn data_are_moved_or_removed_and_what_is_gone_is_no_error() {
        let home = tempfile::tempdir().unwrap();
        let (data, kept) = (home.path().join("data"), home.path().join("snapshots/one"));
        std::fs::create_dir(&data).unwrap();
        retire(data.clone(), Some(&kept)).unwrap();
        assert!(kept.is_dir() && !data.exists());
        retire(kept.clone(), None).unwrap();
        assert!(!kept.exists());
        retire(kept, None).unwrap();
    }
}
