//! `stack status`.

use super::args::Global;
use super::session::Session;
use super::{Exit, Outcome};
use crate::apply::Look;
use crate::kinds::base::Resource;
use crate::model::Readiness;
use crate::plan::Observed;
use crate::ui::{StatusLine, Ui, status_json, status_text};

/// Shows what exists, whether it runs and what it costs.
pub(super) async fn run(ui: Ui, global: &Global) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    let observed = session.observe(Look::Batched).await?;
    let (rate, _) = session.rates(&observed);
    let lines: Vec<StatusLine> = session.stack.resources.iter().map(|resource| line(resource, &observed)).collect();
    if ui.json {
        ui.json_data(&status_json(&lines, &rate));
    } else {
        ui.note(&session.place());
        ui.data(&status_text(&lines, &rate));
    }
    Ok(Exit::Done)
}

fn line(resource: &Resource, observed: &Observed) -> StatusLine {
    let address = resource.address.clone();
    if observed.foreign.contains_key(&address) {
        let name = resource.identity().unwrap_or_default();
        return StatusLine { address, name, state: "foreign".into(), power: None };
    }
    let Some(found) = observed.ours.get(&address) else {
        return StatusLine { address, name: String::new(), state: "absent".into(), power: None };
    };
    let state = match &found.readiness {
        Readiness::Ready => "ready".to_owned(),
        Readiness::Pending(status) => status.clone(),
        Readiness::Failed(why) => why.clone(),
    };
    StatusLine { address, name: found.name.clone(), state, power: found.power }
}
