//! Lambda: functions and layers are kept as they were uploaded, and run by the real Runtime API on loopback.
//!
//! A handler gets what it gets on AWS: its layers, its variables, its limits of time and memory, a private `TMPDIR`,
//! and no package beyond those that the managed runtime has. What it does not get is another operating system: every
//! Python runtime runs on the one local interpreter, and a line in the log says so.

mod code;
mod environment;
mod events;
mod functions;
mod image;
mod input;
mod invoke;
mod layers;
mod network;
mod policy;
mod pool;
mod refused;
mod route;
mod runtime_api;
mod service;
mod settings;
mod transcript;

pub(super) use route::action;
pub(super) use service::LambdaService;
