//! Runs the steps, one after the other, and checks that no row is lost.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::step::{StepCx, Tally};
use super::{Facts, PipelineError, PipelineTable, StepEvent, StepEvents, StepReport};
use crate::kinds::base::Cx;
use crate::spec::Stack;

/// How a run ended.
pub struct Outcome {
    /// The steps that ended well.
    pub steps: Vec<StepReport>,
    /// What was found out.
    pub facts: Facts,
    /// The step that failed, and why.
    pub failed: Option<(String, PipelineError)>,
}

/// Runs every step of `pipeline` on `data`.
pub async fn run(
    stack: &Stack,
    cx: &Cx,
    pipeline: &PipelineTable,
    data: Option<PathBuf>,
    events: &StepEvents,
) -> Outcome {
    let facts = Arc::new(Mutex::new(Facts::default()));
    let step_cx = StepCx { cx, stack, pipeline, data, events, facts: &facts };
    let mut steps = vec![];
    let mut failed = None;
    for table in pipeline.ordered() {
        let Some(step) = table.step() else { continue };
        events.tell(StepEvent::Began { name: table.name.clone() });
        let since = Instant::now();
        let outcome = step.run(&step_cx).await.and_then(|tally| balanced(&table.name, tally));
        match outcome {
            Ok(tally) => {
                let report = StepReport::new(&table.name, since.elapsed(), tally);
                events.tell(StepEvent::Done(report.clone()));
                steps.push(report);
            }
            Err(error) => {
                events.tell(StepEvent::Failed { name: table.name.clone() });
                failed = Some((table.name.clone(), error));
                break;
            }
        }
    }
    let facts = std::mem::take(&mut *facts.lock().await);
    Outcome { steps, facts, failed }
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
