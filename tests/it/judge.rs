//! Starts a judge of `tests/judges`: a Python process that ends with the pipe to its standard input, so that none is
//! left behind even where a test is killed.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::root;

/// A judge that runs.
pub(crate) struct Judge {
    process: Child,
    /// Where it listens.
    pub url: String,
}

impl Judge {
    /// Starts a module of `tests/judges` and waits until it says where it listens.
    pub(crate) fn start(module: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(root().join(".venv/bin/python"));
        command.current_dir(root().join("tests/judges")).args(["-m", module]).args(arguments);
        command.envs(environment.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        assert!(url.starts_with("http://"), "`{module}` did not start; `make test-packages` installs what it needs");
        Self { process, url }
    }

    /// Ends it and returns what it says last.
    pub(crate) fn end(&mut self) -> String {
        drop(self.process.stdin.take());
        let mut last = String::new();
        self.process.stdout.as_mut().unwrap().read_to_string(&mut last).unwrap();
        self.process.wait().unwrap();
        last
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// AWS's own service models, as a relay in front of an endpoint.
pub(crate) struct Models {
    judge: Judge,
    report: PathBuf,
}

impl Models {
    /// Starts it in front of `upstream`; its report goes to `folder`.
    pub(crate) fn before(upstream: &str, folder: &Path) -> Self {
        let report = folder.join("requests.jsonl");
        let path = report.display().to_string();
        let arguments = ["--upstream", upstream, "--report", &path, "--with-stdin"];
        Self { judge: Judge::start("aws_models", &arguments, &[]), report }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.judge.url
    }

    /// Ends it and returns the requests that break their models, and the sums.
    pub(crate) fn verdict(mut self) -> (Vec<Value>, Value) {
        self.judge.end();
        let report = std::fs::read_to_string(&self.report).unwrap();
        let mut lines: Vec<Value> = report.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let sums = lines.pop().unwrap()["summary"].take();
        lines.retain(|line| line["violations"].as_array().is_some_and(|found| !found.is_empty()));
        (lines, sums)
    }
}
