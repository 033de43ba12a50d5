//! `stack`: infrastructure as code and a job runner for an AWS data-engineering stack.
//!
//! A room may use only rooms that stand below it:
//!
//! - `cli`: one file per command, the only room with clap
//! - `ui`: the only room that writes to a terminal or asks
//! - `tune`: what a load needs, suggested from facts
//! - `pipeline`: ETL steps and the runner
//! - `logs`: what functions, jobs, crawlers and servers wrote
//! - `billing`: prices of what exists
//! - `apply`: carries out a plan, all of it and nothing else
//! - `plan`: pure: declared and observed to a plan
//! - `spec`: TOML text to a checked stack
//! - `kinds`: resource kinds, one file each
//! - `report`: the questions that the data were collected for
//! - `sql`: statements on the stack's databases
//! - `ownership`: tags, names and the spec hash
//! - `aws`: clients and the sorting of failures
//! - `wait`, `graph`, `diag`, `model`: small nouns and verbs of no room in particular
//! - `localcloud`: an island: AWS on loopback

pub mod apply;
pub mod aws;
pub mod billing;
pub mod cli;
pub mod diag;
pub mod graph;
pub mod kinds;
#[cfg(feature = "local")]
pub mod localcloud;
pub mod logs;
pub mod model;
pub mod ownership;
pub mod pipeline;
pub mod plan;
pub mod report;
pub mod spec;
pub mod sql;
pub mod tune;
pub mod ui;
pub mod wait;
