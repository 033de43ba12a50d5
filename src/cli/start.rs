//! `stack start`.

use super::args::Global;
use super::ending::{push_on, tell_running_of};
use super::lock::Lock;
use super::session::{Session, ask};
use super::turn::turn;
use super::{Exit, Outcome};
use crate::apply::{Look, Switch};
use crate::plan::Observed;
use crate::ui::{Ui, money_line};

/// Starts everything that `down` stopped, and waits until it runs.
pub(super) async fn run(ui: Ui, global: &Global) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    let observed = session.observe(Look::Batched).await?;
    let (before, _) = session.rates(&observed);
    let question = format!("{}: start? It costs {} while it runs", session.place(), money_line(before.running()));
    if !ask(global, &question)? {
        return Ok(Exit::Failed);
    }
    let lock = Lock::take(&session, "start").await?;
    let outcome = locked(ui, &mut session, &observed).await;
    lock.release().await;
    outcome
}

async fn locked(ui: Ui, session: &mut Session, observed: &Observed) -> Outcome {
    // Before anything runs: a schedule whose time has come would stop it again at once.
    push_on(session, observed).await?;
    let turned = turn(ui, session, observed, Switch::On).await?;
    turned.tell(ui);
    tell_running_of(ui, session, &turned.observed).await;
    Ok(turned.exit)
}
