//! The local cloud: an AWS endpoint on loopback with real engines behind it.
//!
//! It speaks the AWS protocols, so that `stack`, the AWS CLI, boto3 and GUI clients all work against it. It is an
//! island: it imports no other room, so that it reads the AWS documents independently of `kinds`. Its own parts talk
//! to each other as a customer would, through the endpoint and the AWS SDK.

mod athena;
mod backlog;
mod budgets;
mod call;
mod chronicle;
mod clock;
mod cloud;
mod control;
mod denial;
mod documents;
mod emulated;
mod engine;
mod faults;
mod gateway;
mod glue;
mod home;
mod lambda;
mod log_stream;
mod master_secret;
mod mint;
mod page;
mod pricing;
mod python;
mod query;
mod rds;
mod redshift;
mod redshift_data;
mod refusal;
mod remote;
mod role;
mod s3;
mod scheduler;
mod sdk;
mod secrets;
mod service;
mod states;
mod store;
mod subnets;
mod tasks;
mod worker;

pub use call::{Call, Reply};
pub use cloud::{Cloud, Context, DEFAULT_PORT, Engines, Options, StartError};
pub use faults::{CallRecord, Calls, Effect, Fate, Fault, Faults, Standing};
pub use home::Home;
