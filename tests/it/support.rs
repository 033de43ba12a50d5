//! Runs the binary as a person would, with a cleared environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a run of the binary printed.
pub(crate) struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Both streams and the code, for messages and snapshots.
    pub(crate) fn all(&self) -> String {
        format!("exit {}\n{}{}", self.code, self.stdout, self.stderr)
    }

    /// Panics with everything that was printed unless the code is `code`.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.all());
        self
    }
}

/// The root of the project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Builds a command with nothing in its environment but the path.
pub(crate) fn stack(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stack"));
    command.current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.env("HOME", folder).env("NO_COLOR", "1");
    command
}

/// Runs the binary in `folder`.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ran {
    Ran::of(&stack(folder).args(arguments).output().unwrap())
}

/// Runs a prepared command.
pub(crate) fn ran(command: &mut Command) -> Ran {
    Ran::of(&command.output().unwrap())
}

/// A folder with a copy of the shipped stack, which a test may spoil.
pub(crate) fn copy_of_the_stack() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("templates"), &folder.path().join("templates"));
    std::fs::create_dir(folder.path().join("stacks")).unwrap();
    let file = folder.path().join("stacks/ecommerce.toml");
    std::fs::copy(root().join("stacks/ecommerce.toml"), &file).unwrap();
    (folder, file)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
