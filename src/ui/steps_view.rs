//! A pipeline run: a bar or a spinner for the step that goes on, a line for each that ended.

use std::fmt::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Ui, grouped};
use crate::pipeline::{Dataset, Facts, Profile, StepEvent, StepReport};

/// Renders events until their sender is gone.
pub async fn follow_steps(ui: Ui, mut events: UnboundedReceiver<StepEvent>) {
    let mut bar: Option<ProgressBar> = None;
    while let Some(event) = events.recv().await {
        match event {
            StepEvent::Began { name } if ui.live => {
                let spinner =
                    ProgressBar::new_spinner().with_style(style("  {spinner} {msg} [{elapsed}] {prefix:.dim}"));
                spinner.set_message(name);
                spinner.enable_steady_tick(Duration::from_millis(120));
                bar = Some(spinner);
            }
            StepEvent::Began { name } => ui.note(&format!("  {name} ...")),
            StepEvent::Progress { done, total, text } => {
                if let Some(bar) = &bar {
                    show(bar, done, total, &text);
                }
            }
            StepEvent::Done(report) => {
                clear(&mut bar);
                ui.note(&step_line(&report));
            }
            StepEvent::Failed { name } => {
                clear(&mut bar);
                ui.note(&format!("x {name} failed"));
            }
        }
    }
    clear(&mut bar);
}

fn show(bar: &ProgressBar, done: u64, total: u64, text: &str) {
    if total > 0 {
        bar.set_style(style("  {msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}"));
        bar.set_length(total);
        bar.set_position(done);
    } else if done > 0 {
        bar.set_style(style("  {spinner} {msg} {bytes} {bytes_per_sec}"));
        bar.set_position(done);
    } else {
        bar.set_prefix(text.chars().take(80).collect::<String>());
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn clear(bar: &mut Option<ProgressBar>) {
    if let Some(bar) = bar.take() {
        bar.finish_and_clear();
    }
}

fn step_line(report: &StepReport) -> String {
    let rows = match report.tally.rows_out {
        Some(rows) => format!("  {} rows, {} rejected", grouped(&rows.to_string()), report.tally.rejected),
        None => String::new(),
    };
    format!("  {:<30} {:>7.1} s{rows}", report.name, report.seconds)
}

/// Returns the time of the whole run.
pub fn steps_text(steps: &[StepReport]) -> String {
    let seconds: f64 = steps.iter().map(|step| step.seconds).sum();
    format!("{} steps in {seconds:.1} s", steps.len())
}

/// Returns the proof: the same figures at every hop.
pub fn profile_text(facts: &Facts) -> String {
    let mut text = String::new();
    for (dataset, profile) in &facts.profiles {
        let _ = writeln!(
            text,
            "{:<10} {:>9} rows  total {}",
            name(*dataset),
            grouped(&profile.rows.to_string()),
            total(profile)
        );
    }
    let Some(last) = facts.profiles.values().next_back() else { return text };
    let counts = last.distinct.iter().map(|one| format!("{} {}", grouped(&one.count.to_string()), one.what));
    let _ = writeln!(text, "{}", counts.collect::<Vec<_>>().join(", "));
    if let Some(load) = &facts.load {
        let lost = load.rows_in - load.loaded - load.rejected;
        let (rows_in, loaded) = (grouped(&load.rows_in.to_string()), grouped(&load.loaded.to_string()));
        let _ = writeln!(text, "{rows_in} rows in = {loaded} loaded + {} rejected, {lost} lost", load.rejected);
        if let Some(uri) = load.rejects_uri.as_ref().filter(|_| load.rejected > 0) {
            let _ = writeln!(text, "rejected rows, with line and reason: {uri}");
        }
    }
    text
}

fn name(dataset: Dataset) -> String {
    dataset.to_string()
}

fn total(profile: &Profile) -> String {
    grouped(&profile.total.to_string())
}
