//! AWS Budgets: budgets, their alerts and who is written to. Nothing costs here, so nothing is ever spent, and nobody is
//! written to.

mod alerts;
mod check;
mod service;
mod tags;

pub(super) use service::Budgets;
