//! Looks at the world, and carries out a plan: all of it and nothing else.

mod error;
mod event;
mod observe;
mod perform;
mod power;
mod run;

pub use error::ApplyError;
pub use event::{Event, Events, Summary};
pub use observe::observe;
pub use power::{Switch, switch};
pub use run::run;
