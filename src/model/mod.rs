//! Nouns that several rooms share. They carry meaning, not behaviour.

mod address;
mod change;
mod key_path;
mod money;
mod secret;

pub use address::Address;
pub use change::{Action, Effect, FieldChange, Readiness};
pub use key_path::KeyPath;
pub use money::{BilledItem, Power};
pub use secret::Secret;
