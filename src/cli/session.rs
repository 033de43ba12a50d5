//! What most commands begin with: the stack file, the way to AWS, the caller, and one look at the world.

use std::io::IsTerminal;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::args::Global;
use super::cache;
use crate::apply::{self, Event, Events, Look};
use crate::aws::{Caller, Clients, Target, caller_address, reach};
use crate::billing::{Prices, Rate, rate};
use crate::diag::{Class, Diagnostic, Explain};
use crate::kinds::base::{Cx, Known, Meta};
use crate::model::Address;
use crate::pipeline::Pipeline;
use crate::plan::{Foreign, Observed, Refusal};
use crate::spec::{self, Options, Stack};
use crate::ui::{Ui, confirm, is_interactive, moved_lines, render_diagnostic};

/// A stack file and the way to its cloud.
pub(super) struct Session {
    /// The checked file.
    pub stack: Stack,
    /// The clients, and what is known so far.
    pub cx: Cx,
    /// Who calls.
    pub caller: Caller,
    /// What things cost in the region.
    pub prices: Prices,
    /// An id that a person gave for a resource without a name.
    sought: Option<(Address, String)>,
}

/// Reads and checks the stack file and shows its warnings.
pub(super) fn load(ui: Ui, global: &Global) -> Result<Stack, Vec<Diagnostic>> {
    let file = spec::find(global.stack.as_deref()).map_err(|error| vec![*error])?;
    let stack = spec::load(&file, &options(global, today()))?;
    for warning in &stack.warnings {
        ui.note(&render_diagnostic(warning, ui.color));
    }
    Ok(stack)
}

/// Returns what the stack file is judged by.
pub(super) fn options(global: &Global, today: Date) -> Options<'_> {
    Options { tables: &[&Pipeline], region: global.region.as_deref(), today }
}

/// Returns the day, by Greenwich.
pub(super) fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

impl Session {
    /// Loads the file and asks AWS who calls.
    pub(super) async fn open(ui: Ui, global: &Global) -> Result<Self, Vec<Diagnostic>> {
        let stack = load(ui, global)?;
        let target = target(ui, global, &stack.region).await?;
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
            account: caller.account.clone(),
            tags: stack.tags.clone(),
            my_ip,
        };
        // What is out of support costs more from a day on, and that day begins by AWS's clock.
        let today = aws.clock.now().to_zoned(TimeZone::UTC).date();
        let prices = cache::prices_or_table(ui, &aws.target).on(today);
        let cx = Cx { aws, known: Known::new(meta), final_snapshot: None };
        Ok(Self { stack, cx, caller, prices, sought: None })
    }

    /// Looks at the world, and learns the outputs of what exists.
    pub(super) async fn observe(&mut self, look: Look) -> Result<Observed, Vec<Diagnostic>> {
        let mut observed = apply::observe(&self.stack, &self.cx, look).await.map_err(one)?;
        if let Some((address, id)) = &self.sought {
            let found = apply::read_named(&self.stack, &self.cx, address, id).await.map_err(one)?;
            if let Some(found) = found {
                observed.foreign.insert(address.clone(), found);
            }
        }
        observed.teach(&mut self.cx.known);
        Ok(observed)
    }

    /// Makes the next look find a resource that has no name of its own by its id.
    pub(super) fn look_for(&mut self, address: &str, id: &str) -> Result<(), Vec<Diagnostic>> {
        let resource = Address::parse(address).and_then(|address| self.stack.resource(&address));
        let problem = match resource {
            None => format!("`{address}` is not in the stack file"),
            Some(resource) if resource.identity().is_some() => {
                format!("`{address}` is found by its name; leave `--id` out")
            }
            Some(resource) => {
                self.sought = Some((resource.address.clone(), id.to_owned()));
                return Ok(());
            }
        };
        Err(vec![Diagnostic::error(Class::Usage, problem)])
    }

    /// Returns what the stack costs as it is, and as it is declared.
    pub(super) fn rates(&self, observed: &Observed) -> (Rate, Rate) {
        let mut after = rate(&self.prices, &self.stack.resources, None);
        for line in &mut after.lines {
            // What is stopped stays stopped.
            line.power = observed.ours.get(&line.address).and_then(|found| found.power);
        }
        (rate(&self.prices, &self.stack.resources, Some(observed)), after)
    }

    /// Returns account, region and endpoint in a few words.
    pub(super) fn place(&self) -> String {
        let meta = &self.cx.known.stack;
        let endpoint = self.cx.aws.target.endpoint_url.as_ref().map(|url| format!(" at {url}")).unwrap_or_default();
        format!("account {}, region {}{endpoint}", meta.account, meta.region)
    }
}

/// Decides where the calls go; starts the local cloud if it is asked for.
pub(super) async fn target(ui: Ui, global: &Global, region: &str) -> Result<Target, Vec<Diagnostic>> {
    let wants_local = global.local || std::env::var("STACK_TARGET").is_ok_and(|target| target == "local");
    let mut target = Target {
        region: region.to_owned(),
        profile: global.profile.clone(),
        endpoint_url: global.endpoint_url.clone(),
        any_credentials: false,
        retry_pause: None,
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

/// Tells why no plan may begin.
pub(super) fn refused(session: &Session, found: &[Refusal]) -> Vec<Diagnostic> {
    let error = |refusal: &Refusal| match refusal {
        Refusal::Foreign(foreign) => {
            let resource = session.stack.resource(&foreign.address);
            taken(foreign).at(resource.map(|resource| session.stack.document.key_place(&resource.origin, "")))
        }
        Refusal::Readdressed(found) => {
            let proposal = &found.proposal;
            let message = format!("`{}` has the name of `{}`, which left the file", proposal.to, proposal.from);
            let place = session.stack.resource(&found.address);
            let place = place.map(|resource| session.stack.document.key_place(&resource.origin, ""));
            let hint = format!("if it is the same thing, {}", moved_lines(&proposal.from, &proposal.to));
            Diagnostic::error(Class::Refused, message).at(place).hint(hint)
        }
    };
    found.iter().map(error).collect()
}

/// Tells that a name is taken by something that is not ours.
pub(super) fn taken(foreign: &Foreign) -> Diagnostic {
    let Foreign { address, name, stack } = foreign;
    if let Some(stack) = stack {
        let message = format!("`{address}`: `{name}` belongs to the stack `{stack}`");
        return Diagnostic::error(Class::Refused, message).hint("give it another name in the stack file");
    }
    let message = format!("`{address}`: `{name}` exists and is not of this stack");
    let error = Diagnostic::error(Class::Refused, message);
    let error = error.hint(format!("to make it part of the stack as it is: `stack adopt {address}`"));
    error.hint("or give it another name in the stack file")
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
