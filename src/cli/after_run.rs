//! What becomes of the servers at the end of `stack run-pipeline`.

use super::args::Global;
use super::ending::tell_running_of;
use super::session::Session;
use super::turn::turn;
use crate::apply::{Look, Switch};
use crate::billing::{AfterRun, Billing, Line};
use crate::diag::Diagnostic;
use crate::model::Address;
use crate::plan::Observed;
use crate::ui::{Ui, change_line, choose, hourly, is_interactive};

/// What the person said on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// `--then-down`.
    Stop,
    /// `--keep-running`.
    Keep,
    /// Nothing.
    Nothing,
}

/// Tells what is still running and what it costs, and stops what the person chooses.
pub(super) async fn settle(ui: Ui, session: &mut Session, global: &Global, said: Said) -> Result<(), Vec<Diagnostic>> {
    let mut observed = session.observe(Look::Batched).await?;
    let (rate, _) = session.rates(&observed);
    let running: Vec<&Line> = rate.lines.iter().filter(|line| line.is_running()).collect();
    if running.is_empty() {
        return Ok(());
    }
    let stopped = chosen(session, global, said, &running);
    if !stopped.is_empty() {
        let meant = only(&observed, &stopped);
        let turned = turn(ui, session, &meant, Switch::Off).await?;
        ui.note(&change_line(rate.now(), turned.after.now()));
        observed = turned.observed;
    }
    tell_running_of(ui, session, &observed).await;
    Ok(())
}

/// Returns what is to be stopped. Where nobody can be asked the stack file decides.
fn chosen(session: &Session, global: &Global, said: Said, running: &[&Line]) -> Vec<Address> {
    let all = || running.iter().map(|line| line.address.clone()).collect();
    let declared = session.stack.declared.get::<Billing>("billing").and_then(|billing| billing.after_run);
    match said {
        Said::Stop => all(),
        Said::Keep => vec![],
        Said::Nothing if !global.yes && is_interactive() => {
            let item = |line: &&Line| format!("{}  {}", line.address, hourly(line.running));
            let items: Vec<String> = running.iter().map(item).collect();
            let question = "still running; what shall be stopped? (space selects, enter confirms)";
            choose(question, &items).into_iter().map(|position| running[position].address.clone()).collect()
        }
        Said::Nothing if declared == Some(AfterRun::Stop) => all(),
        Said::Nothing => vec![],
    }
}

/// Returns the same world with only these of its resources.
fn only(observed: &Observed, meant: &[Address]) -> Observed {
    let mut only = observed.clone();
    only.ours.retain(|address, _| meant.contains(address));
    only.orphans.retain(|orphan| meant.contains(&orphan.address));
    only
}
