//! Whom a server runs as: never root.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use super::EngineError;

/// A system user that a server runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    /// The user's name, for `setpriv`.
    pub(super) name: &'static str,
    uid: u32,
    gid: u32,
}

impl Account {
    /// Returns the package's user if this process is root; else nobody, and the server runs as the person.
    pub(super) fn for_server(name: &'static str) -> Result<Option<Self>, EngineError> {
        let proc_self = Path::new("/proc/self");
        let is_root = std::fs::metadata(proc_self).map_err(EngineError::file(proc_self))?.uid() == 0;
        if !is_root {
            return Ok(None);
        }
        let passwd = Path::new("/etc/passwd");
        let users = std::fs::read_to_string(passwd).map_err(EngineError::file(passwd))?;
        Self::parse(name, &users).map(Some).ok_or(EngineError::NoAccount(name))
    }

    fn parse(name: &'static str, users: &str) -> Option<Self> {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some(Self { name, uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    }

    /// Gives a file, or a folder with all that is in it, to the account.
    pub(super) fn own(self, path: &Path) -> Result<(), EngineError> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(EngineError::file(path))?;
        if path.is_dir() {
            for entry in std::fs::read_dir(path).map_err(EngineError::file(path))? {
                self.own(&entry.map_err(EngineError::file(path))?.path())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "root:x:0:0::/root:/bin/sh\nmysqlx:x:1:1::/:/bin/sh\nmysql:x:104:111:MySQL:/none:/bin/false\n";
        assert_eq!(Account::parse("mysql", users), Some(Account { name: "mysql", uid: 104, gid: 111 }));
        assert_eq!(Account::parse("postgres", users), None);
    }
}
