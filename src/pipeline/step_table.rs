//! One entry of `[[pipeline.step]]`.

use serde::Deserialize;

use super::Dataset;
use super::step::Step;
use super::steps::{Athena, Check, Command, Copy, Crawl, Job, Report, Sql, Unload, UploadStep, WaitForLoad};

/// How often a step is tried again, unless its own entry says so.
const RETRIES: u32 = 2;

/// What a failure of a step means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// What depends on the step is not begun, and the run has failed.
    #[default]
    Error,
    /// It is told, and the run goes on.
    Warn,
}

/// A step: its name, what it does, and exactly one key that says how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepTable {
    /// What it is called on the screen.
    pub name: String,
    /// What it reads besides what its own key says.
    #[serde(default)]
    pub reads: Vec<Dataset>,
    /// What it writes besides what its own key says.
    #[serde(default)]
    pub writes: Vec<Dataset>,
    /// Steps that must have ended before.
    #[serde(default)]
    pub after: Vec<String>,
    /// How often it is tried again where that may help.
    pub retries: Option<u32>,
    /// What its failure means.
    #[serde(default)]
    pub severity: Severity,
    pub(super) upload: Option<UploadStep>,
    pub(super) load: Option<WaitForLoad>,
    pub(super) crawl: Option<Crawl>,
    pub(super) job: Option<Job>,
    pub(super) athena: Option<Athena>,
    pub(super) sql: Option<Sql>,
    pub(super) copy: Option<Copy>,
    pub(super) unload: Option<Unload>,
    pub(super) check: Option<Check>,
    pub(super) report: Option<Report>,
    pub(super) command: Option<Command>,
}

/// The keys of which a step has exactly one.
pub(super) const KEYS: &str =
    "`upload`, `load`, `crawl`, `job`, `athena`, `sql`, `copy`, `unload`, `check`, `report` and `command`";

impl StepTable {
    /// Returns what is to be done, under each key that the entry has.
    pub(super) fn all(&self) -> Vec<(&'static str, &dyn Step)> {
        fn of<'a, S: Step>(key: &'static str, step: Option<&'a S>) -> Option<(&'static str, &'a dyn Step)> {
            step.map(|step| (key, step as &'a dyn Step))
        }
        let steps = [
            of("upload", self.upload.as_ref()),
            of("load", self.load.as_ref()),
            of("crawl", self.crawl.as_ref()),
            of("job", self.job.as_ref()),
            of("athena", self.athena.as_ref()),
            of("sql", self.sql.as_ref()),
            of("copy", self.copy.as_ref()),
            of("unload", self.unload.as_ref()),
            of("check", self.check.as_ref()),
            of("report", self.report.as_ref()),
            of("command", self.command.as_ref()),
        ];
        steps.into_iter().flatten().collect()
    }

    /// Returns what is to be done; a checked pipeline has exactly one in each step.
    pub fn step(&self) -> Option<&dyn Step> {
        self.all().into_iter().next().map(|(_, step)| step)
    }

    /// Returns the key that says what is done: `job`.
    pub fn kind(&self) -> &'static str {
        self.all().first().map_or("", |(key, _)| key)
    }

    /// Returns everything that it reads.
    pub fn all_reads(&self) -> Vec<Dataset> {
        let own = self.step().map(Step::reads).unwrap_or_default();
        own.into_iter().chain(self.reads.iter().cloned()).collect()
    }

    /// Returns everything that it writes.
    pub fn all_writes(&self) -> Vec<Dataset> {
        let own = self.step().map(Step::writes).unwrap_or_default();
        own.into_iter().chain(self.writes.iter().cloned()).collect()
    }

    /// Returns how often it is tried again where that may help.
    pub fn retries(&self) -> u32 {
        self.retries.unwrap_or(RETRIES)
    }
}
