//! What most commands begin with: the stack file, the way to AWS, the caller, and one look at the world.

use std::io::IsTerminal;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::args::Global;
use crate::apply::{self, Event, Events};
use crate::aws::{Caller, Clients, Target, caller_address, reach};
use crate::billing::{Rate, rate};
use crate::diag::{Class, Diagnostic, Explain};
use crate::kinds::base::{Cx, Known, Meta};
use crate::pipeline::Pipeline;
use crate::plan::{Foreign, Observed};
use crate::spec::{self, Stack};
use crate::ui::{Ui, confirm, is_interactive, render_diagnostic};

/// A stack file and the way to its cloud.
pub(super) struct Session {
    /// The checked file.
    pub stack: Stack,
    /// The clients, and what is known so far.
    pub cx: Cx,
}

/// Reads and checks the stack file and shows its warnings.
pub(super) fn load(ui: Ui, global: &Global) -> Result<Stack, Vec<Diagnostic>> {
    let file = spec::find(global.stack.as_deref()).map_err(|error| vec![*error])?;
    let mut stack = spec::load(&file, &[&Pipeline])?;
    if let Some(region) = &global.region {
        stack.region.clone_from(region);
    }
    for warning in &stack.warnings {
        ui.note(&render_diagnostic(warning, ui.color));
    }
    Ok(stack)
}

impl Session {
    /// Loads the file and asks AWS who calls.
    pub(super) async fn open(ui: Ui, global: &Global) -> Result<Self, Vec<Diagnostic>> {
        let stack = load(ui, global)?;
        let target = target(ui, global, &stack).await?;
        let aws = Clients::connect(target).await;
        reach(&aws.target).await.map_err(one)?;
        let caller = Caller::ask(&aws).await.map_err(one)?;
        let my_ip = match stack.asks_for_own_address() {
            true => Some(caller_address(&aws.target).await.map_err(one)?.to_string()),
            false => None,
        };
        let meta = Meta {
            name: stack.name.clone(),
            region: stack.region.clone(),
            account: caller.account,
            tags: stack.tags.clone(),
            my_ip,
        };
        Ok(Self { stack, cx: Cx { aws, known: Known::new(meta) } })
    }

    /// Looks at the world, and learns the outputs of what exists.
    pub(super) async fn observe(&mut self) -> Result<Observed, Vec<Diagnostic>> {
        let observed = apply::observe(&self.stack, &self.cx).await.map_err(one)?;
        observed.teach(&mut self.cx.known);
        Ok(observed)
    }

    /// Returns what the stack costs as it is, and as it is declared.
    pub(super) fn rates(&self, observed: &Observed) -> (Rate, Rate) {
        let mut after = rate(&self.stack.resources, None);
        for line in &mut after.lines {
            // What is stopped stays stopped.
            line.power = observed.ours.get(&line.address).and_then(|found| found.power);
        }
        (rate(&self.stack.resources, Some(observed)), after)
    }

    /// Returns account, region and endpoint in a few words.
    pub(super) fn place(&self) -> String {
        let meta = &self.cx.known.stack;
        let endpoint = self.cx.aws.target.endpoint_url.as_ref().map(|url| format!(" at {url}")).unwrap_or_default();
        format!("account {}, region {}{endpoint}", meta.account, meta.region)
    }
}

/// Decides where the calls go; starts the local cloud if it is asked for.
async fn target(ui: Ui, global: &Global, stack: &Stack) -> Result<Target, Vec<Diagnostic>> {
    let wants_local = global.local || std::env::var("STACK_TARGET").is_ok_and(|target| target == "local");
    let mut target = Target {
        region: stack.region.clone(),
        profile: global.profile.clone(),
        endpoint_url: global.endpoint_url.clone(),
        any_credentials: false,
    };
    if wants_local && global.endpoint_url.is_none() {
        target.endpoint_url = Some(local_endpoint(ui).await?);
    }
    target.any_credentials = wants_local;
    Ok(target)
}

#[cfg(feature = "local")]
async fn local_endpoint(ui: Ui) -> Result<String, Vec<Diagnostic>> {
    super::local::ensure_running(ui).await.map_err(|error| vec![*error])
}

#[cfg(not(feature = "local"))]
#[expect(clippy::unused_async, reason = "the twin with the local cloud waits for it")]
async fn local_endpoint(_ui: Ui) -> Result<String, Vec<Diagnostic>> {
    let error = Diagnostic::error(Class::Usage, "this `stack` was built without the local cloud");
    Err(vec![error.hint("build it with the default features: `cargo build`")])
}

/// Turns one error into the diagnostics that a command returns.
pub(super) fn one(error: impl Explain) -> Vec<Diagnostic> {
    vec![Diagnostic::from_error(&error)]
}

/// Tells that names are taken by things that are not ours.
pub(super) fn foreign(taken: &[Foreign]) -> Vec<Diagnostic> {
    let error = |foreign: &Foreign| {
        let message = format!("`{}` exists and is not of this stack: `{}`", foreign.address, foreign.name);
        Diagnostic::error(Class::Refused, message).hint("rename it in the stack file, or delete the existing one")
    };
    taken.iter().map(error).collect()
}

/// Asks before something is changed. Without a terminal and without `--yes` nothing is.
pub(super) fn ask(global: &Global, question: &str) -> Result<bool, Vec<Diagnostic>> {
    if global.yes {
        return Ok(true);
    }
    if !is_interactive() {
        let error = Diagnostic::error(Class::Refused, "nobody can be asked: this is no terminal");
        return Err(vec![error.hint("add `--yes` to go on without a question")]);
    }
    Ok(confirm(question, false))
}

/// Makes a channel for events.
pub(super) fn events() -> (Events, UnboundedReceiver<Event>) {
    let (sender, receiver) = unbounded_channel();
    (Events::new(sender), receiver)
}

/// Returns whether stdout is a terminal, so that notes and data meet on one screen.
pub(super) fn is_screen() -> bool {
    std::io::stdout().is_terminal()
}
