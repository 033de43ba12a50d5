//! Redshift: its control plane, and a real PostgreSQL server behind each cluster.

mod answer;
mod catalog;
mod create;
mod delete;
mod describe;
mod modify;
mod power;
mod servers;
mod service;
pub mod sql;
mod state;
mod subnet_groups;
mod tags;

pub use servers::{Closed, Door};
pub use service::{Redshift, Warehouse};
