//! Runs the steps: each as soon as what it needs has ended, again where that may help, and writes down how it went.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::event::{Happening, StepReport};
use super::record::{Memory, Recorder, RunRecord, State};
use super::step::{StepCx, Tally};
use super::step_table::{Severity, StepTable};
use super::{Facts, PipelineError, PipelineTable, Planned, StepEvent, StepEvents};
use crate::diag::Diagnostic;
use crate::kinds::base::Cx;
use crate::spec::Stack;
use crate::wait::Backoff;

/// The first and the longest pause before a step is tried again.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// What a run works with.
pub struct Run<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// The way to AWS, and the outputs of what exists.
    pub cx: &'a Cx,
    /// The pipeline's own table.
    pub pipeline: &'a PipelineTable,
    /// Its steps, in their order.
    pub steps: &'a [Planned<'a>],
    /// Where events go.
    pub events: &'a UnboundedSender<StepEvent>,
    /// Where progress is kept.
    pub recorder: &'a Recorder,
}

/// How a run ended.
pub struct Outcome {
    /// What was written down.
    pub run: RunRecord,
    /// The steps that failed, and why.
    pub failed: Vec<(String, PipelineError)>,
}

impl Run<'_> {
    /// Runs every step that waits, until all have ended or `interrupted` is ready.
    ///
    /// Remote work that goes on when it is interrupted is left alone: the next run joins it.
    pub async fn execute(&self, interrupted: impl Future<Output = ()>) -> Outcome {
        let mut failed = vec![];
        let is_interrupted = {
            let work = self.all(&mut failed);
            tokio::select! {
                () = work => false,
                () = interrupted => true,
            }
        };
        self.recorder
            .note(|run| {
                for step in run.steps.iter_mut().filter(|step| step.state == State::Running) {
                    step.state = State::Interrupted;
                }
                run.ended = Some(jiff::Timestamp::now());
                let has = |state| run.steps.iter().any(|step| step.state == state);
                run.state = match () {
                    () if is_interrupted => State::Interrupted,
                    () if has(State::Failed) => State::Failed,
                    () => State::Done,
                };
            })
            .await;
        Outcome { run: self.recorder.run().await, failed }
    }

    async fn all(&self, failed: &mut Vec<(String, PipelineError)>) {
        let facts = Mutex::new(self.recorder.run().await.facts);
        let mut flying = FuturesUnordered::new();
        let mut begun: BTreeSet<usize> = BTreeSet::new();
        loop {
            self.skip_the_lost().await;
            let run = self.recorder.run().await;
            for (at, planned) in self.steps.iter().enumerate() {
                let is_free = planned.needs.iter().all(|need| run.steps[*need].state.lets_on());
                if run.steps[at].state == State::Waiting && is_free && begun.insert(at) {
                    flying.push(self.one(at, planned.table, &facts));
                }
            }
            match flying.next().await {
                Some(Some(failure)) => failed.push(failure),
                Some(None) => {}
                None => break,
            }
        }
    }

    /// Marks what waits for something that failed.
    async fn skip_the_lost(&self) {
        let mut run = self.recorder.run().await;
        let mut lost = vec![];
        // Needs stand before their users in the list, so one pass sees all that follows from a failure.
        for (at, planned) in self.steps.iter().enumerate() {
            let is_lost = |need: &usize| matches!(run.steps[*need].state, State::Failed | State::Skipped);
            if run.steps[at].state == State::Waiting && planned.needs.iter().any(is_lost) {
                run.steps[at].state = State::Skipped;
                lost.push(at);
            }
        }
        if lost.is_empty() {
            return;
        }
        self.recorder.note(|run| lost.iter().for_each(|at| run.steps[*at].state = State::Skipped)).await;
        for at in lost {
            let name = &self.steps[at].table.name;
            let tally = Tally::default();
            let report = StepReport { name: name.clone(), state: State::Skipped, seconds: 0.0, tally, error: None };
            StepEvents::new(self.events, name).tell(Happening::Ended(report));
        }
    }

    /// Runs one step to its end; returns why it failed if that fails the run.
    async fn one(&self, at: usize, table: &StepTable, facts: &Mutex<Facts>) -> Option<(String, PipelineError)> {
        let events = StepEvents::new(self.events, &table.name);
        events.tell(Happening::Began);
        let since = Instant::now();
        let outcome = self.attempts(at, table, facts, &events).await;
        let (state, told) = match &outcome {
            Ok(tally) => (State::Done, Ok(tally.clone())),
            Err(error) => {
                let is_warning = table.severity == Severity::Warn;
                (if is_warning { State::Warned } else { State::Failed }, Err(error.to_string()))
            }
        };
        self.recorder.ended(at, state, told.clone(), &*facts.lock().await).await;
        let (tally, error) = (told.clone().unwrap_or_default(), told.err());
        let report =
            StepReport { name: table.name.clone(), state, seconds: since.elapsed().as_secs_f64(), tally, error };
        events.tell(Happening::Ended(report));
        let error = outcome.err()?;
        if state == State::Warned {
            tracing::warn!(step = table.name, error = %Diagnostic::from_error(&error).message, "a check failed");
            return None;
        }
        Some((table.name.clone(), error))
    }

    async fn attempts(
        &self,
        at: usize,
        table: &StepTable,
        facts: &Mutex<Facts>,
        events: &StepEvents,
    ) -> Result<Tally, PipelineError> {
        let Some(step) = table.step() else { return Ok(Tally::default()) };
        let cx = StepCx {
            cx: self.cx,
            stack: self.stack,
            pipeline: self.pipeline,
            data: &self.recorder.run().await.data,
            events: events.clone(),
            facts,
            memory: Memory::new(self.recorder, at),
        };
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        let mut left = table.retries();
        loop {
            self.recorder.began(at).await;
            match step.run(&cx).await.and_then(|tally| balanced(&table.name, tally)) {
                Err(error) if left > 0 && error.may_pass() => {
                    left -= 1;
                    events.tell(Happening::Again { why: error.to_string() });
                    backoff.sleep().await;
                }
                outcome => return outcome,
            }
        }
    }
}

/// rows in = rows out + rejected, at every step that counts.
fn balanced(step: &str, tally: Tally) -> Result<Tally, PipelineError> {
    match (tally.rows_in, tally.rows_out) {
        (Some(rows_in), Some(rows_out)) if rows_in != rows_out + tally.rejected => {
            Err(PipelineError::Lost { step: step.to_owned(), rows_in, rows_out, rejected: tally.rejected })
        }
        _ => Ok(tally),
    }
}
