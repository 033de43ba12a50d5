//! Redshift: its control plane, and a real PostgreSQL server behind each cluster.

mod answer;
mod catalog;
mod create;
mod delete;
mod describe;
mod events;
mod modify;
mod power;
mod restore;
mod servers;
mod service;
mod snapshots;
pub(super) mod sql;
mod state;
mod subnet_groups;
mod tags;

pub(super) use servers::{Closed, Door};
pub(super) use service::{Redshift, Warehouse};
