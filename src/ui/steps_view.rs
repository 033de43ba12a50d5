//! A pipeline run: a bar or a spinner for each step that goes on, a line for each that ended.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Ui, grouped};
use crate::pipeline::{Dataset, Facts, Happening, Load, Profile, RunRecord, State, StepEvent, StepReport};

/// Renders events until their sender is gone.
pub async fn follow_steps(ui: Ui, mut events: UnboundedReceiver<StepEvent>) {
    let bars = MultiProgress::new();
    let mut lines: BTreeMap<String, ProgressBar> = BTreeMap::new();
    let say = |text: String| {
        if ui.live {
            // A terminal that refuses the line still shows the bars.
            drop(bars.println(text));
        } else {
            ui.note(&text);
        }
    };
    while let Some(StepEvent { name, what }) = events.recv().await {
        match what {
            Happening::Began if ui.live => {
                let spinner = ProgressBar::new_spinner().with_style(style(SPINNER));
                let bar = bars.add(spinner);
                bar.set_message(name.clone());
                bar.enable_steady_tick(Duration::from_millis(120));
                lines.insert(name, bar);
            }
            Happening::Began => say(format!("  {name} ...")),
            Happening::Progress { done, total, text } => {
                if let Some(bar) = lines.get(&name) {
                    show(bar, done, total, &text);
                }
            }
            Happening::Again { why } => {
                let why = why.lines().next().unwrap_or_default();
                say(format!("! {name} is tried again: {why}"));
            }
            Happening::Ended(report) => {
                if let Some(bar) = lines.remove(&name) {
                    bar.finish_and_clear();
                }
                say(step_line(&report));
            }
        }
    }
    for bar in lines.into_values() {
        bar.finish_and_clear();
    }
}

const SPINNER: &str = "  {spinner} {msg} [{elapsed}] {prefix:.dim}";

fn show(bar: &ProgressBar, done: u64, total: u64, text: &str) {
    if total > 0 {
        bar.set_style(style("  {msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}"));
        bar.set_length(total);
        bar.set_position(done);
    } else if done > 0 {
        bar.set_style(style("  {spinner} {msg} {bytes} {bytes_per_sec}"));
        bar.set_position(done);
    } else {
        bar.set_style(style(SPINNER));
        bar.set_prefix(text.chars().take(80).collect::<String>());
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn step_line(report: &StepReport) -> String {
    let StepReport { name, state, seconds, tally, error } = report;
    let rows = match tally.rows_out {
        Some(rows) => format!("  {} rows, {} rejected", grouped(&rows.to_string()), tally.rejected),
        None => String::new(),
    };
    let why = error.as_deref().and_then(|error| error.lines().next()).unwrap_or_default();
    match state {
        State::Failed => format!("x {name} failed after {seconds:.1} s"),
        State::Warned => format!("! {name} failed after {seconds:.1} s, which is only a warning: {why}"),
        State::Skipped => format!("- {name} was not begun"),
        _ => format!("  {name:<30} {seconds:>7.1} s{rows}"),
    }
}

/// Returns how the run went in one line.
pub fn steps_text(run: &RunRecord) -> String {
    let done = run.steps.iter().filter(|step| step.state == State::Done).count();
    let seconds = run.seconds().map(|seconds| format!(" in {seconds:.1} s")).unwrap_or_default();
    let cost = run.usd().map(|usd| format!(", ${usd:.4}")).unwrap_or_default();
    format!("{done} steps{seconds}{cost}; run {}", run.id)
}

/// Returns the proof: the same figures at every hop.
pub fn profile_text(facts: &Facts) -> String {
    let mut text = String::new();
    for (dataset, profile) in &facts.profiles {
        let _ = writeln!(
            text,
            "{:<10} {:>9} rows  total {}",
            name(dataset),
            grouped(&profile.rows.to_string()),
            total(profile)
        );
    }
    let Some(last) = facts.profiles.values().next_back() else { return text };
    let counts = last.distinct.iter().map(|one| format!("{} {}", grouped(&one.count.to_string()), one.what));
    let _ = writeln!(text, "{}", counts.collect::<Vec<_>>().join(", "));
    if !facts.loads.is_empty() {
        let sum = |of: fn(&Load) -> u64| facts.loads.iter().map(of).sum::<u64>();
        let (rows_in, loaded, rejected) =
            (sum(|load| load.rows_in), sum(|load| load.loaded), sum(|load| load.rejected));
        let lost = rows_in.saturating_sub(loaded + rejected);
        let (rows_in, loaded) = (grouped(&rows_in.to_string()), grouped(&loaded.to_string()));
        let _ = writeln!(text, "{rows_in} rows in = {loaded} loaded + {rejected} rejected, {lost} lost");
    }
    for load in facts.loads.iter().filter(|load| load.rejected > 0) {
        if let Some(uri) = &load.rejects_uri {
            let _ = writeln!(text, "rejected rows, with line and reason: {uri}");
        }
    }
    text
}

fn name(dataset: &Dataset) -> String {
    dataset.to_string()
}

fn total(profile: &Profile) -> String {
    grouped(&profile.total.to_string())
}
