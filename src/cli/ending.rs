//! How a command ends that leaves something running: with one line that says what it costs and how to stop it.

use jiff::tz::TimeZone;

use super::session::{Session, one};
use crate::apply::Look;
use crate::billing::{self, Meter};
use crate::diag::Diagnostic;
use crate::plan::Observed;
use crate::ui::{Ui, running_line};

/// Looks once more, and tells what is left running.
pub(super) async fn tell_running(ui: Ui, session: &mut Session) -> Result<(), Vec<Diagnostic>> {
    let observed = session.observe(Look::Batched).await?;
    tell_running_of(ui, session, &observed).await;
    Ok(())
}

/// Tells what is left running, as it was observed a moment ago.
pub(super) async fn tell_running_of(ui: Ui, session: &Session, observed: &Observed) {
    let (rate, _) = session.rates(observed);
    let meter = Meter::read(&session.stack, &session.cx, observed, &rate).await;
    if let Some(line) = running_line(&meter, &rate, &TimeZone::system()) {
        ui.note(&line);
    }
}

/// Pushes on the moment at which the servers stop by themselves, if the stack file has one: they are in use.
pub(super) async fn push_on(session: &Session, observed: &Observed) -> Result<(), Vec<Diagnostic>> {
    billing::push_on(&session.stack, &session.cx, observed).await.map(drop).map_err(one)
}
