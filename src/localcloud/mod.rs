//! The local cloud: an AWS endpoint on loopback with real engines behind it.
//!
//! It speaks the AWS protocols, so that `stack`, the AWS CLI, boto3 and GUI clients all work against it. It is an
//! island: it imports no other room, so that it reads the AWS documents independently of `kinds`. Its own parts talk
//! to each other as a customer would, through the endpoint and the AWS SDK.

mod call;
mod cloud;
mod emulated;
mod gateway;
mod home;
mod service;

pub use call::{Call, Reply};
pub use cloud::{Cloud, Options, StartError};
pub use home::Home;
