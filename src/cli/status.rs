//! `stack status`.

use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;

use super::args::Global;
use super::session::Session;
use super::stop::interrupted;
use super::{Exit, Outcome};
use crate::apply::Look;
use crate::billing::{Meter, Rate};
use crate::diag::Diagnostic;
use crate::kinds::base::Resource;
use crate::model::Readiness;
use crate::plan::Observed;
use crate::ui::{Redraw, StatusLine, Ui, meter_text, status_json, status_text};

/// How often `--watch` asks AWS again.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// How often a terminal shows the meter anew.
const COUNT_UP: Duration = Duration::from_secs(1);

/// Options of `stack status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Show what is billed by the hour and count up, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

/// Shows what exists, whether it runs, since when, and what it costs.
pub(super) async fn run(ui: Ui, global: &Global, args: &StatusArgs) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    if args.watch {
        ui.note(&session.place());
        return tokio::select! {
            outcome = watch(ui, &mut session) => outcome,
            () = interrupted() => Ok(Exit::Done),
        };
    }
    let (observed, rate, meter) = look(&mut session).await?;
    let lines: Vec<StatusLine> = session.stack.resources.iter().map(|resource| line(resource, &observed)).collect();
    if ui.json {
        ui.json_data(&status_json(&lines, &rate, &meter));
    } else {
        ui.note(&session.place());
        ui.data(&status_text(&lines, &rate, &meter, &TimeZone::system()));
    }
    Ok(Exit::Done)
}

async fn look(session: &mut Session) -> Result<(Observed, Rate, Meter), Vec<Diagnostic>> {
    let observed = session.observe(Look::Batched).await?;
    let (rate, _) = session.rates(&observed);
    let meter = Meter::read(&session.stack, &session.cx, &observed, &rate).await;
    Ok((observed, rate, meter))
}

/// Shows the meter again and again; on a terminal every second, elsewhere whenever AWS was asked.
async fn watch(ui: Ui, session: &mut Session) -> Outcome {
    let zone = TimeZone::system();
    let mut screen = Redraw::new(ui);
    loop {
        let (observed, rate, meter) = look(session).await?;
        let asked = tokio::time::Instant::now();
        loop {
            let shown = if ui.json {
                let lines: Vec<_> = session.stack.resources.iter().map(|resource| line(resource, &observed)).collect();
                ui.stream(&status_json(&lines, &rate, &meter).to_string())
            } else {
                screen.show(&meter_text(&rate, &meter, session.cx.aws.clock.now(), &zone))
            };
            if shown.is_err() {
                return Ok(Exit::Done);
            }
            let pause = if screen.is_live() { COUNT_UP } else { ASK_AGAIN };
            tokio::time::sleep(pause).await;
            if asked.elapsed() >= ASK_AGAIN {
                break;
            }
        }
    }
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
