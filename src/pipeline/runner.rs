//! Runs the steps: each as soon as what it needs has ended, again where that may help, and writes down how it went.

use std::time::Duration;

use futures::future::FutureExt;
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::event::{Happening, StepReport};
use super::record::{Memory, Recorder, RunRecord, State};
use super::step::{StepCx, Tally};
use super::step_table::{Severity, StepTable};
use super::{Facts, PipelineError, PipelineTable, Planned, StepEvent, StepEvents};
use crate::billing::Prices;
use crate::diag::Diagnostic;
use crate::kinds::base::Cx;
use crate::logs::{self, Failed};
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
    /// What is billed by use costs so much.
    pub prices: &'a Prices,
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
                run.ended = Some(Timestamp::now());
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

    /// The record is never waited for here, only inside of the steps: one that is not polled may hold it.
    async fn all(&self, failed: &mut Vec<(String, PipelineError)>) {
        let run = self.recorder.run().await;
        let facts = Mutex::new(run.facts);
        let mut states: Vec<State> = run.steps.iter().map(|step| step.state).collect();
        let mut flying = FuturesUnordered::new();
        loop {
            // Needs stand before their users in the list, so one pass sees all that follows from a failure.
            for (at, planned) in self.steps.iter().enumerate() {
                if states[at] != State::Waiting {
                    continue;
                }
                let is_lost = |need: &usize| matches!(states[*need], State::Failed | State::Skipped);
                if planned.needs.iter().any(is_lost) {
                    states[at] = State::Skipped;
                    flying.push(self.skip(at).left_future());
                } else if planned.needs.iter().all(|need| states[*need].lets_on()) {
                    states[at] = State::Running;
                    flying.push(self.one(at, planned.table, &facts).right_future());
                }
            }
            let Some((at, state, failure)) = flying.next().await else { break };
            states[at] = state;
            failed.extend(failure.map(|error| (self.steps[at].table.name.clone(), error)));
        }
    }

    /// Marks a step that waits for something that failed.
    async fn skip(&self, at: usize) -> (usize, State, Option<PipelineError>) {
        self.recorder.note(|run| run.steps[at].state = State::Skipped).await;
        let name = &self.steps[at].table.name;
        let tally = Tally::default();
        let report = StepReport { name: name.clone(), state: State::Skipped, seconds: 0.0, tally, error: None };
        StepEvents::new(self.events, name).tell(Happening::Ended(report));
        (at, State::Skipped, None)
    }

    /// Runs one step to its end; returns why it failed if that fails the run.
    async fn one(&self, at: usize, table: &StepTable, facts: &Mutex<Facts>) -> (usize, State, Option<PipelineError>) {
        let events = StepEvents::new(self.events, &table.name);
        events.tell(Happening::Began);
        let since = Instant::now();
        let begun = Timestamp::now();
        let outcome = match self.attempts(at, table, facts, &events).await {
            Err(error) => Err(self.explained(error, begun).await),
            outcome => outcome,
        };
        let (state, told) = match &outcome {
            Ok(tally) => (State::Done, Ok(tally.clone())),
            Err(error) => {
                let is_warning = table.severity == Severity::Warn;
                (if is_warning { State::Warned } else { State::Failed }, Err(error.told()))
            }
        };
        let found = facts.lock().await.clone();
        self.recorder.ended(at, state, told.clone(), found).await;
        let (tally, error) = (told.clone().unwrap_or_default(), told.err());
        let report =
            StepReport { name: table.name.clone(), state, seconds: since.elapsed().as_secs_f64(), tally, error };
        events.tell(Happening::Ended(report));
        let failure = outcome.err();
        if let (State::Warned, Some(error)) = (state, &failure) {
            tracing::warn!(step = table.name, error = %Diagnostic::from_error(error).message, "a check failed");
            return (at, state, None);
        }
        (at, state, failure)
    }

    /// Adds what the log of a failure says of it. A log that cannot be read takes nothing away.
    async fn explained(&self, error: PipelineError, since: Timestamp) -> PipelineError {
        let Some((group, stream)) = error.log().map(|log| log.split_once(':').unwrap_or((log, ""))) else {
            return error;
        };
        let failed = match group {
            group if group.starts_with("/aws-glue/jobs") => Failed::JobRun(stream),
            "/aws-glue/crawlers" => Failed::Crawler(stream),
            group => Failed::Function(group),
        };
        match logs::failure(&self.cx.aws, failed, since).await {
            Ok(lines) if !lines.is_empty() => PipelineError::Explained { failure: Box::new(error), lines },
            Ok(_) => error,
            Err(unread) => {
                tracing::info!(error = %unread, group, "the log cannot be read");
                error
            }
        }
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
            prices: self.prices,
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
