//! What becomes of a data folder when its database or snapshot is deleted.

use std::io;
use std::path::{Path, PathBuf};

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

fn remove(folder: PathBuf) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::retire;

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
