//! EventBridge Scheduler: schedules that really fire.

mod cron;
mod expression;
mod firing;
mod groups;
mod refused;
mod schedules;
mod service;
mod target;

pub(super) use service::SchedulerService;
