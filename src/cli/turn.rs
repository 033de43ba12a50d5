//! Starting and stopping, with a view of its progress and the price before and after.

use serde_json::{Value, json};

use super::Exit;
use super::session::{Session, events};
use super::stop::interrupted;
use super::up::finish;
use crate::apply::{self, Look, Switch};
use crate::billing::Rate;
use crate::diag::Diagnostic;
use crate::plan::Observed;
use crate::ui::{Ui, change_line, follow_apply};

/// How a start or a stop ended.
pub(super) struct Turned {
    /// What the stack cost before.
    pub before: Rate,
    /// What it costs now.
    pub after: Rate,
    /// The world as it is now.
    pub observed: Observed,
    /// Whether all of it worked.
    pub exit: Exit,
}

/// Brings what is in `observed` to one side, waits until it is there, and looks again.
pub(super) async fn turn(
    ui: Ui,
    session: &mut Session,
    observed: &Observed,
    way: Switch,
) -> Result<Turned, Vec<Diagnostic>> {
    let (before, _) = session.rates(observed);
    let verb = if way == Switch::On { "starting" } else { "stopping" };
    let (sender, receiver) = events();
    let view = tokio::spawn(follow_apply(ui, receiver, Some(verb)));
    let turned = tokio::select! {
        summary = apply::switch(&session.stack, &session.cx, observed, way, &sender) => Some(summary),
        () = interrupted() => None,
    };
    drop(sender);
    drop(view.await);
    let exit = match turned {
        // What was turned has been said line by line.
        Some(summary) if summary.is_complete() => Exit::Done,
        Some(summary) => finish(ui, &summary),
        None => {
            ui.note("interrupted: what AWS was told already goes on by itself; `stack status` shows how far it is");
            Exit::Interrupted
        }
    };
    let observed = session.observe(Look::Batched).await?;
    let (after, _) = session.rates(&observed);
    Ok(Turned { before, after, observed, exit })
}

impl Turned {
    /// Returns what it cost and what it costs, as JSON.
    pub(super) fn json(&self) -> Value {
        let usd = json!({ "before": self.before.now().0, "now": self.after.now().0 });
        json!({ "version": 1, "usd_per_hour": usd, "done": self.exit == Exit::Done })
    }

    /// Tells what it cost and what it costs.
    pub(super) fn tell(&self, ui: Ui) {
        ui.answer(&change_line(self.before.now(), self.after.now()), &self.json());
    }
}
