//! RDS: its control plane, and a real MySQL server behind each instance.

mod account;
mod answer;
mod catalog;
mod create;
mod delete;
mod describe;
mod events;
mod log_files;
mod modify;
mod parameter_changes;
mod parameter_groups;
mod parameters;
mod power;
mod replicas;
mod restore;
mod servers;
mod service;
mod snapshots;
mod state;
mod subnet_groups;
mod tags;

pub(super) use service::Rds;
