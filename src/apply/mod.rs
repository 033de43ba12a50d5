//! Looks at the world, and carries out a plan: all of it and nothing else.

mod error;
mod event;
mod lock;
mod observe;
mod perform;
mod power;
mod preflight;
mod run;

pub use error::ApplyError;
pub use event::{Event, Events, Summary};
pub use lock::{lease_bucket, read, read_named};
pub use observe::{Look, observe};
pub use power::{Switch, Switchable, switch, switch_all};
pub use preflight::{Obstacle, permissions, preflight};
pub use run::run;
