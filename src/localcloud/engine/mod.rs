//! Database servers as child processes: found, prepared, started, watched and stopped.
//!
//! A server never outlives the process that started it: it is stopped in order, or killed by the kernel when the
//! process dies, or found through its pid file by the next start. It listens on loopback only.

mod account;
mod binaries;
mod error;
mod fleet;
mod folder;
pub(super) mod mariadb;
mod nursery;
mod port;
pub(super) mod postgres;
mod process;
mod random;
mod server;

pub(super) use binaries::{mysql_server, postgres_folder};
pub(super) use error::EngineError;
pub(super) use fleet::Fleet;
pub(super) use folder::{copied, duplicate, retire};
pub(super) use random::{letters, password, uuid};
pub(super) use server::Server;
