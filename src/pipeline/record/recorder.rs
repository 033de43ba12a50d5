//! Writes down what happens while it happens.

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{History, RunRecord, State, StepRecord};
use crate::aws::AwsError;
use crate::pipeline::Facts;
use crate::pipeline::step::Tally;

/// The record of a run that goes on.
pub struct Recorder {
    run: Mutex<RunRecord>,
    history: History,
}

impl Recorder {
    /// Writes the first record, so that a run whose progress cannot be kept does not begin.
    ///
    /// # Errors
    /// If S3 refuses.
    pub async fn begin(run: RunRecord, history: History) -> Result<Self, AwsError> {
        history.save(&run).await?;
        Ok(Self { run: Mutex::new(run), history })
    }

    /// Returns the record as it is now.
    pub async fn run(&self) -> RunRecord {
        self.run.lock().await.clone()
    }

    /// Returns how far a step is.
    pub async fn state(&self, at: usize) -> State {
        self.run.lock().await.steps[at].state
    }

    /// Changes the record and keeps it. A record that cannot be kept now is kept with the next change.
    pub(in crate::pipeline) async fn note(&self, change: impl FnOnce(&mut RunRecord)) {
        // The lock is held while S3 answers, so that an older state never replaces a newer one.
        let mut run = self.run.lock().await;
        change(&mut run);
        if let Err(error) = self.history.save(&run).await {
            tracing::warn!(%error, run = run.id, "the progress of the run was not kept");
        }
    }

    /// Notes that an attempt of a step began.
    pub(in crate::pipeline) async fn began(&self, at: usize) {
        let begin = |step: &mut StepRecord| {
            step.state = State::Running;
            step.began = Some(Timestamp::now());
            step.ended = None;
            step.attempts += 1;
            step.error = None;
        };
        self.note(|run| begin(&mut run.steps[at])).await;
    }

    /// Notes how a step ended.
    pub(in crate::pipeline) async fn ended(&self, at: usize, state: State, told: Result<Tally, String>, facts: &Facts) {
        self.note(|run| {
            let step = &mut run.steps[at];
            step.state = state;
            step.ended = Some(Timestamp::now());
            match told {
                Ok(tally) => step.tally = tally,
                Err(error) => step.error = Some(error),
            }
            run.facts = facts.clone();
        })
        .await;
    }
}

/// What one step noted down, and the way to note more.
#[derive(Clone, Copy)]
pub struct Memory<'a> {
    recorder: &'a Recorder,
    at: usize,
}

impl<'a> Memory<'a> {
    /// Returns the memory of one step.
    pub(in crate::pipeline) fn new(recorder: &'a Recorder, at: usize) -> Self {
        Self { recorder, at }
    }

    /// Returns what was noted down, by an earlier attempt or an earlier run.
    pub async fn get(&self) -> Option<Value> {
        self.recorder.run.lock().await.steps[self.at].memory.clone()
    }

    /// Returns whether the run was taken up again, so that a note may be older than this process.
    pub async fn is_of_earlier_run(&self) -> bool {
        self.recorder.run.lock().await.resumed > 0
    }

    /// Notes something down; when this returns, a later run finds it.
    pub async fn put(&self, value: Value) {
        self.recorder.note(|run| run.steps[self.at].memory = Some(value)).await;
    }

    /// Forgets what was noted down.
    pub async fn clear(&self) {
        self.recorder.note(|run| run.steps[self.at].memory = None).await;
    }
}
