//! `stack down` and `stack start`.

use jiff::{ToSpan, Zoned};
use serde_json::json;

use super::args::Global;
use super::lock::Lock;
use super::session::{Session, ask, events};
use super::up::finish;
use super::{Exit, Outcome};
use crate::apply::{self, Look, Switch};
use crate::plan::Observed;
use crate::ui::{Ui, follow_apply, money_line};

/// Stops or starts everything that can be, and waits until it is so.
pub(super) async fn run(ui: Ui, global: &Global, way: Switch) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    let observed = session.observe(Look::Batched).await?;
    let (before, _) = session.rates(&observed);
    let question = match way {
        Switch::On => format!("{}: start? It costs {} while it runs", session.place(), money_line(before.running())),
        Switch::Off => String::new(),
    };
    // Stopping needs no question: it is what a person must never be kept from.
    if way == Switch::On && !ask(global, &question)? {
        return Ok(Exit::Failed);
    }
    // Two who stop the same do no harm, so nobody's lease stands in the way of it.
    let lock = match way {
        Switch::On => Some(Lock::take(&session, "start").await?),
        Switch::Off => None,
    };
    let outcome = turn(ui, &mut session, &observed, way).await;
    if let Some(lock) = lock {
        lock.release().await;
    }
    outcome
}

async fn turn(ui: Ui, session: &mut Session, observed: &Observed, way: Switch) -> Outcome {
    let (before, _) = session.rates(observed);
    let verb = if way == Switch::On { "starting" } else { "stopping" };
    let (sender, receiver) = events();
    let view = tokio::spawn(follow_apply(ui, receiver, Some(verb)));
    let summary = apply::switch(&session.stack, &session.cx, observed, way, &sender).await;
    drop(sender);
    drop(view.await);
    let exit = finish(ui, &summary);
    let observed = session.observe(Look::Batched).await?;
    let (after, _) = session.rates(&observed);
    if ui.json {
        let usd = json!({ "before": before.now().0, "now": after.now().0 });
        ui.json_data(&json!({ "version": 1, "usd_per_hour": usd, "done": exit == Exit::Done }));
    } else {
        ui.data(&format!("{} before, {} now", money_line(before.now()), money_line(after.now())));
    }
    if way == Switch::Off {
        for line in after.lines.iter().filter(|line| line.stopped.is_none_or(|usd| usd > 0.0)) {
            let cost = line.stopped.map_or("at an unknown price".to_owned(), |usd| format!("${usd:.4}/h"));
            ui.note(&format!("still billed: `{}` {cost}", line.address));
        }
        let has_mysql = after.lines.iter().any(|line| line.address.kind == "mysql");
        if has_mysql {
            // AWS stops an instance for at most seven days.
            let date = Zoned::now().saturating_add(7.days()).strftime("%A, %-d %B %Y, %H:%M %Z");
            ui.note(&format!(
                "RDS starts a stopped instance by itself after 7 days, on {date}; run `stack down` again then"
            ));
        }
    }
    Ok(exit)
}
