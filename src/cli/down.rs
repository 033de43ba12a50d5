//! `stack down`: stops what is billed, and proves it.

use futures::future::try_join_all;
use jiff::tz::TimeZone;

use super::args::Global;
use super::ending::tell_running_of;
use super::session::{Session, one};
use super::turn::{Turned, turn};
use super::{Exit, Outcome};
use crate::apply::{Look, Switch};
use crate::billing::Meter;
use crate::diag::Diagnostic;
use crate::kinds::base::{KindError, Resource};
use crate::model::{Address, Backup, Power, Readiness};
use crate::plan::Observed;
use crate::ui::{Proof, Ui, proof_json, proof_text};

/// Stops everything that can be stopped, waits until it is so, and tells what is still billed and until when.
///
/// It asks nothing and takes no lease: stopping is what a person must never be kept from, and two who stop the same do
/// no harm.
pub(super) async fn run(ui: Ui, global: &Global) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    let observed = session.observe(Look::Batched).await?;
    for resource in stoppable(&session) {
        tell_before(ui, resource, &observed);
    }
    let turned = turn(ui, &mut session, &observed, Switch::Off).await?;
    let proof = prove(&session, &turned).await?;
    if ui.json {
        let mut value = turned.json();
        value["still_billed"] = proof_json(&proof);
        ui.json_data(&value);
    } else {
        ui.data(&proof_text(&proof, &TimeZone::system()));
    }
    if turned.exit != Exit::Done {
        tell_running_of(ui, &session, &turned.observed).await;
    }
    Ok(turned.exit)
}

/// Returns what of the stack is billed only while it runs.
fn stoppable(session: &Session) -> impl Iterator<Item = &Resource> {
    let resources = session.stack.resources.iter();
    resources.filter(|resource| resource.kind.can_stop())
}

/// Tells what there is nothing to do for, and what must be waited for.
fn tell_before(ui: Ui, resource: &Resource, observed: &Observed) {
    let address = &resource.address;
    match observed.ours.get(address).map(|found| (found.power, &found.readiness)) {
        _ if observed.foreign.contains_key(address) => {
            ui.note(&format!("`{address}` is not of this stack and stays as it is"));
        }
        // It has another name than the file says, and is stopped under that.
        None if observed.orphans.iter().any(|orphan| orphan.address == *address) => {}
        None => ui.note(&format!("`{address}` does not exist: nothing to stop")),
        Some((Some(Power::Stopped), _)) => ui.note(&format!("`{address}` is stopped already")),
        Some((_, Readiness::Pending(status))) => {
            ui.note(&format!("`{address}` is {status}: it is stopped as soon as AWS takes that"));
        }
        Some(_) => {}
    }
}

async fn prove(session: &Session, turned: &Turned) -> Result<Proof, Vec<Diagnostic>> {
    let meter = Meter::read(&session.stack, &session.cx, &turned.observed, &turned.after).await;
    let of = |resource: &'_ Resource| {
        let found = turned.observed.ours.get(&resource.address).cloned();
        let (kind, address) = (resource.kind, resource.address.clone());
        async move {
            let backups = match &found {
                Some(found) => kind.backups(&session.cx, found).await?,
                None => vec![],
            };
            Ok::<_, KindError>(backups.into_iter().map(|backup| (address.clone(), backup)).collect::<Vec<_>>())
        }
    };
    let listings: Vec<Vec<(Address, Backup)>> = try_join_all(stoppable(session).map(of)).await.map_err(one)?;
    let backups = listings.into_iter().flatten().collect();
    Ok(Proof { before: turned.before.clone(), after: turned.after.clone(), meter, backups })
}
