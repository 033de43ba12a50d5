//! The runs of a pipeline, and what one is expected to take.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::grouped;
use crate::pipeline::{Forecast, RunRecord, State, StepRecord};

/// Returns one line a run.
pub fn runs_text(runs: &[RunRecord]) -> String {
    let mut text = format!("{:<22} {:<17} {:<12} {:>8} {:>10}  by\n", "run", "began", "state", "seconds", "cost");
    for run in runs {
        let _ = writeln!(
            text,
            "{:<22} {:<17} {:<12} {:>8} {:>10}  {}",
            run.id,
            local(run.began),
            state(run.state),
            seconds(run.seconds()),
            dollars(run.usd()),
            run.by
        );
    }
    text
}

/// Returns one run, step by step.
pub fn run_text(run: &RunRecord) -> String {
    let mut text = format!("run {} of `{}`: {}\n", run.id, run.stack, state(run.state));
    let took = run.seconds().map(|seconds| format!(", took {seconds:.1} s")).unwrap_or_default();
    let resumed = if run.resumed > 0 { format!(", taken up again {} times", run.resumed) } else { String::new() };
    let _ = writeln!(text, "began {} by {}{took}{resumed}", local(run.began), run.by);
    for path in &run.data {
        let _ = writeln!(text, "data: {}", path.display());
    }
    let _ = writeln!(
        text,
        "{:<30} {:<12} {:<17} {:>8} {:>11} {:>11} {:>8} {:>12} {:>9}",
        "step", "state", "began", "seconds", "rows in", "rows out", "rejected", "bytes", "cost"
    );
    for step in &run.steps {
        let _ = writeln!(text, "{}", step_line(step));
        if let Some(error) = &step.error {
            for line in error.lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
        if let Some(log) = &step.tally.log {
            let _ = writeln!(text, "    log: {log}");
        }
    }
    text
}

fn step_line(step: &StepRecord) -> String {
    let number = |number: Option<u64>| number.map(|number| grouped(&number.to_string())).unwrap_or_default();
    let line = format!(
        "{:<30} {:<12} {:<17} {:>8} {:>11} {:>11} {:>8} {:>12} {:>9}",
        step.name,
        state(step.state),
        step.began.map(local).unwrap_or_default(),
        seconds(step.seconds()),
        number(step.tally.rows_in),
        number(step.tally.rows_out),
        number(step.tally.rows_out.map(|_| step.tally.rejected)),
        number(step.tally.bytes),
        dollars(step.tally.usd)
    );
    line.trim_end().to_owned()
}

/// Returns the order of the steps with what each is expected to take.
pub fn forecast_text(forecast: &Forecast) -> String {
    let mut text = String::new();
    for step in &forecast.steps {
        let after = if step.after.is_empty() { String::new() } else { format!("  after {}", step.after.join(", ")) };
        let left_out = if step.is_left_out { "  (left out)" } else { "" };
        let _ = writeln!(
            text,
            "{:>3}  {:<30} {:<8} {:>9} {:>9}{after}{left_out}",
            step.number,
            step.name,
            step.kind,
            step.seconds.map(|seconds| format!("~{seconds:.1} s")).unwrap_or_default(),
            step.usd.map(|usd| format!("${usd:.4}")).unwrap_or_default(),
        );
    }
    let runs = match forecast.runs {
        0 => "no earlier run tells how long it takes".to_owned(),
        1 => "as the last run".to_owned(),
        runs => format!("as the last {runs} runs"),
    };
    let time = forecast.seconds.map(|seconds| format!("about {seconds:.0} s, ")).unwrap_or_default();
    let cost = forecast.usd.map_or("cost unknown".to_owned(), |usd| format!("about ${usd:.4}"));
    let _ = writeln!(text, "expected: {time}{cost} ({runs}); nothing was begun");
    text
}

/// Returns runs as JSON.
pub fn runs_json(runs: &[RunRecord]) -> Value {
    json!({ "version": 1, "runs": runs.iter().map(run_json).collect::<Vec<_>>() })
}

/// Returns one run as JSON.
pub fn run_json(run: &RunRecord) -> Value {
    let step = |step: &StepRecord| {
        json!({
            "name": step.name, "kind": step.kind, "state": step.state, "attempts": step.attempts,
            "began": step.began, "ended": step.ended, "seconds": step.seconds(), "rows_in": step.tally.rows_in,
            "rows_out": step.tally.rows_out, "rejected": step.tally.rejected, "bytes": step.tally.bytes,
            "usd": step.tally.usd, "log": step.tally.log, "error": step.error,
        })
    };
    json!({
        "id": run.id, "stack": run.stack, "by": run.by, "began": run.began, "ended": run.ended, "state": run.state,
        "seconds": run.seconds(), "usd": run.usd(), "resumed": run.resumed, "data": run.data,
        "steps": run.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

fn local(moment: Timestamp) -> String {
    moment.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

fn seconds(seconds: Option<f64>) -> String {
    seconds.map(|seconds| format!("{seconds:.1}")).unwrap_or_default()
}

fn dollars(usd: Option<f64>) -> String {
    usd.map(|usd| format!("${usd:.4}")).unwrap_or_default()
}

fn state(state: State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Running => "running",
        State::Done => "done",
        State::Failed => "failed",
        State::Warned => "warned",
        State::Skipped => "not begun",
        State::LeftOut => "left out",
        State::Interrupted => "interrupted",
    }
}
