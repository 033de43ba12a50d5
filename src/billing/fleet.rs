//! What can be stopped and carries the tags of any stack. No stack file is needed: the tags say whose it is.

use futures::future::join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Line, Prices};
use crate::apply::{ApplyError, Switchable};
use crate::kinds::KINDS;
use crate::kinds::base::{AnyFound, AnyKind, Cx, Scope};
use crate::model::{Address, Power, Since};

/// One thing of a stack that can be stopped.
#[derive(Clone)]
pub struct Machine {
    /// The stack that its tags name.
    pub stack: String,
    /// Its address there.
    pub address: Address,
    /// The name by which AWS knows it.
    pub name: String,
    /// Where it is.
    pub region: String,
    /// Whether it runs.
    pub power: Power,
    /// US dollars an hour while it runs; `None` if a price is unknown.
    pub usd_per_hour: Option<f64>,
    /// US dollars an hour while it is stopped.
    pub stopped_usd_per_hour: Option<f64>,
    /// When AWS starts it by itself.
    pub restarts_at: Option<Timestamp>,
    kind: &'static dyn AnyKind,
    found: AnyFound,
}

/// Something that runs, as it is told and remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Running {
    /// The stack that its tags name.
    pub stack: String,
    /// Its address there.
    pub address: Address,
    /// The name by which AWS knows it.
    pub name: String,
    /// US dollars an hour; `None` if a price is unknown.
    pub usd_per_hour: Option<f64>,
    /// Since when; `None` if AWS does not say.
    pub since: Option<Since>,
}

impl Machine {
    /// Returns what it costs in its present state.
    pub fn usd_now(&self) -> Option<f64> {
        if self.power == Power::Stopped { self.stopped_usd_per_hour } else { self.usd_per_hour }
    }

    /// Returns it as it is when it has been stopped.
    #[must_use]
    pub fn stopped(self) -> Self {
        Self { power: Power::Stopped, ..self }
    }

    /// Returns whether two looks found the same thing.
    pub fn is_same(&self, other: &Self) -> bool {
        let key = |machine: &Self| (machine.region.clone(), machine.address.clone(), machine.name.clone());
        self.stack == other.stack && key(self) == key(other)
    }

    /// Returns the address under which it is told of among those of other stacks and regions.
    pub fn label(&self) -> Address {
        Address::new(format!("{}/{}/{}", self.stack, self.region, self.address.kind), &self.address.name)
    }

    /// Returns what is needed to stop it.
    pub fn switchable(&self, cx: &Cx) -> Switchable {
        Switchable { cx: cx.clone(), kind: self.kind, address: self.label(), found: self.found.clone() }
    }

    fn of(kind: &'static dyn AnyKind, (region, prices): (&str, &Prices), found: AnyFound) -> Option<Self> {
        let (stack, address) = found.tags.mark()?;
        let (stack, power, items) = (stack.to_owned(), found.power?, kind.billed(&found));
        // Nothing is free: a kind that does not say what is billed has an unknown price.
        let has_price = !items.is_empty();
        let line = Line::of(prices, address.clone(), Some(power), items);
        Some(Self {
            stack,
            address,
            name: found.name.clone(),
            region: region.to_owned(),
            power,
            usd_per_hour: line.running.filter(|_| has_price),
            stopped_usd_per_hour: line.stopped.filter(|_| has_price),
            restarts_at: kind.restarts_at(&found),
            kind,
            found,
        })
    }
}

/// What was found in one region.
#[derive(Default)]
pub struct Fleet {
    /// What can be stopped, by stack and address.
    pub machines: Vec<Machine>,
    /// Which listings failed: there may be more.
    pub failures: Vec<ApplyError>,
}

/// Lists what can be stopped in the region of the clients, of every stack: one listing a kind, all side by side. Who may
/// not list one kind still finds the others.
pub async fn fleet(cx: &Cx, prices: &Prices) -> Fleet {
    let region = &cx.aws.target.region;
    let kinds = KINDS.iter().copied().filter(|kind| kind.can_stop());
    let listings =
        join_all(kinds.map(|kind| async move { (kind, kind.list(cx, &Scope::of_all_stacks()).await) })).await;
    let mut fleet = Fleet::default();
    for (kind, listing) in listings {
        match listing {
            Ok(found) => {
                let machines = found.into_iter().filter_map(|found| Machine::of(kind, (region, prices), found));
                fleet.machines.extend(machines);
            }
            Err(source) => fleet.failures.push(ApplyError::List { kind: kind.name(), source }),
        }
    }
    fleet.machines.sort_by(|one, other| (&one.stack, &one.address).cmp(&(&other.stack, &other.address)));
    fleet
}

/// Returns those that run or are on their way, and since when. Where AWS does not say since when, it stays unknown:
/// that something runs is worth telling without it.
pub async fn running(cx: &Cx, machines: &[Machine]) -> Vec<Running> {
    let running = machines.iter().filter(|machine| machine.power != Power::Stopped);
    join_all(running.map(|machine| async {
        let since = machine.kind.running_since(cx, &machine.found).await;
        Running {
            stack: machine.stack.clone(),
            address: machine.address.clone(),
            name: machine.name.clone(),
            usd_per_hour: machine.usd_per_hour,
            since: since.ok().flatten(),
        }
    }))
    .await
}
