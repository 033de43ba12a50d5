//! A plan being carried out: live lines on a terminal, one line a change elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::sync::mpsc::UnboundedReceiver;

use super::Ui;
use crate::apply::Event;
use crate::model::{Action, Address};

/// Renders events until their sender is gone.
pub async fn follow_apply(ui: Ui, mut events: UnboundedReceiver<Event>, verb: Option<&'static str>) {
    let bars = MultiProgress::new();
    let mut lines: BTreeMap<Address, ProgressBar> = BTreeMap::new();
    let mut waiting: BTreeMap<Address, String> = BTreeMap::new();
    let say = |text: String| {
        if ui.live {
            // A terminal that refuses the line still shows the bars.
            drop(bars.println(text));
        } else {
            ui.note(&text);
        }
    };
    while let Some(event) = events.recv().await {
        match event {
            Event::Began { address, action } if ui.live => {
                let bar = bars.add(ProgressBar::new_spinner().with_style(spinner()));
                bar.set_message(format!("{} {address}", verb.unwrap_or(doing(action))));
                bar.enable_steady_tick(Duration::from_millis(120));
                lines.insert(address, bar);
            }
            Event::Began { .. } => {}
            Event::Waiting { address, status } => {
                let status = first_line(&status);
                if let Some(bar) = lines.get(&address) {
                    bar.set_prefix(status);
                } else if waiting.get(&address) != Some(&status) {
                    // Off a terminal a long wait is told once a status, so that nobody takes it for a standstill.
                    say(format!("  {address} waits: {status}"));
                    waiting.insert(address, status);
                }
            }
            Event::Done { address, action, took } => {
                if let Some(bar) = lines.remove(&address) {
                    bar.finish_and_clear();
                }
                let done = verb.map_or(done(action).to_owned(), past);
                say(format!("{} {address} {done} in {:.1} s", action.sign(), took.as_secs_f64()));
            }
            Event::Interrupted => {
                say("interrupted: finishing the calls in flight; Ctrl-C again ends at once".to_owned())
            }
            Event::Failed { address, action, is_unknown } => {
                if let Some(bar) = lines.remove(&address) {
                    bar.finish_and_clear();
                }
                let end = if is_unknown { "left on its way" } else { "failed" };
                say(format!("{} {address} {end}", action.sign()));
            }
        }
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("  {spinner} {msg} [{elapsed}] {prefix:.dim}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(80).collect()
}

fn doing(action: Action) -> &'static str {
    match action {
        Action::Create => "creating",
        Action::Update => "changing",
        Action::Replace => "replacing",
        Action::Delete => "deleting",
        Action::Adopt => "adopting",
        Action::Start => "starting",
        Action::Stop => "stopping",
        Action::None => "reading",
    }
}

fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "changed",
        Action::Replace => "replaced",
        Action::Delete => "deleted",
        Action::Adopt => "adopted",
        Action::Start => "started",
        Action::Stop => "stopped",
        Action::None => "read",
    }
}

fn past(verb: &'static str) -> String {
    if verb == "stopping" { "stopped".to_owned() } else { "started".to_owned() }
}
