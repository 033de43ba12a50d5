//! Runs a command on this machine.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::kinds::base::{Entry, Finding, Permission, Reference, Template};
use crate::kinds::template_references;
use crate::pipeline::step::Step;
use crate::pipeline::{Dataset, PipelineError, RightsCx, StepCx, Tally};

/// How many of its last lines tell why a command failed.
const LINES: usize = 8;

/// `command = { run = ["python", "script.py"] }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Command {
    /// The program and what it is given. It runs in the folder of the stack file.
    pub run: Vec<Template>,
    /// Variables besides those of `stack` itself.
    #[serde(default)]
    pub environment: BTreeMap<String, Template>,
    /// How long it may take.
    #[serde(default = "an_hour")]
    pub timeout_seconds: u64,
}

fn an_hour() -> u64 {
    3600
}

#[async_trait]
impl Step for Command {
    fn reads(&self) -> Vec<Dataset> {
        vec![]
    }

    fn writes(&self) -> Vec<Dataset> {
        vec![]
    }

    fn references(&self) -> Vec<Reference> {
        let words = self.run.iter().enumerate();
        let words = words.flat_map(|(at, word)| template_references(&format!("run.{at}"), word));
        let variables = self.environment.iter();
        let variables = variables.flat_map(|(name, value)| template_references(&format!("environment.{name}"), value));
        words.chain(variables).collect()
    }

    fn check(&self, _entry: Entry<'_>) -> Vec<Finding> {
        match self.run.is_empty() {
            true => {
                vec![Finding::error("run", "there is no program").hint("such as `run = [\"python\", \"tell.py\"]`")]
            }
            false => vec![],
        }
    }

    fn permissions(&self, _cx: &RightsCx<'_>) -> Vec<Permission> {
        vec![]
    }

    async fn run(&self, cx: &StepCx<'_>) -> Result<Tally, PipelineError> {
        let words = self.run.iter().map(|word| cx.render(word)).collect::<Result<Vec<_>, _>>()?;
        let Some((program, arguments)) = words.split_first() else { return Ok(Tally::default()) };
        let what = format!("the command `{program}`");
        let ended = |state: &str, why: String| PipelineError::Ended {
            what: what.clone(),
            state: state.to_owned(),
            why,
            log: None,
        };
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).current_dir(cx.stack.declared.base()).kill_on_drop(true);
        for (name, value) in &self.environment {
            command.env(name, cx.render(value)?);
        }
        // What it prints is progress; only the answer of `stack` goes to the standard output.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| ended("not begun", error.to_string()))?;
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let work = async {
            let output = tell(cx, output);
            let errors = tell(cx, errors);
            let (status, output, errors) = tokio::join!(child.wait(), output, errors);
            (status, if errors.is_empty() { output } else { errors })
        };
        let limit = Duration::from_secs(self.timeout_seconds);
        let Ok((status, lines)) = tokio::time::timeout(limit, work).await else {
            return Err(ended("stopped", format!("it took longer than {} s", self.timeout_seconds)));
        };
        match status {
            Ok(status) if status.success() => Ok(Tally::default()),
            Ok(status) => Err(ended(&status.to_string(), lines.join("\n"))),
            Err(error) => Err(ended("lost", error.to_string())),
        }
    }
}

/// Tells every line, and returns the last ones.
async fn tell(cx: &StepCx<'_>, stream: Option<impl tokio::io::AsyncRead + Unpin>) -> Vec<String> {
    let Some(stream) = stream else { return vec![] };
    let mut reader = BufReader::new(stream);
    let (mut last, mut bytes) = (std::collections::VecDeque::new(), vec![]);
    while let Ok(1..) = reader.read_until(b'\n', &mut bytes).await {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        bytes.clear();
        cx.events.say(line.clone());
        last.push_back(line);
        if last.len() > LINES {
            last.pop_front();
        }
    }
    last.into()
}
