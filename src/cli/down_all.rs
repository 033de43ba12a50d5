//! `stack down --all-stacks`: stops whatever of any stack runs in the account. It needs no stack file.

use std::collections::BTreeMap;

use clap::Args;
use futures::future::join_all;
use jiff::tz::TimeZone;

use super::args::Global;
use super::cache::prices_or_table;
use super::region;
use super::session::{events, one, target};
use super::stop::interrupted;
use super::{Exit, Outcome};
use crate::apply::{ApplyError, Summary, Switch, switch_all};
use crate::aws::{Caller, Clients, Target, Trouble, enabled_regions, reach};
use crate::billing::{Machine, fleet};
use crate::diag::Diagnostic;
use crate::kinds::base::{Cx, Known, Meta};
use crate::model::Power;
use crate::ui::{Fate, Stopping, Ui, fleet_text, follow_apply, stopped_json, stopped_notes, stopped_text};

/// Options of `stack down`.
#[derive(Debug, Args)]
pub struct DownArgs {
    /// Stop what runs of every stack in the account, in all its regions or in that of `--region`
    #[arg(long)]
    pub(super) all_stacks: bool,
}

/// Any region answers which regions there are; this one every account has.
const FIRST_REGION: &str = "us-east-1";

/// What one look at several regions found, and which of them could not be looked at in full, with the cause.
struct Look {
    seen: Vec<(Cx, Vec<Machine>)>,
    unseen: Vec<(String, String)>,
}

impl Look {
    fn machines(&self) -> impl Iterator<Item = &Machine> {
        self.seen.iter().flat_map(|(_, machines)| machines)
    }
}

/// Stops everything of every stack. Nobody is asked: it is what a person must never be kept from.
pub(super) async fn run(ui: Ui, global: &Global) -> Outcome {
    let (regions, target, account) = regions(ui, global).await?;
    let look = look(ui, &regions, (&target, &account)).await;
    let due: Vec<Machine> = look.machines().filter(|machine| machine.power != Power::Stopped).cloned().collect();
    if !due.is_empty() {
        ui.note(&format!("account {account}: will be stopped\n{}", fleet_text(&due)));
    }
    let (summary, was_interrupted) = stop(ui, &look, &due).await;
    // What AWS says then counts, not what was asked for.
    let mut places: Vec<String> = due.iter().map(|machine| machine.region.clone()).collect();
    places.dedup();
    let now = self::look(ui, &places, (&target, &account)).await;
    let stopped: Vec<Stopping> = look.machines().map(|before| outcome(before, &now, &summary)).collect();
    tell(ui, &stopped, &regions, &look.unseen);
    let is_left = |fate: &Fate| matches!(fate, Fate::Failed(_) | Fate::OnItsWay);
    let is_done = look.unseen.is_empty() && !stopped.iter().any(|one| is_left(&one.fate));
    Ok(match was_interrupted {
        true => Exit::Interrupted,
        false if is_done => Exit::Done,
        false => Exit::Failed,
    })
}

/// Returns the regions to look into, the way to one of them, and the account.
async fn regions(ui: Ui, global: &Global) -> Result<(Vec<String>, Target, String), Vec<Diagnostic>> {
    let usual = match region::find(global).await {
        Ok(region) => Some(region),
        Err(errors) if global.region.is_some() => return Err(errors),
        // A stack file that cannot be read keeps nobody from stopping.
        Err(_) => None,
    };
    let target = target(ui, global, usual.as_deref().unwrap_or(FIRST_REGION)).await?;
    let aws = Clients::connect(target.clone()).await;
    reach(&aws.target).await.map_err(one)?;
    let account = Caller::ask(&aws).await.map_err(one)?.account;
    if let Some(region) = &global.region {
        return Ok((vec![region.clone()], target, account));
    }
    let regions = match (enabled_regions(&aws).await, usual) {
        (Ok(regions), _) => regions,
        (Err(error), Some(usual)) if error.trouble == Trouble::Denied => {
            ui.note(&format!("only {usual} is looked at: `ec2:DescribeRegions`, which tells the others, is denied"));
            vec![usual]
        }
        (Err(error), None) if error.trouble == Trouble::Denied => {
            let error = Diagnostic::from_error(&error);
            return Err(vec![error.hint("or say which region is meant: `--region us-east-2`")]);
        }
        (Err(error), _) => return Err(one(error)),
    };
    Ok((regions, target, account))
}

/// Looks into every region side by side. What cannot be listed keeps nobody from the rest.
async fn look(ui: Ui, regions: &[String], (target, account): (&Target, &str)) -> Look {
    let looks = regions.iter().map(|region| async move {
        let target = Target { region: region.clone(), ..target.clone() };
        let meta = Meta { region: region.clone(), account: account.to_owned(), ..Meta::default() };
        let cx = Cx { aws: Clients::connect(target).await, known: Known::new(meta), final_snapshot: None };
        let prices = prices_or_table(ui, &cx.aws.target);
        let fleet = fleet(&cx, &prices).await;
        (cx, fleet)
    });
    let mut look = Look { seen: vec![], unseen: vec![] };
    for (cx, fleet) in join_all(looks).await {
        let region = &cx.aws.target.region;
        look.unseen.extend(fleet.failures.iter().map(|error| (region.clone(), cause(error))));
        look.seen.push((cx, fleet.machines));
    }
    look
}

/// Stops what is due and waits for it, or until the person interrupts.
async fn stop(ui: Ui, look: &Look, due: &[Machine]) -> (Summary, bool) {
    let way = |machine: &Machine| look.seen.iter().find(|(cx, _)| cx.aws.target.region == machine.region);
    let things = due.iter().filter_map(|machine| Some(machine.switchable(&way(machine)?.0)));
    let things: Vec<_> = things.collect();
    let (sender, receiver) = events();
    let view = tokio::spawn(follow_apply(ui, receiver, Some("stopping")));
    // A task of its own: calls in flight are finished when the person does not wait any longer.
    let stopping = tokio::spawn(async move { switch_all(&things, Switch::Off, &sender).await });
    tokio::select! {
        summary = stopping => {
            drop(view.await);
            (summary.unwrap_or_default(), false)
        }
        () = interrupted() => {
            view.abort();
            ui.note("interrupted: finishing the calls in flight; Ctrl-C again ends at once");
            (Summary::default(), true)
        }
    }
}

fn outcome(before: &Machine, now: &Look, summary: &Summary) -> Stopping {
    let told = |after: Option<Machine>, fate: Fate| Stopping { before: before.clone(), after, fate };
    if before.power == Power::Stopped {
        return told(Some(before.clone()), Fate::WasStopped);
    }
    let label = before.label();
    let after = now.machines().find(|now| now.is_same(before)).cloned();
    let unseen = now.unseen.iter().find(|(region, _)| *region == before.region);
    if let Some((_, why)) = unseen.filter(|_| after.is_none()) {
        return match summary.done.iter().any(|(address, _)| *address == label) {
            true => told(Some(before.clone().stopped()), Fate::Stopped),
            false => told(Some(before.clone()), Fate::Failed(why.clone())),
        };
    }
    let failure = summary.failed.iter().find(|(address, ..)| *address == label).map(|(_, _, error)| cause(error));
    let fate = match (after.as_ref().map(|after| after.power), failure) {
        (None, _) => Fate::Gone,
        (Some(Power::Stopped), _) => Fate::Stopped,
        (Some(_), Some(why)) => Fate::Failed(why),
        (Some(_), None) => Fate::OnItsWay,
    };
    told(after, fate)
}

fn tell(ui: Ui, stopped: &[Stopping], regions: &[String], unseen: &[(String, String)]) {
    for note in stopped_notes(stopped, &TimeZone::system()) {
        ui.note(&note);
    }
    let mut by_cause: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (region, cause) in unseen {
        let regions = by_cause.entry(cause).or_default();
        if !regions.contains(&region.as_str()) {
            regions.push(region);
        }
    }
    for (cause, regions) in by_cause {
        ui.note(&format!("not everything could be looked at in {}: {cause}", regions.join(", ")));
    }
    let text = stopped_text(stopped, regions.len());
    ui.answer(&text, &stopped_json(stopped, regions, unseen));
}

/// Returns the innermost cause, in one line and without the id of the request, so that equal causes are equal.
fn cause(error: &ApplyError) -> String {
    let told = Diagnostic::from_error(error);
    let innermost = told.causes.last().unwrap_or(&told.message);
    let line = innermost.lines().next().unwrap_or_default();
    line.split(" (request ").next().unwrap_or(line).to_owned()
}
