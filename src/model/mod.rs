//! Nouns that several rooms share. They carry meaning, not behaviour.

mod address;
mod change;
mod key_path;
mod mask;
mod money;
mod secret;

pub use address::Address;
pub use change::{Action, Effect, FieldChange, Readiness};
pub use key_path::KeyPath;
pub use mask::{HIDDEN, is_secret};
pub use money::{Backup, BilledItem, Power, Since};
pub use secret::Secret;
