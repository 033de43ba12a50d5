//! `[bucket.NAME]`: an S3 bucket, its settings, and how it is emptied.

mod empty;
mod kind;
mod settings;
mod table;

pub use kind::Bucket;
pub(super) use kind::{is_own, ours};
pub use table::Spec;
