//! `stack up`.

use std::path::PathBuf;

use clap::Args;

use super::args::Global;
use super::check::check_before;
use super::ending::{push_on, tell_running, tell_running_of};
use super::lock::Lock;
use super::over_budget;
use super::plan_file::PlanFile;
use super::protect::{DeletionArgs, protect_data};
use super::selection::Selection;
use super::session::{Session, ask, events, refused};
use super::stop::interrupted;
use super::{Exit, Outcome};
use crate::apply::{self, Look, Summary};
use crate::billing::{Line, Rate};
use crate::diag::Diagnostic;
use crate::model::Action;
use crate::plan::{self, Observed, Plan};
use crate::ui::{Ui, follow_apply, money_line, plan_json, plan_text, render_failures, summary_json};

/// Options of `stack up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// A plan saved by `stack plan --out`: exactly this is done, or nothing
    #[arg(value_name = "PLAN", conflicts_with_all = ["only", "except"])]
    plan: Option<PathBuf>,
    /// Go on although it will cost more than `budget_usd_per_month`
    #[arg(long)]
    over_budget: bool,
    #[command(flatten)]
    losses: DeletionArgs,
    #[command(flatten)]
    selection: Selection,
}

/// What is to be done, and what it costs.
struct Decision {
    observed: Observed,
    plan: Plan,
    before: Rate,
    after: Rate,
}

/// Plans, and if there is anything to do, takes the lease of the stack, plans again, asks and applies.
pub(super) async fn run(ui: Ui, global: &Global, args: &UpArgs) -> Outcome {
    let saved = args.plan.as_deref().map(PlanFile::read).transpose()?;
    let mut session = Session::open(ui, global).await?;
    session.cx.final_snapshot = args.losses.final_snapshot();
    let decision = decide(&mut session, args, saved.as_ref()).await?;
    if decision.plan.is_empty() {
        let text = format!("nothing to change: {} resources are as declared", decision.plan.count(Action::None));
        ui.answer(&text, &as_json(&session, &decision));
        keep(ui, &session, &decision).await?;
        return Ok(Exit::Done);
    }
    let mut lock = Lock::take(&session, "up").await?;
    let outcome = locked(ui, global, (args, saved.as_ref()), (&mut session, &mut lock), decision).await;
    lock.release().await;
    outcome
}

async fn decide(session: &mut Session, args: &UpArgs, saved: Option<&PlanFile>) -> Result<Decision, Vec<Diagnostic>> {
    let observed = session.observe(Look::Batched).await?;
    let plan = plan::up(&session.stack, &observed, &session.cx.known).map_err(|found| refused(session, &found))?;
    let selection = match saved {
        Some(saved) => Selection { only: saved.only.clone(), except: saved.except.clone() },
        None => args.selection.clone(),
    };
    let plan = selection.of(plan)?;
    if let Some(saved) = saved {
        saved.compare(&PlanFile::of(session, &plan, &selection))?;
    }
    let (before, after) = session.rates(&observed);
    Ok(Decision { observed, plan, before, after })
}

fn as_json(session: &Session, decision: &Decision) -> serde_json::Value {
    plan_json(&decision.plan, &decision.before, &decision.after, &session.cx.known.stack)
}

async fn locked(
    ui: Ui,
    global: &Global,
    (args, saved): (&UpArgs, Option<&PlanFile>),
    (session, lock): (&mut Session, &mut Lock),
    mut decision: Decision,
) -> Outcome {
    if lock.is_held() {
        // Whoever held the lease until now may have changed something since the first look.
        decision = decide(session, args, saved).await?;
    }
    let Decision { observed, plan, before, after } = &decision;
    ui.note(&plan_text(plan, before, after));
    protect_data(session, plan, &args.losses).await?;
    check_before(ui, session, plan).await?;
    over_budget::allow(session, global, (before, after), args.over_budget)?;
    let (place, cost) = (session.place(), money_line(after.now()));
    // A saved plan was looked at when it was saved.
    if saved.is_none() && !ask(global, &format!("{place}: make these changes? It will cost {cost}"))? {
        ui.note("nothing was changed");
        return Ok(Exit::Failed);
    }
    // A schedule whose time has come must not stop what is being changed.
    push_on(session, observed).await?;
    let summary = in_two_parts(ui, session, plan, lock).await?;
    if ui.json {
        let mut value = as_json(session, &decision);
        value["result"] = summary_json(&summary);
        ui.json_data(&value);
    }
    let exit = finish(ui, &summary);
    tell_running(ui, session).await?;
    Ok(exit)
}

/// Carries out a plan. On the first run there is no bucket yet to keep the lease in: it is made first, alone, and
/// whoever loses the lease then has changed nothing else.
async fn in_two_parts(ui: Ui, session: &mut Session, plan: &Plan, lock: &mut Lock) -> Result<Summary, Vec<Diagnostic>> {
    let bucket = apply::lease_bucket(&session.stack).cloned().filter(|_| !lock.is_held());
    let Some(bucket) = bucket else { return Ok(carry_out(ui, session, plan).await) };
    let first = plan.clone().only(&|change| change.address == bucket.address && change.action == Action::Create);
    if first.is_empty() {
        return Ok(carry_out(ui, session, plan).await);
    }
    let done: Vec<_> = first.pending().map(plan::Change::work).collect();
    let mut summary = carry_out(ui, session, &first).await;
    if !summary.is_complete() {
        let rest = plan.pending().filter(|change| !done.contains(&change.work()));
        summary.not_begun.extend(rest.map(|change| (change.address.clone(), change.action)));
        return Ok(summary);
    }
    lock.hold(session, &bucket).await?;
    if let Some(found) = apply::read(&session.cx, &bucket).await.map_err(super::session::one)? {
        session.cx.known.learn(bucket.address.clone(), found.outputs);
    }
    let mut rest = plan.clone();
    rest.changes.retain(|change| !done.contains(&change.work()));
    let mut whole = carry_out(ui, session, &rest).await;
    whole.done.splice(0..0, summary.done);
    Ok(whole)
}

/// Carries out a plan with a view of its progress, and stops at Ctrl-C.
pub(super) async fn carry_out(ui: Ui, session: &Session, plan: &Plan) -> Summary {
    let (sender, receiver) = events();
    let view = tokio::spawn(follow_apply(ui, receiver, None));
    let summary = apply::run(plan, &session.cx, &session.cx.known, &sender, interrupted()).await;
    drop(sender);
    // The view ends when the last event is shown.
    drop(view.await);
    summary
}

/// Shows how it ended and returns the exit code.
pub(super) fn finish(ui: Ui, summary: &Summary) -> Exit {
    if summary.is_complete() {
        ui.note(&format!("done: {}", summary.done.len()));
        return Exit::Done;
    }
    ui.note(&render_failures(summary, ui.color));
    if summary.interrupted { Exit::Interrupted } else { Exit::Failed }
}

/// Ends an `up` that has nothing to do: what runs is in use.
async fn keep(ui: Ui, session: &Session, decision: &Decision) -> Result<(), Vec<Diagnostic>> {
    if decision.before.lines.iter().any(Line::is_running) {
        push_on(session, &decision.observed).await?;
    }
    tell_running_of(ui, session, &decision.observed).await;
    Ok(())
}
