//! Why an engine did not do what was asked.

/// What went wrong with a server process.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    /// The server is not installed.
    #[error(
        "{what} is not installed on this machine; install the Debian package `{package}`, or run `stack doctor --fix`"
    )]
    Missing {
        /// The server in words.
        what: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// The package's system user does not exist, and a database server must not run as root.
    #[error("the system user `{0}` does not exist; it comes with the server's Debian package")]
    NoAccount(&'static str),
    /// A file or folder could not be used.
    #[error("could not use `{path}`: {source}")]
    File {
        /// The file or folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program could not be run.
    #[error("could not run `{program}`: {source}")]
    Spawn {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A preparing command failed.
    #[error("`{program}` failed: {output}")]
    Prepare {
        /// The program.
        program: String,
        /// The end of what it printed.
        output: String,
    },
    /// The server ended before it answered.
    #[error("the server ended before it answered: {log}")]
    Died {
        /// The end of its log.
        log: String,
    },
    /// The server did not answer in time.
    #[error("the server did not answer within {seconds} s: {last}")]
    Silent {
        /// How long it was waited for.
        seconds: u64,
        /// What the last attempt to connect said.
        last: String,
    },
    /// The local cloud is going down.
    #[error("the local cloud is stopping")]
    Closing,
    /// A statement of our own was refused.
    #[error("the server refused: {0}")]
    Statement(String),
}

impl EngineError {
    /// Turns an error about `path` into an [`EngineError::File`].
    pub(super) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::File { path, source }
    }
}
