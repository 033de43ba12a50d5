//! RDS: its control plane, and a real MySQL server behind each instance.

mod answer;
mod catalog;
mod create;
mod delete;
mod describe;
mod modify;
mod parameter_groups;
mod parameters;
mod power;
mod servers;
mod service;
mod state;
mod subnet_groups;
mod tags;

pub(super) use service::Rds;
