//! `stack adopt`.

use clap::Args;

use super::args::Global;
use super::ending::tell_running;
use super::lock::Lock;
use super::session::{Session, ask};
use super::up::{carry_out, finish};
use super::{Exit, Outcome};
use crate::apply::Look;
use crate::diag::{Class, Diagnostic};
use crate::model::Address;
use crate::plan::{self, Foreign};
use crate::ui::{Ui, plan_json, plan_text, summary_json};

/// Options of `stack adopt`.
#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// The resources to take over, such as `bucket.input`
    #[arg(value_name = "ADDRESS", required_unless_present = "all")]
    addresses: Vec<String>,
    /// Everything that holds a name of the stack file and is nobody's
    #[arg(long, conflicts_with = "addresses")]
    all: bool,
    /// The id of a resource that has no name of its own, such as `vpc-0a1b2c3d`; with one address
    #[arg(long, value_name = "ID", requires = "addresses")]
    id: Option<String>,
}

/// Shows the differences and writes the tags that make resources ours. Nothing else of them is changed.
pub(super) async fn run(ui: Ui, global: &Global, args: &AdoptArgs) -> Outcome {
    let mut session = Session::open(ui, global).await?;
    let lock = Lock::take(&session, "adopt").await?;
    let outcome = locked(ui, global, args, &mut session).await;
    lock.release().await;
    outcome
}

async fn locked(ui: Ui, global: &Global, args: &AdoptArgs, session: &mut Session) -> Outcome {
    if let Some(id) = &args.id {
        let [address] = args.addresses.as_slice() else {
            return Err(vec![Diagnostic::error(Class::Usage, "`--id` goes with exactly one address")]);
        };
        session.look_for(address, id)?;
    }
    let observed = session.observe(Look::Batched).await?;
    let wanted = |address: &Address| args.all || args.addresses.iter().any(|wanted| *wanted == address.to_string());
    let mut refused: Vec<Diagnostic> = vec![];
    for wanted in &args.addresses {
        let address = Address::parse(wanted);
        let is_declared = address.as_ref().is_some_and(|address| session.stack.resource(address).is_some());
        let is_foreign = address.as_ref().is_some_and(|address| observed.foreign.contains_key(address));
        let is_ours = address.as_ref().is_some_and(|address| observed.ours.contains_key(address));
        let problem = match (is_declared, is_foreign, is_ours) {
            (false, ..) => Some((format!("`{wanted}` is not in the stack file"), "`stack status` lists the addresses")),
            (_, true, _) => None,
            (_, _, true) => Some((format!("`{wanted}` is ours already"), "`stack plan` shows what differs")),
            _ => Some((format!("`{wanted}` does not exist"), "`stack up` makes it")),
        };
        refused.extend(problem.map(|(message, hint)| Diagnostic::error(Class::Refused, message).hint(hint)));
    }
    for (address, found) in observed.foreign.iter().filter(|(address, _)| wanted(address)) {
        if let Some(stack) = found.tags.stack_name() {
            let foreign = Foreign { address: address.clone(), name: found.name.clone(), stack: Some(stack) };
            refused.push(super::session::taken(&foreign));
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    let plan = plan::adopt(&session.stack, &observed, &session.cx.known, &wanted);
    let (before, after) = session.rates(&observed);
    let as_json = |session: &Session| plan_json(&plan, &before, &after, &session.cx.known.stack);
    if plan.is_empty() {
        ui.answer("nothing to adopt: no declared name is held by something of nobody's", &as_json(session));
        return Ok(Exit::Done);
    }
    ui.note(&plan_text(&plan, &before, &after));
    let question = format!("{}: take these over? Only tags are written; what differs stays as it is", session.place());
    if !ask(global, &question)? {
        ui.note("nothing was changed");
        return Ok(Exit::Failed);
    }
    let summary = carry_out(ui, session, &plan).await;
    if ui.json {
        let mut value = as_json(session);
        value["result"] = summary_json(&summary);
        ui.json_data(&value);
    }
    let exit = finish(ui, &summary);
    tell_running(ui, session).await?;
    Ok(exit)
}
